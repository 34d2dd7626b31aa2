package main

import (
	"context"

	"github.com/spf13/cobra"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/report"
)

func evaluateCommand() *cobra.Command {
	var j report.EvaluateJob
	var kind string
	c := &cobra.Command{
		Use:   "evaluate --model DIR --data FILE",
		Short: "Measure how well a model's space follows annotated values, beside controls",
		Long: `Measures a model on annotated rows in three scopes (all rows, within a theory, within a corpus), with
bootstrap intervals over groups and beside controls that know no values. Prints a table and writes
metrics.json and one self-contained report.html. docs/METRICS.md defines every figure.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if j.JSON && !c.Flags().Changed("out") {
				j.Out = ""
			}
			models, err := openModels(c.Context(), kind, &j.Job, c)
			if err != nil {
				return err
			}
			defer models.Close()
			return report.Evaluate(c.Context(), j)
		},
	}
	c.Flags().StringVar(&j.Model, "model", "", "model folder to measure")
	c.Flags().StringToStringVar(&j.Controls, "control", nil, "control model, NAME=DIR: untrained=DIR, permuted=DIR (may be repeated)")
	c.Flags().BoolVar(&j.JSON, "json", false, "print one JSON object and nothing else; files only with --out")
	jobFlags(c, &j.Job, &kind, "out/evaluate")
	required(c, "model", "data")
	return c
}

// jobFlags are the flags of evaluate and report demo alike.
func jobFlags(c *cobra.Command, j *report.Job, kind *string, out string) {
	c.Flags().StringVar(&j.Data, "data", "", "rows to measure on (.parquet or .csv)")
	c.Flags().StringVar(&j.TrainData, "train-data", "", "training rows, for the controls that are fitted")
	c.Flags().StringVar(&j.Out, "out", out, "folder for metrics.json and report.html")
	c.Flags().StringVar(kind, "engine", "", engine.FlagUsage)
	c.Flags().Uint64Var(&j.Options.Seed, "seed", 1, "seed of the bootstrap and of the controls")
	c.Flags().IntVar(&j.Options.Resamples, "resamples", 1000, "bootstrap draws")
}

// required marks flags that must be given; only a misspelt name can fail here.
func required(c *cobra.Command, names ...string) {
	for _, name := range names {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
}

// openModels opens the engine and lets the job load model folders on it.
func openModels(ctx context.Context, kind string, j *report.Job, c *cobra.Command) (*engine.Engine, error) {
	eng, err := engine.Open(ctx, engine.Options{Kind: engine.Kind(kind)})
	if err != nil {
		return nil, err
	}
	j.Stdout, j.Stderr = c.OutOrStdout(), c.ErrOrStderr()
	c.PrintErrln(eng.Choice)
	j.Open = func(_ context.Context, dir string) (encoder.Encoder, func() error, error) {
		m, err := local.Open(dir, eng.Backend, string(eng.Name), local.Options{})
		if err != nil {
			return nil, nil, err
		}
		return m, m.Close, nil
	}
	return eng, nil
}
