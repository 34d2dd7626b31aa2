package main

import (
	"context"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/experiment"
)

// reportExperimentCommand opens an engine only where something is to be embedded: with --redraw the stored vectors
// are enough.
//
//	work      experiment.Judge of internal/experiment
//	reads     --config: held-out rows, training rows, a base, runs and their roles
//	writes    the folder that the file names: report.html, report.md, metrics.json, vectors/
//	refuses   runs that trained or validated on the held-out rows; runs that are not finished; stored vectors of
//	          other weights than the run now has
//	Ctrl-C    vectors that are stored stay: the same command embeds only what is missing
func reportExperimentCommand() *cobra.Command {
	var file, kind string
	var threads int
	var j experiment.Job
	c := &cobra.Command{
		Use:   "experiment --config FILE.toml",
		Short: "Judge training runs against their untrained base, its simple readings and permuted labels",
		Long: `Which of several runs is better than its base, and better than simpler means? ` +
			`A file names the held-out rows, the
training rows, the base and the runs. The command embeds the held-out rows once with the base and once with each
finalist. It compares the runs with the untrained base, with simple readings of the base and with permuted labels.

It writes report.html, report.md and metrics.json, and keeps the vectors beside them. The same command draws the report
again without embedding. With --redraw it needs no model at all. See docs/EXPERIMENT.md for the file.`,
		Example: `  hives report experiment --config configs/experiment.toml

  # draw it again from the stored vectors
  hives report experiment --config configs/experiment.toml --redraw`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if j.Config, err = experiment.Load(file); err != nil {
				return err
			}
			// All of its paths and runs, before an engine opens.
			if err := j.Check(); err != nil {
				return err
			}
			j.Theories = known(c)
			j.Stdout, j.Stderr = c.OutOrStdout(), c.ErrOrStderr()
			// The engine opens at once here, unlike in evaluate: what is missing of the vectors is not known
			// before.
			if !j.Redraw {
				eng, err := engine.Open(c.Context(), engine.Options{Kind: engine.Kind(kind), Threads: threads})
				if err != nil {
					return err
				}
				defer eng.Close()
				c.PrintErrln(eng.Choice)
				j.Open = experimentSources(eng.Backend, string(eng.Name))
			}
			return experiment.Judge(c.Context(), j)
		},
	}
	c.Flags().StringVar(&file, "config", "", "file that names rows, base and runs")
	c.Flags().BoolVar(&j.Redraw, "redraw", false, "take stored vectors and open no model")
	c.Flags().StringVar(&kind, "engine", "", engine.FlagUsage)
	c.Flags().IntVar(&threads, "threads", 0, "threads of one computation, 0 for one a core")
	required(c, "config")
	return c
}

// experimentSources opens model folders on an engine. Pooling is the source's own: the base is measured under each
// pooling that the file names, a run under the one that it was trained with.
func experimentSources(backend compute.Backend, name string) experiment.Opener {
	return func(_ context.Context, s experiment.Source) (experiment.Embedder, func() error, error) {
		m, err := local.Open(s.Dir, backend, name, local.Options{Pooling: s.Pooling, MaxLength: s.MaxLength})
		if err != nil {
			return nil, nil, err
		}
		return m, m.Close, nil
	}
}
