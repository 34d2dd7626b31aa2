package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/embedder"
	"hives/values"
)

func vectorsEvaluateCommand() *cobra.Command {
	o := values.Defaults()
	var e embedder.Options
	var vectors, in string
	var asJSON bool
	c := &cobra.Command{
		Use:   "evaluate --vectors values.db --model DIR --data FILE",
		Short: "Hold the answers of a file of value vectors to rows that it has not seen",
		Long: `Asks the vectors and scores about annotated rows and says how much is answered and how much of that is
right: for which share of texts a side is given and which of these are right, how probabilities agree with
shares (reliability by tenths), how far signed vectors tell corpora apart, and what is said of nonsense.
Give rows that neither the vectors nor the model have seen. docs/VALUES.md.`,
		Example: `  hives vectors evaluate --vectors values.db --model out/demo/model --data out/demo/rows/test.parquet`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := values.Open(vectors)
			if err != nil {
				return err
			}
			if err := (places{rows: []string{in}}).check(); err != nil {
				return err
			}
			enc, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
			if err != nil {
				return err
			}
			o.Log = func(format string, a ...any) { fmt.Fprintf(c.ErrOrStderr(), format+"\n", a...) }
			found, err := set.EvaluateFile(c.Context(), in, enc, o)
			done()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), found)
			}
			return found.WriteText(c.OutOrStdout())
		},
	}
	e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&vectors, "vectors", "", "file that hives vectors build made with this model")
	f.StringVar(&in, "data", "", "annotated rows that are held out (.parquet or .csv)")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "seed of the resamples and of the made-up texts")
	f.IntVar(&o.Resamples, "resamples", o.Resamples, "draws of the rows' groups that intervals are taken from")
	f.IntVar(&e.Dimensions, "dimensions", 0, "as the vectors were built with; 0 keeps all")
	jsonFlag(c, &asJSON)
	required(c, "vectors", "data")
	return c
}
