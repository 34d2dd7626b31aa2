package main

import (
	"context"

	"github.com/spf13/cobra"

	"hives/internal/embedder"
	"hives/internal/evaluate"
	"hives/vidb"
)

// vidbVectorsCommand measures how far vectors tell scores.
//
//	work      Intensities of internal/evaluate
//	reads     --vidb; the models
//	writes    standard output alone
//	asks      no judge
//
// It cannot know which texts the model was trained on. Of a database with those texts R² is too good for the trained
// model and right for one that was not trained on them: docs/INTENSITY.md has both.
func vidbVectorsCommand() *cobra.Command {
	var e embedder.Options
	var path, base string
	var values []string
	var seed uint64
	var asJSON bool
	c := &cobra.Command{
		Use:   "vectors --vidb vidb.db --model DIR",
		Short: "Say how much of the scores a model's vectors tell, on groups they have not seen",
		Long: `Could a text's intensity be read off its vector, without a judge? The command fits a ridge from vectors to
scores on four fifths of the groups and predicts the fifth. It prints the share of variance that is told (R²), and the
share of pairs of one corpus that are put into people's order (½ is chance). Beside the model stand another one
(--base), words alone (TF-IDF), the same vectors dealt out anew, and the constant mean.

An R² of 0 is the mean's. A prior from vectors could only save calls where R² is clearly above that. See
docs/INTENSITY.md.`,
		Example: `  hives vidb vectors --vidb vidb.db --model out/demo/model
  hives vidb vectors --vidb vidb.db --model out/demo/model --base all-MiniLM-L6-v2 \
      --value mft/care-harm --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			file, err := vidb.Open(path, known(c))
			if err != nil {
				return err
			}
			var systems []evaluate.Named
			for _, dir := range []string{"", base} {
				one := e
				if dir != "" {
					one = embedder.Options{Model: dir, Engine: e.Engine}
				} else if len(systems) > 0 {
					continue
				}
				enc, done, err := embedder.Open(c.Context(), one, c.ErrOrStderr())
				if err != nil {
					return err
				}
				defer done()
				systems = append(systems, evaluate.Fixed(one.Model+one.Endpoint, enc))
			}
			out, err := intensities(c.Context(), file, named(file, values), systems, seed)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), out)
			}
			return evaluate.WriteIntensities(c.OutOrStdout(), out)
		},
	}
	vidbFlag(c, &path, &values)
	e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&base, "base", "", "another model folder to measure beside, such as the one before training")
	f.Uint64Var(&seed, "seed", 0, "seed of the folds")
	jsonFlag(c, &asJSON)
	return c
}

// intensities measures value after value.
func intensities(ctx context.Context, file *vidb.File, ids []string, systems []evaluate.Named,
	seed uint64) (out []*evaluate.ValueIntensity, err error) {
	for _, id := range ids {
		v, err := file.Value(id)
		if err != nil {
			return nil, err
		}
		table, err := evaluate.Intensities(ctx, v, systems, evaluate.IntensityOptions{Seed: seed})
		if err != nil {
			return nil, err
		}
		out = append(out, table)
	}
	return out, nil
}
