package main

import (
	"context"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/experiment"
)

func reportExperimentCommand() *cobra.Command {
	var file, kind string
	var threads int
	var j experiment.Job
	c := &cobra.Command{
		Use:   "experiment --config FILE.toml",
		Short: "Judge training runs against their untrained base, its simple readings and permuted labels",
		Long: `Reads a file that names held-out and training rows, the base and the runs, embeds the held-out rows once with the base
and with each finalist, and writes report.html, report.md and metrics.json. Vectors are kept beside them: the same
command draws again without embedding, and with --redraw without any model. docs/EXPERIMENT.md describes the file.`,
		Example: `  hives report experiment --config configs/experiment.toml
  hives report experiment --config configs/experiment.toml --redraw`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if j.Config, err = experiment.Load(file); err != nil {
				return err
			}
			if err := j.Check(); err != nil {
				return err
			}
			j.Stdout, j.Stderr = c.OutOrStdout(), c.ErrOrStderr()
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

// experimentSources opens model folders on an engine.
func experimentSources(backend compute.Backend, name string) experiment.Opener {
	return func(_ context.Context, s experiment.Source) (experiment.Embedder, func() error, error) {
		m, err := local.Open(s.Dir, backend, name, local.Options{Pooling: s.Pooling, MaxLength: s.MaxLength})
		if err != nil {
			return nil, nil, err
		}
		return m, m.Close, nil
	}
}
