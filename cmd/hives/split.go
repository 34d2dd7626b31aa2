package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/data"
	"hives/internal/cli"
	"hives/internal/columns"
	"hives/internal/fault"
)

// splitCommand divides rows into train, validation and test. The fractions are a slice for the flag's sake; that
// there are three is checked before anything is read.
//
//	work      data.SplitFile of package data
//	reads     --in, rows, all of them into memory
//	writes    --out: three files, which take their places together
//	refuses   other than three fractions; a part that would take the place of --in
//	Ctrl-C    the files of an earlier split stay, all three
//
// A component's part is drawn by a hash of its smallest id and the seed. So rows that are added later leave old
// components in their part, but for those that get a smaller id by them.
func splitCommand() *cobra.Command {
	var in, out string
	var ro data.ReadOptions
	var asJSON bool
	o := data.DefaultSplit()
	// The slice is the array itself until the flag replaces it.
	fractions := o.Fractions[:]
	cmd := &cobra.Command{
		Use:   "split --in FILE --out DIR",
		Short: "Divide rows into train, validation and test by group and text",
		Long: `How are rows divided so that nothing is learned by heart and then tested? The command writes three files:
train.parquet, validation.parquet and test.parquet. Rows that share a group or a text stay together, also if they share
it through other rows. So no text and no group stands on both sides.`,
		Example: `  # of the corpora in demo/data, merged
  hives data split --in all.parquet --out rows --fractions .8,.1,.1
  # → rows/train.parquet       16724
  # → rows/validation.parquet  2962
  # → rows/test.parquet        1718
  # → components               3123
  # → rows of the largest      423`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(fractions) != data.NumParts {
				return fault.Usage(fault.New(fault.Invalid, "split: --fractions needs %d numbers, has %d",
					data.NumParts, len(fractions)))
			}
			copy(o.Fractions[:], fractions)
			ro.Theories = known(cmd)
			sum, err := data.SplitFile(in, out, o, ro)
			if err != nil {
				return fmt.Errorf("split: %w", err)
			}
			// On standard error, so that --json stays one object.
			listBad(cmd, sum.Bad)
			listNotes(cmd, sum.Notes)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), sum)
			}
			return printSplit(cmd, sum)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&in, "in", "", "file of rows, .parquet or .csv")
	flags.StringVar(&out, "out", "", "folder for the three files")
	flags.Float64SliceVar(&fractions, "fractions", fractions,
		"shares of train, validation and test, with commas between them")
	flags.Uint64Var(&o.Seed, "seed", 0, "seed of the draw; another seed makes another split")
	skipBadFlag(cmd, &ro.SkipBad)
	jsonFlag(cmd, &asJSON)
	required(cmd, "in", "out")
	cli.TakesStdin(cmd, ".csv", "in")
	return cmd
}

// printSplit tells what went where. The largest component is printed because it may decide the shares: it goes to
// one side whole.
func printSplit(cmd *cobra.Command, sum *data.SplitSummary) error {
	t := columns.NewTable(cmd.OutOrStdout())
	for _, f := range sum.Files {
		fmt.Fprintf(t, "%s\t%d\n", f.File, f.Rows)
	}
	// A fraction counts components and not rows, so the two numbers explain parts of odd sizes.
	fmt.Fprintf(t, "components\t%d\nrows of the largest\t%d\n", sum.Components, sum.Largest)
	return t.Flush()
}
