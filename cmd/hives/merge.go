package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/data"
	"hives/internal/cli"
	"hives/internal/columns"
)

// mergeCommand puts several files of rows into one.
//
//	work      data.MergeTo of package data
//	reads     files of rows, one after another; what does not fit in memory goes through the disk
//	writes    --out, rows; --left-out, a list of what contradicts or was replaced
//	refuses   a bad row, unless --skip-bad; --left-out that is an input
//	Ctrl-C    --out stays as it was
//
// The order of the files matters: of rows that become one the first stays, with its corpus and licence. --out may
// be one of the inputs, since all of them are read before it takes its place.
func mergeCommand() *cobra.Command {
	var in []string
	var out, leftOut string
	var o data.ReadOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "merge FILE… --out FILE",
		Short: "Put files of rows into one, without duplicates and contradictions",
		Long: `How do several files of rows become one? The command reads all of them and writes one file. ` +
			`Equal rows become one row.
Of two rows whose texts differ only in spaces, case or signs, one stays. If a text both supports and opposes one value,
it contradicts itself, and both rows are dropped. The command prints how many rows there were of each kind.

To merge a low-rank adapter into its base, use hives merge.`,
		Example: `  # of the corpora in demo/data
  hives data merge valueeval.parquet mfrc.parquet --out all.parquet
  # → valueeval.parquet                    18210
  # → mfrc.parquet                         3194
  # → exact duplicates merged              0
  # → normalised duplicates merged         0
  # → rows with both directions dropped    0
  # → unjudged beside judged rows dropped  0
  # → rows                                 21404`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := spare(leftOut, append(in, args...)...); err != nil {
				return fmt.Errorf("merge: %w", err)
			}
			o.Theories = known(cmd)
			// Files of --in come before those of the arguments.
			sum, err := data.MergeTo(append(in, args...), o, out)
			if err != nil {
				return fmt.Errorf("merge: %w", err)
			}
			// On standard error, so that --json stays one object.
			listBad(cmd, sum.Bad)
			listNotes(cmd, sum.Notes)
			if err := writeLeftOut(leftOut, sum.LeftOut); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), sum)
			}
			return printMerge(cmd, sum)
		},
	}
	cmd.Flags().StringArrayVar(&in, "in", nil, "file of rows, another way to name one (may be repeated)")
	cmd.Flags().StringVar(&out, "out", "", "file of rows to write, .parquet or .csv")
	skipBadFlag(cmd, &o.SkipBad)
	leftOutFlag(cmd, &leftOut)
	jsonFlag(cmd, &asJSON)
	required(cmd, "out")
	cli.TakesStdin(cmd, ".csv", "in", "")
	cli.TakesStdout(cmd, "out", ".csv")
	return cmd
}

// printMerge is the account: what came from where, what was one and the same, what was dropped, and what is left. A
// few rows that contradict each other are named (data.Examples), since a person will want to look; all of them are
// in --left-out.
func printMerge(cmd *cobra.Command, sum *data.MergeSummary) error {
	t := columns.NewTable(cmd.OutOrStdout())
	for _, f := range sum.Files {
		fmt.Fprintf(t, "%s\t%d\n", cli.FileName(f.File), f.Rows)
	}
	m := sum.Merged
	fmt.Fprintf(t, "exact duplicates merged\t%d\nnormalised duplicates merged\t%d\n", m.ExactDuplicates,
		m.NormalisedDuplicates)
	fmt.Fprintf(t, "rows with both directions dropped\t%d\nunjudged beside judged rows dropped\t%d\n",
		m.Contradictions, m.Superseded)
	for _, l := range sum.Examples {
		fmt.Fprintf(t, "  %s\n", l)
	}
	fmt.Fprintf(t, "rows\t%d\n", m.Out)
	return t.Flush()
}
