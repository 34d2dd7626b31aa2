package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/embedder"
	"hives/values"
)

// vectorsEvaluateCommand opens the vectors first, which know which model they need.
//
//	work      Set.EvaluateFile of package values
//	reads     a file of vectors, held-out rows, the model
//	writes    standard output
//	refuses   another model than the vectors were made with
//
// It cannot know which rows the model has seen. Whoever gives it training rows gets figures that are too good.
func vectorsEvaluateCommand() *cobra.Command {
	o := values.Defaults()
	var e embedder.Options
	var vectors, in string
	var asJSON bool
	c := &cobra.Command{
		Use:   "evaluate --vectors values.db --model DIR --data FILE",
		Short: "Hold the answers of a file of value vectors to rows that it has not seen",
		Long: `How far can the answers of these vectors be trusted? The command asks them about annotated rows. ` +
			`It says how much is
answered, and how much of that is right. It says for which share of texts a side is given. It compares probabilities
with shares, tenth by tenth (reliability). It says how far signed vectors tell corpora apart, and what is answered to
nonsense.

Give rows that neither the vectors nor the model have seen. See docs/VALUES.md.`,
		Example: `  hives vectors evaluate --vectors values.db --model out/demo/model \
      --data out/demo/rows/test.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := values.Open(vectors)
			if err != nil {
				return err
			}
			if err := (places{known: known(c), rows: []string{in}}).check(); err != nil {
				return err
			}
			enc, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
			if err != nil {
				return err
			}
			o.Theories = known(c)
			o.Log = func(format string, a ...any) { fmt.Fprintf(c.ErrOrStderr(), format+"\n", a...) }
			found, err := set.EvaluateFile(c.Context(), in, enc, o)
			// Before the figures are printed: done ends the progress line, which they would else be written into.
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
	f.IntVar(&o.Resamples, "resamples", o.Resamples, "number of bootstrap draws over groups that intervals are "+
		"taken from")
	// Another number than build's gives another identity, which is refused.
	f.IntVar(&e.Dimensions, "dimensions", 0, "as the vectors were built with; 0 keeps all")
	jsonFlag(c, &asJSON)
	required(c, "vectors", "data")
	return c
}
