package main

import (
	"context"

	"github.com/spf13/cobra"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/embedder"
	"hives/internal/engine"
	"hives/internal/report"
)

// openModels opens the engine and lets the job load model folders on it.
func openModels(ctx context.Context, kind string, maxLength int, j *report.Job, c *cobra.Command) (*engine.Engine, error) {
	eng, err := engine.Open(ctx, engine.Options{Kind: engine.Kind(kind)})
	if err != nil {
		return nil, err
	}
	j.Stdout, j.Stderr = c.OutOrStdout(), c.ErrOrStderr()
	c.PrintErrln(eng.Choice)
	j.Open = func(_ context.Context, dir string) (encoder.Encoder, func() error, error) {
		m, err := local.Open(dir, eng.Backend, string(eng.Name), local.Options{MaxLength: maxLength})
		if err != nil {
			return nil, nil, err
		}
		if warning := m.Length().Warning(); warning != "" {
			c.PrintErrln(warning)
		}
		return m, m.Close, nil
	}
	return eng, nil
}

// orEndpoint lets the job open the endpoint where it would open no folder: the model's place.
func orEndpoint(j *report.Job, e embedder.Options, c *cobra.Command) {
	folders := j.Open
	j.Open = func(ctx context.Context, dir string) (encoder.Encoder, func() error, error) {
		if dir != "" {
			return folders(ctx, dir)
		}
		enc, done, err := embedder.Open(ctx, e, c.ErrOrStderr())
		return enc, func() error { done(); return nil }, err
	}
}
