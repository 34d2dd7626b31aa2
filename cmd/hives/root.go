package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/engine"
)

// The groups of hives --help, in their order.
const (
	// Ids, which nobody sees; the titles stand in newRoot.
	groupData      = "data"
	groupIntensity = "intensity"
	groupModels    = "models"
	groupLanguage  = "language"
	groupSettings  = "settings"
)

// newRoot builds the command tree. A new command is one line in the list below and one file beside it. Every test
// of a command line makes a tree of its own: flags keep what they were given.
//
// What a new command owes: an example that TestEveryCommandTeaches can read, its flags in flagGroups, and its work
// in a package.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "hives",
		Short: "Text vectors whose neighbourhood follows human values",
		Long: `What can hives do? It turns annotated corpora into rows. It measures how well a model's vectors follow human
values, and embeds texts. It scores how strongly texts support a value. It says which values groups, texts and language
models stand for, and moves language models. The program train fits a model, and embedd serves one.`,
		Example: `  # make rows from a published corpus, and look at them
  hives import valueeval --in touche --out rows.parquet
  hives data stats rows.parquet

  # measure a model, and use its vectors
  hives evaluate --model out/demo/model --data rows.parquet
  hives embed --model out/demo/model --in lines.jsonl --out vectors.npy

  # a database of how strongly texts support a value, from people's grades
  hives vidb pool --rows rows.parquet --value mft/care-harm --out vidb.db
  hives vidb build --vidb vidb.db --judge annotations --ties half

  # check the arithmetic of this machine
  hives engine check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	// Groups are shown in this order, and in each the commands in the order of their names.
	root.AddGroup(
		&cobra.Group{ID: groupData, Title: "Rows and corpora:"},
		&cobra.Group{ID: groupIntensity, Title: "How strongly texts and people hold a value:"},
		&cobra.Group{ID: groupModels, Title: "Models that embed, and their vectors:"},
		&cobra.Group{ID: groupLanguage, Title: "Language models:"},
		&cobra.Group{ID: groupSettings, Title: "This machine:"},
	)
	root.SetHelpCommandGroupID(groupSettings)
	root.SetCompletionCommandGroupID(groupSettings)
	ownTheories(root)
	root.AddCommand(commands()...)
	// Completion and help are made by the library, and get their group afterwards.
	cli.Program(root, engine.Installed, flagGroups)
	// A command without a group would stand under a heading of its own, "Commands", below the others.
	for _, c := range root.Commands() {
		if c.GroupID == "" {
			c.GroupID = groupSettings
		}
	}
	return root
}

// commands are all of them. The order here is the order of work: rows, labels, anchors; then models and what is done
// with them.
func commands() []*cobra.Command {
	return []*cobra.Command{
		in(groupData, dataCommand()),
		in(groupData, importCommand()),
		in(groupData, theoriesCommand()),
		in(groupData, labelCommand()),
		in(groupData, reviewCommand()),
		in(groupData, anchorsCommand()),
		in(groupIntensity, vidbCommand()),
		in(groupIntensity, scoreCommand()),
		in(groupIntensity, stabilityCommand()),
		in(groupIntensity, profileCommand()),
		in(groupIntensity, opinionqaCommand()),
		in(groupModels, downloadCommand()),
		in(groupModels, embedCommand()),
		in(groupModels, embedCorpusCommand()),
		in(groupModels, askCommand()),
		in(groupModels, vectorsCommand()),
		in(groupModels, evaluateCommand()),
		in(groupModels, exportCommand()),
		in(groupModels, mergeAdapterCommand()),
		in(groupModels, reportCommand()),
		in(groupModels, runsCommand()),
		in(groupLanguage, askLLMCommand()),
		in(groupLanguage, steerCommand()),
		in(groupLanguage, auditCommand()),
		in(groupLanguage, fuseCommand()),
		in(groupLanguage, questionnaireCommand()),
		in(groupLanguage, vcaiCommand()),
		in(groupLanguage, llmBenchCommand()),
		engineCommand(),
	}
}

// in puts a command into a group of hives --help.
func in(group string, cmd *cobra.Command) *cobra.Command {
	cmd.GroupID = group
	return cmd
}
