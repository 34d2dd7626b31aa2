package main

import "github.com/spf13/cobra"

// anchorsCommand groups what makes, shows and uses the cross-theory bank.
// They are used in the order build, review (hives review), assign: a row keeps the id of its anchor, so sentences
// are looked over before rows are tied to them.
// The inventory's sentences are anchors too, of single values: hives theories inventory has those.
func anchorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "anchors",
		Short: "Build anchors across theories from training rows, show them, assign rows to them",
		Long: `What is an anchor? It is a sentence that stands for a cluster of training texts. ` +
			`The texts of one cluster may come
from several theories. Stage 2 of the training ties rows to anchors.

"build" finds the anchors of a file of rows. "show" prints them. "assign" ties each row to the nearest anchor. See
docs/ANCHORS.md for the method.`,
		Example: `  # find anchors, look at them, tie the rows to them
  hives anchors build --rows rows/train.parquet --model DIR --out anchors.parquet
  hives anchors show anchors.parquet
  hives anchors assign --anchors anchors.parquet --model DIR \
      --in rows/train.parquet --out assigned.parquet`,
	}
	cmd.AddCommand(anchorsBuildCommand(), anchorsAssignCommand(), anchorsShowCommand())
	return cmd
}
