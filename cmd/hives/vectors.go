package main

import "github.com/spf13/cobra"

// vectorsCommand groups what makes and shows the vectors of human values.
func vectorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vectors",
		Short: "Build the vectors of human values, show them, and hold them to rows",
		Long: `A value's vector is the place or the direction of a human value in a model's space, made from annotated rows.
"build" makes a file of them, with the scores that answer for texts; "show" prints what is in one, and what it may
answer for; "evaluate" holds it to rows that it has not seen; embedd --vectors answers with it. docs/VALUES.md says
how they are made.`,
		Example: `  hives vectors build --model out/demo/model --data train.parquet --validation validation.parquet --out values.db
  hives vectors show values.db
  hives vectors evaluate --vectors values.db --model out/demo/model --data test.parquet`,
	}
	cmd.AddCommand(vectorsBuildCommand(), vectorsShowCommand(), vectorsEvaluateCommand())
	return cmd
}
