package main

import "github.com/spf13/cobra"

// vectorsCommand groups what makes and shows the vectors of human values. A file of them belongs to one model:
// build records its weights' hash, and evaluate and embedd compare it.
// Values and not texts have these vectors; a text's own come from hives embed.
func vectorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vectors",
		Short: "Build the vectors of human values, show them, and hold them to rows",
		Long: `What is a value's vector? It is the place of a human value in a model's space, or its direction there. ` +
			`It is made from
annotated rows.

"build" makes a file of such vectors, with the scores that answer for texts. "show" prints what is in the file and what
it may answer for. "evaluate" tests it on rows that it has not seen. embedd --vectors answers with it. See
docs/VALUES.md.`,
		Example: `  hives vectors build --model out/demo/model --data train.parquet \
      --validation validation.parquet --out values.db
  hives vectors show values.db
  hives vectors evaluate --vectors values.db --model out/demo/model \
      --data test.parquet`,
	}
	cmd.AddCommand(vectorsBuildCommand(), vectorsShowCommand(), vectorsEvaluateCommand())
	return cmd
}
