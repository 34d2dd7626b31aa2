package main

import "github.com/spf13/cobra"

// anchorsCommand groups what makes, shows and uses the cross-theory bank.
func anchorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "anchors",
		Short: "Build anchors across theories from training rows, show them, assign rows to them",
		Long: `An anchor is a sentence that stands for a cluster of training texts of several theories. "build" finds the
anchors of a file of rows, "show" prints them, and "assign" ties each row to the nearest one, for Stage 2.
docs/ANCHORS.md has the method.`,
		Example: `  hives anchors build --rows rows/train.parquet --model DIR --out anchors.parquet
  hives anchors show anchors.parquet
  hives anchors assign --anchors anchors.parquet --model DIR --in rows/train.parquet --out assigned.parquet`,
	}
	cmd.AddCommand(anchorsBuildCommand(), anchorsAssignCommand(), anchorsShowCommand())
	return cmd
}
