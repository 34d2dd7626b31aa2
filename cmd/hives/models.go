package main

import (
	"context"

	"github.com/spf13/cobra"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/embedder"
	"hives/internal/engine"
	"hives/internal/report"
	"hives/internal/trainer"
	"hives/internal/whatis"
)

// openModels lets the job open model folders. The engine opens with the first of them, when rows and places have
// been found good. TrainedOn lets the report say whether a model has seen the rows that it is measured on.
//
// Why so late? Most mistakes are in paths and rows. They should be said before a library is hashed, loaded and
// tested, which took some half a second on a busy machine (docs/LOG.md). The kind alone is checked here, since it
// is a word of the command line.
//
// The caller owes models.Close, after the job and whatever became of it.
func openModels(ctx context.Context, kind string, maxLength int, j *report.Job, c *cobra.Command) (*models, error) {
	m := &models{}
	if _, err := engine.ParseKind(kind); err != nil {
		return nil, err
	}
	j.Stdout, j.Stderr = c.OutOrStdout(), c.ErrOrStderr()
	j.TrainedOn, j.Options.Theories = trainer.TrainedOn, known(c)
	// The job calls this for one model after another and frees each, so one set of weights is in memory at a time.
	j.Open = func(_ context.Context, dir string) (encoder.Encoder, func() error, error) {
		if err := whatis.Model(dir); err != nil {
			return nil, nil, err // before an engine is opened for it
		}
		// One engine for all models of the job; the first that is needed opens it.
		if m.engine == nil {
			eng, err := engine.Open(ctx, engine.Options{Kind: engine.Kind(kind)})
			if err != nil {
				return nil, nil, err
			}
			m.engine = eng
			c.PrintErrln(eng.Choice)
		}
		// In f32, whatever the weights are stored in: figures of two models must not differ by their rounding.
		l, err := local.Open(dir, m.engine.Backend, string(m.engine.Name), local.Options{MaxLength: maxLength})
		if err != nil {
			return nil, nil, err
		}
		if warning := l.Length().Warning(); warning != "" {
			c.PrintErrln(warning)
		}
		return l, l.Close, nil
	}
	return m, nil
}

// models hold the engine of a job's model folders. Whoever opens them owes Close, also where no model was opened.
type models struct{ engine *engine.Engine }

// Close frees the engine, if it was needed.
func (m *models) Close() { m.engine.Close() }

// orEndpoint lets the job open the endpoint where it would open no folder: the model's place. It wraps Open rather
// than replacing it: controls beside the endpoint are folders still. "" is the model's place, since Validate allows
// no --model beside --endpoint.
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
