package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/engine"
	"hives/internal/report"
)

// evaluateCommand takes the model from a folder or from an endpoint; its controls are always folders, which is why
// --engine and --max-length stay allowed beside --endpoint.
//
//	work      report.Evaluate of internal/report, which lets internal/evaluate measure
//	reads     rows, a model folder or an endpoint, folders of controls; with --train-data rows to fit controls to
//	writes    --out: metrics.json and report.html; with --json alone one object and no file
//	refuses   --model beside --endpoint, a control named as one that needs no model
//	warns     of rows that the model was trained on; the figures are given all the same, and marked
//	Ctrl-C    no file of --out is half written
func evaluateCommand() *cobra.Command {
	var j report.EvaluateJob
	var kind string
	var length int
	var e embedder.Options
	c := &cobra.Command{
		Use:   "evaluate --model DIR --data FILE",
		Short: "Measure how well a model's space follows annotated values, beside controls",
		Long: `How well do the distances in a model's space follow annotated values? ` +
			`The command embeds annotated rows and measures
the model in three scopes: over all rows, within a theory and within a corpus. Each figure has a bootstrap interval over
groups. Beside the model stand controls that know nothing of values.

The command prints a table. It writes metrics.json and one page, report.html, which needs no other files. See
docs/METRICS.md for the definition of every figure.`,
		Example: `  # a run's model on rows that it has not seen
  hives evaluate --model runs/small/final --data rows/test.parquet \
      --train-data rows/train.parquet

  # beside controls of one's own
  hives evaluate --model runs/small/final --data rows/test.parquet \
      --control untrained=runs/before/final \
      --control permuted=runs/control/final --out report

  # a model that a daemon serves
  hives evaluate --endpoint grpc://127.0.0.1:50051 --data rows/test.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// Who asks for JSON wants it on standard output; files are written only where they are asked for as
			// well.
			if j.JSON && !c.Flags().Changed("out") {
				j.Out = ""
			}
			if err := tell(&e, j.Model, kind, length).Validate(); err != nil {
				return err
			}
			// No engine opens yet: openModels prepares, and the first model that is needed opens it.
			models, err := openModels(c.Context(), kind, length, &j.Job, c)
			if err != nil {
				return err
			}
			defer models.Close()
			orEndpoint(&j.Job, e, c)
			return report.Evaluate(c.Context(), j)
		},
	}
	c.Flags().StringVar(&j.Model, "model", "", "model folder to measure")
	c.Flags().StringToStringVar(&j.Controls, "control", nil,
		"control model, NAME=DIR: untrained=DIR, permuted=DIR (may be repeated)")
	c.Flags().BoolVar(&j.JSON, "json", false, "print one JSON object and nothing else; files only with --out")
	jobFlags(c, &j.Job, &kind, &length, "out/evaluate")
	e.RegisterEndpoint(c.Flags())
	required(c, "data")
	cli.TakesStdin(c, ".csv", "data", "train-data")
	return c
}

// tell hands three flags that belong to both sides, to the model and to its controls, and are registered once, to the
// options of what embeds, so that those can be checked as in every other command.
func tell(e *embedder.Options, model, kind string, length int) *embedder.Options {
	e.Model, e.Engine, e.MaxLength = model, kind, length
	if e.Endpoint != "" {
		e.Engine, e.MaxLength = "", 0 // they are those of the controls
	}
	return e
}

// jobFlags are the flags of evaluate and report demo alike. One place, so that a flag has one default and one text
// in both.
// The seed has a default of its own, 1: the same command gives the same intervals.
func jobFlags(c *cobra.Command, j *report.Job, kind *string, length *int, out string) {
	c.Flags().StringVar(&j.Data, "data", "", "rows to measure on (.parquet or .csv)")
	c.Flags().StringVar(&j.TrainData, "train-data", "", "training rows; some controls are fitted to them")
	c.Flags().StringVar(&j.Out, "out", out, "folder for metrics.json and report.html")
	c.Flags().StringVar(kind, "engine", "", engine.FlagUsage)
	embedder.RegisterMaxLength(c.Flags(), length)
	c.Flags().Uint64Var(&j.Options.Seed, "seed", 1, "seed of the bootstrap and of the controls")
	c.Flags().IntVar(&j.Options.Resamples, "resamples", 1000,
		"number of bootstrap draws that the intervals are taken from")
}

// required marks flags that must be given; only a misspelt name can fail here. It panics, since the mistake is the
// programmer's and the first test that makes the tree finds it.
func required(c *cobra.Command, names ...string) {
	for _, name := range names {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
}
