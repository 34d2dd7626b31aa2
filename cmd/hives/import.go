package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/data/corpora"
	"hives/internal/cli"
)

// importCommand turns a published corpus into rows. It hangs below data and, for short, below the root.
// A corpus is a subcommand, so that its help names its own flags; a new importer in package corpora appears here by
// itself (corpora.Names).
func importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Turn a published corpus into rows",
		Long: `How does a published corpus become rows? The command reads the files of a corpus as its authors published
them. It writes one row for each text and value. At the end it counts what it left out and says why. docs/DATA.md says
where each corpus is to be had, under which licence, and how its labels were mapped.`,
		Example: `  hives import valueeval --in touche --out rows.parquet
  hives import mfrc --in mfrc --out rows.csv --skip-bad`,
		Args: cobra.NoArgs,
	}
	for _, name := range corpora.Names() {
		cmd.AddCommand(corpusCommand(name))
	}
	return cmd
}

// corpusCommand is one corpus. Flags that only one of them knows are added by its name, so that the help of each
// lists what it takes and no more.
//
//	work      corpora.ImportFile of data/corpora
//	reads     --in, the folder as the authors published it
//	writes    --out, rows; --left-out, a list of rows that contradict each other or were replaced
//	refuses   a record that is not of the corpus's form, with file and row, unless --skip-bad; a folder without
//	          any record; records that give no row at all
//	Ctrl-C    --out stays as it was
//
// The account at the end adds up for a reader: each record became rows, or is counted under a reason, or is bad.
// hives data card --imports reads that account from --json.
func corpusCommand(name string) *cobra.Command {
	var o corpora.Options
	var out, leftOut string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   name + " --in DIR --out FILE",
		Short: "Turn the corpus " + name + " into rows",
		Long: `How does the corpus ` + name + ` become rows? The command reads its folder as the authors published it. ` +
			`It writes
one row for each text and value. docs/DATA.md says where the corpus is to be had and how its labels were mapped.`,
		Example: "  hives import " + name + " --in " + name + " --out rows.parquet",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Theories = known(cmd)
			sum, err := corpora.ImportFile(name, o, out)
			// Rows that were left out are listed even where the import failed later.
			if sum != nil && o.SkipBad {
				listBad(cmd, sum.Bad)
			}
			if err != nil {
				return fmt.Errorf("import %s: %w", name, err)
			}
			// After the rows: the list speaks of rows that are written by now.
			if err := writeLeftOut(leftOut, sum.LeftOut); err != nil {
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
	// Five corpora have a question of their own, such as what a row's text is; the others need none.
	switch name {
	case "valueeval":
		flags.StringVar(&o.Text, "text", "premise", "what a row's text is: premise, or full for conclusion and "+
			"stance before it")
	case "valueeval24":
		flags.StringVar(&o.Text, "text", "", "which texts: english or original (default: english where the folder "+
			"has it)")
	case "valuenet":
		flags.StringVar(&o.Zero, "zero", "drop", "scenarios labelled 0, unrelated to the value: drop, or keep as "+
			"judged 0")
	case "valueprism":
		flags.StringVar(&o.Names, "names", "", "CSV with vrd, text and value_id: which nodes free names stand for")
	case "moral-stories":
		flags.StringVar(&o.Rules, "rules", "", "folder of Social Chemistry, whose rules the stories were written "+
			"from (default: ../social_chem beside --in)")
	}
	skipBadFlag(cmd, &o.SkipBad)
	leftOutFlag(cmd, &leftOut)
	jsonFlag(cmd, &asJSON)
	required(cmd, "in", "out")
	cli.TakesStdout(cmd, "out", ".csv")
	return cmd
}
