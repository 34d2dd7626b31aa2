package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/panel"
)

// labelCommand asks a panel of language models. It needs no output folder check of its own: every answer is stored
// as it comes, and the same command goes on.
//
//	work      panel.Run of internal/panel, which asks through internal/judge
//	reads     --in, texts; --config, voters and endpoints; --theory, the tree to walk down
//	writes    --db, every answer; --out, rows where the voters agree; --report, a page
//	refuses   an output that is the input; a votes file whose run another program works on
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
//
// A text on which the voters do not agree becomes no row: it waits in --db for hives review, and the next start of
// this command takes over what people decided.
func labelCommand() *cobra.Command {
	var j panel.Job
	var flags cli.ConfigFlags
	c := &cobra.Command{
		Use:   "label --config panel.toml --in texts.jsonl --theory svt --out rows.parquet --db votes.db",
		Short: "Label texts by the votes of several language models",
		Long: `Which value is each text about, if several language models vote on it? The command asks every voter of the
configuration. It asks level by level down the theory's tree, then for the direction: does the text support the value or
oppose it? Where the voters agree, a row is written. Where they do not, the text waits in the votes file for hives
review.

Every answer is stored before it counts. A run may be stopped by a signal, by an endpoint that fails or by its budget.
The same command goes on from there and asks nothing twice. See docs/LABELLING.md for the rules and the configuration.`,
		Example: `  # first: what would it take in requests, tokens and money?
  hives label --config panel.toml --in texts.jsonl --theory mft \
      --out rows.parquet --db votes.db --dry-run

  # then ask
  hives label --config panel.toml --in texts.jsonl --theory mft \
      --out rows.parquet --db votes.db --report page.html`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.GoesOn(c.Context())
			var err error
			// Settings come from the file, from --set and from variables that begin with HIVES_LABEL.
			if j.Config, _, err = cli.Load(panel.Defaults(), flags.Sources(c.Flags(), "HIVES_LABEL", nil)); err != nil {
				return err
			}
			j.Stdout = c.OutOrStdout()
			// Three outputs, any of which could be the input by mistake. "" and a dash are no files, and pass.
			for _, out := range []string{j.Out, j.DB, j.Report} {
				if err := spare(out, j.In); err != nil {
					return err
				}
			}
			return panel.Run(c.Context(), j)
		},
	}
	f := c.Flags()
	flags.Register(f)
	f.StringVar(&j.In, "in", "", `texts: lines {"text": …} (.jsonl), or rows (.parquet, .csv)`)
	f.StringVar(&j.Theory, "theory", "", "theory to label with: svt, mft, duty or right")
	f.StringVar(&j.Out, "out", "", "rows to write (.parquet or .csv)")
	// It has no default: a votes file holds what was paid for, so its owner says where it lies.
	f.StringVar(&j.DB, "db", "", "votes file, created where there is none")
	f.StringVar(&j.Report, "report", "", "page to write, with agreement and distributions (.html)")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in requests, tokens and money, and ask nobody")
	required(c, "config", "in", "theory", "out", "db")
	cli.TakesStdin(c, ".csv", "in")
	return c
}
