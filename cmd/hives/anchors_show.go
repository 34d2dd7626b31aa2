package main

import (
	"github.com/spf13/cobra"

	"hives/internal/anchors"
	"hives/internal/fault"
)

func anchorsShowCommand() *cobra.Command {
	var j anchors.ShowJob
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Print what a bank rests on and some of its anchors",
		Long: `Prints the model and the rows that a bank of anchors was made from, how its clusters are spread over theories,
and some of its anchors with their sentences. With --rows it prints the texts that each anchor is described by.`,
		Example: `  hives anchors show anchors.parquet --number 5
  hives anchors show anchors.parquet --rows rows/train.parquet`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fault.Usage(fault.New(fault.Invalid, "anchors show: name a file of anchors"))
			}
			j.Bank, j.Stdout = args[0], c.OutOrStdout()
			return anchors.RunShow(j)
		},
	}
	f := c.Flags()
	f.IntVarP(&j.N, "number", "n", 10, "anchors to print, at even distances; 0 for all")
	f.StringVar(&j.Rows, "rows", "", "rows the bank was made from, to print the exemplars' texts")
	jsonFlag(c, &j.JSON)
	return c
}
