package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/data"
	"hives/data/corpora"
	"hives/internal/fault"
)

// importCommand turns a published corpus into rows. It hangs below data and, for short, below the root.
func importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Turn a published corpus into rows",
		Args:  cobra.NoArgs,
	}
	for _, name := range corpora.Names() {
		cmd.AddCommand(corpusCommand(name))
	}
	return cmd
}

func corpusCommand(name string) *cobra.Command {
	var o corpora.Options
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   name + " --in DIR --out FILE",
		Short: "Turn the corpus " + name + " into rows",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows, sum, err := corpora.Import(name, o)
			if err != nil {
				return fmt.Errorf("import %s: %w", name, err)
			}
			listBad(cmd, sum.Bad)
			if len(rows) == 0 {
				return fault.New(fault.Invalid, "import %s: %d records gave no row; nothing was written", name, sum.Records)
			}
			if err := data.Write(out, rows); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), sum)
			}
			return sum.WriteTable(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.In, "in", "", "folder of the corpus")
	flags.StringVar(&out, "out", "", "file of rows to write, .parquet or .csv")
	switch name {
	case "valueeval":
		flags.StringVar(&o.Text, "text", "premise", "what a row's text is: premise, or full for conclusion and stance before it")
	case "moral-stories":
		flags.StringVar(&o.Rules, "rules", "", "folder of Social Chemistry, whose rules the stories were written from (default: ../social_chem beside --in)")
	}
	skipBadFlag(cmd, &o.SkipBad)
	jsonFlag(cmd, &asJSON)
	required(cmd, "in", "out")
	return cmd
}
