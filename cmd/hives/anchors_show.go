package main

import (
	"github.com/spf13/cobra"

	"hives/internal/anchors"
	"hives/internal/fault"
)

// anchorsShowCommand needs no engine: a bank holds its centres and sentences.
//
//	work      anchors.RunShow of internal/anchors
//	reads     a bank; with --rows the rows that it was made from
//	writes    standard output alone
//	refuses   a bank that does not say what it rests on: hives anchors build did not make it
//
// Exemplars are ids in the bank, not texts: the bank may be shared where the rows may not. That is why --rows is
// asked for to show them.
func anchorsShowCommand() *cobra.Command {
	var j anchors.ShowJob
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Print what a bank rests on and some of its anchors",
		Long: `What is in a bank of anchors? The command prints the model and the rows that the bank was made from. ` +
			`It says how the
clusters are spread over theories. Then it prints some of the anchors with their sentences. With --rows it also prints
the texts that describe each anchor.`,
		Example: `  hives anchors show anchors.parquet --number 5
  hives anchors show anchors.parquet --rows rows/train.parquet`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fault.Usage(fault.New(fault.Invalid, "anchors show: name a file of anchors"))
			}
			// MaximumNArgs and not ExactArgs, so that the missing argument gets a sentence of its own above.
			j.Bank, j.Stdout, j.Theories = args[0], c.OutOrStdout(), known(c)
			return anchors.RunShow(j)
		},
	}
	// At even distances, so that the ten are from all parts of the bank.
	f := c.Flags()
	f.IntVarP(&j.N, "number", "n", 10, "number of anchors to print, taken at even distances; 0 prints all")
	f.StringVar(&j.Rows, "rows", "", "rows that the bank was made from; their texts are printed")
	jsonFlag(c, &j.JSON)
	return c
}
