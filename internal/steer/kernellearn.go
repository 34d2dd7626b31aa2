package steer

import (
	"context"
	"fmt"
	"slices"

	"hives/internal/cli"
	"hives/internal/steer/kernel"
)

// learned is what the journal keeps of a kernel.
// It keeps scores and not the kernel: what is reported hangs on them alone, and they are small.
type learned struct {
	Loss        float64
	Plus, Minus scores
}

// learn trains one kernel and scores all pairs at both ends of the scale.
// A kernel is the unit that a stop can lose: it is trained again from its first step, to the same numbers.
func (k *kernelRun) learn(ctx context.Context, variant string, e [][]float32) (l Learned, plus, minus scores,
	err error) {
	l.Name = variant
	var kept learned
	if k.j.get(variant, &kept) {
		l.Loss = kept.Loss
		return l, kept.Plus, kept.Minus, nil
	}
	weights, options, err := k.m.Decoder()
	if err != nil {
		return l, plus, minus, err
	}
	made, err := kernel.New(weights, k.shape(len(e[0])), k.Seed)
	if err != nil {
		return l, plus, minus, err
	}
	train, err := k.tokens(k.part.train, e, nil)
	if err != nil {
		return l, plus, minus, err
	}
	var measured []levelled
	for _, p := range k.pairs() {
		measured = append(measured, p[:]...)
	}
	var ends [2][]kernel.Row
	for n, c := range []float64{2, -2} {
		if ends[n], err = k.tokens(measured, e, &c); err != nil {
			return l, plus, minus, err
		}
	}
	// Rows of both kinds decide the shape; the second end of the scale has the same lengths as the first.
	t, err := kernel.NewTrainer(made, options.Backend, options.Arith, k.Batch, slices.Concat(train, ends[0]))
	if err != nil {
		return l, plus, minus, err
	}
	defer t.Close()
	if kept.Loss, err = k.train(ctx, t, train, variant); err != nil {
		return l, plus, minus, err
	}
	if kept.Plus, err = k.scores(t, ends[0]); err == nil {
		kept.Minus, err = k.scores(t, ends[1])
	}
	if err != nil {
		return l, plus, minus, err
	}
	l.Loss = kept.Loss
	return l, kept.Plus, kept.Minus, k.j.put(variant, kept)
}

// train runs the steps and returns the mean loss of their last tenth.
// A tenth, since the loss of one batch of eight rows says more of the rows than of the kernel.
func (k *kernelRun) train(ctx context.Context, t *kernel.Trainer, rows []kernel.Row, variant string) (float64, error) {
	bar := cli.NewProgress(variant, "steps", int64(k.Steps), 0)
	bar.Phase("compiling")
	defer bar.Close()
	var losses []float64
	err := t.Train(ctx, rows, k.Steps, k.Rate, k.Seed, func(loss float64) {
		losses = append(losses, loss)
		bar.Suffix(fmt.Sprintf("loss %.3f", loss))
		bar.Add(1)
	})
	if err != nil {
		return 0, err
	}
	last := losses[len(losses)-max(1, len(losses)/10):]
	return sum(last) / float64(len(last)), nil
}

// tokens are rows as a kernel reads them, at their own level or at c. Measured rows are told one intensity for both
// answers of a pair. Told each its own, the kernel would be asked whether it knows which answer is which.
func (k *kernelRun) tokens(rows []levelled, e [][]float32, c *float64) (out []kernel.Row, err error) {
	for _, r := range rows {
		one := kernel.Row{Vector: e[r.trait], Level: r.level}
		if c != nil {
			one.Level = *c
		}
		if one.Prompt, one.Answer, err = k.m.Tokens(r.messages, r.answer); err != nil {
			return nil, fmt.Errorf("row %s: %w", r.key, err)
		}
		out = append(out, one)
	}
	return out, nil
}

// scores of pairs that stand side by side, the answer for before the one against.
func (k *kernelRun) scores(t *kernel.Trainer, rows []kernel.Row) (s scores, err error) {
	all, err := t.Score(rows)
	for n := 0; err == nil && n < len(all); n += 2 {
		s.For, s.Against = append(s.For, all[n]), append(s.Against, all[n+1])
		s.Tokens = append(s.Tokens, len(rows[n].Answer)+len(rows[n+1].Answer))
	}
	return s, err
}
