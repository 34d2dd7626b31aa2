package main

import "github.com/spf13/cobra"

// vectorsCommand groups what makes and shows the vectors of human values.
func vectorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vectors",
		Short: "Build the vectors of human values in a model's space, and show them",
		Long: `A value's vector is the place or the direction of a human value in a model's space, made from annotated rows.
"build" makes a file of them, "show" prints what is in one, and embedd --vectors answers with the values that are
strongest in a text. docs/VALUES.md says how they are made.`,
		Example: `  hives vectors build --model out/demo/model --data train.parquet --out values.db
  hives vectors show values.db`,
	}
	cmd.AddCommand(vectorsBuildCommand(), vectorsShowCommand())
	return cmd
}
