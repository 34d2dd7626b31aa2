package main

import (
	"github.com/spf13/cobra"

	"hives/internal/answers"
)

// vcaiStatsCommand counts what a build kept.
//
//	work      answers.ReadStats of internal/answers
//	reads     --in: mlvalues.parquet, and failed.jsonl beside it
//	writes    nothing but what it prints
//	refuses   a file of another kind, or one that is torn
//	Ctrl-C    nothing is lost
func vcaiStatsCommand() *cobra.Command {
	var in string
	var asJSON bool
	c := &cobra.Command{
		Use:   "stats --in DIR",
		Short: "Count answers by level and value, with their gaps and attempts",
		Long: `What came of a build? The command counts answers by level and by value: how many are near their level, how many
attempts they took, how far they are from it on average, and how many failed. The degree over all parts stands beside
that over the parts that an answer touches.`,
		Example: `  hives vcai stats --in out/vcai/run
  hives vcai stats --in out/vcai/run/mlvalues.parquet --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			stats, err := answers.ReadStats(in)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), stats)
			}
			return stats.Write(c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&in, "in", "", "folder of hives vcai build, or its file of answers")
	jsonFlag(c, &asJSON)
	required(c, "in")
	return c
}
