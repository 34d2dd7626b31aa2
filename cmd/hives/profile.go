package main

import "github.com/spf13/cobra"

// profileCommand groups what turns answers and texts into profiles of values.
func profileCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Say which values groups and texts stand for, with intervals, and where nothing can be said",
		Long: `Which values does a set of texts speak for, and how strongly? "fit" makes a profile model of a
value-intensity database and an encoder, and prints how good it is on texts of groups that it has not seen. "text" reads
texts of one author or of many with it.

Which values do the answers of a group support? "build" makes profiles of the groups of a survey, from some of its
questions. "prompt" puts a profile into words for a language model.

What cannot be trusted is null, with the reason. docs/PROFILES.md says what such a profile is not.`,
		Example: `  hives profile fit --vidb vidb.db --rows rows.parquet --model out/demo/model --out profile.db
  hives profile text --profile profile.db --model out/demo/model --in texts.jsonl

  hives profile build --survey opinionqa --vidb vidb.db --model out/demo/model \
      --config judges.toml --out out/profiles
  hives profile prompt --profiles out/profiles --group polparty-democrat`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(profileFitCommand(), profileTextCommand(), profileBuildCommand(), profilePromptCommand())
	return cmd
}
