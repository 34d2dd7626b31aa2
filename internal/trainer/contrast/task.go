package contrast

import (
	"context"
	"fmt"

	"hives/checkpoints"
	"hives/encoder/local"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/start"
	"hives/internal/trainer/step"
	"hives/pack"
)

// Task is the contrast as the loop sees it, of either stage.
type Task struct {
	*Inputs
	*Objective
	watch     loop.Observers
	layout    *Layout
	states    *start.States
	encoder   *local.Local
	validator *Validator
}

// Draw lays out the batch of a step. Rows go along under their numbers in the file, so that a step that fails names
// what a person can look up.
func (t *Task) Draw(at int) (*loop.Batch, error) {
	drawn := t.source.at(at)
	b, err := t.corpus.Batch(drawn, t.banks, t.layout)
	if err != nil {
		return nil, err
	}
	laid, err := b.Step(t.Objective)
	if err != nil {
		return nil, err
	}
	return &loop.Batch{Batch: *laid, Epoch: drawn.Epoch, Rows: t.named(drawn.Rows), Source: t.cfg.Data.Train,
		Line: t.line(b)}, nil
}

// named gives rows the numbers that they have in the training file.
func (t *Task) named(rows []int32) []loop.Row {
	out := make([]loop.Row, len(rows))
	for i, r := range rows {
		out[i] = loop.Row{Row: t.rows.Numbers[r], TextID: t.corpus.Rows[r].TextID}
	}
	return out
}

// Before encodes an encoded bank when it is time; learned ones start from their sentences.
//
//	refresh_every 100     before steps 0, 100, 200 …; learned: before step 0 alone
func (t *Task) Before(ctx context.Context, done int) error {
	if t.banks == nil || t.banks.Learned && done > 0 || done%t.cfg.Stage2.RefreshEvery != 0 {
		return nil
	}
	return t.banks.Refresh(ctx, t.encoder)
}

// Accepts refuses a checkpoint of other frozen weights, or of adapters to another base.
func (t *Task) Accepts(c *checkpoints.Checkpoint) error { return t.start.Accepts(c) }

// Validate measures the encoder on held-out rows. nil where nothing is held out.
func (t *Task) Validate(ctx context.Context, at loop.Position) (*loop.Validation, error) {
	if t.validator == nil {
		return nil, nil
	}
	t.watch.Phase("validating")
	v, err := t.validator.Measure(ctx, t.encoder, t.cfg.Sampler.BatchSize)
	if err != nil {
		return nil, err
	}
	// What the figures are of, and whether some of their rows were trained on.
	v.Step, v.Shared = at.Done, t.rows.Shared
	// At the start there is no step yet. Its figures are then empty, and left out of the line.
	last := at.Last
	if last == nil {
		last = &step.Result{}
	}
	v.TrainGradNorm = step.Number(last.GradNorm)
	v.TrainLevels, v.TrainLevelAnchors = levels(last, t.corpus.Labels)
	if at.Warmed { // before, a narrow space is that of the starting weights
		v.Warning = v.Collapse.Warning(v.Rows)
	}
	return &loop.Validation{Step: v.Step, Line: v, Says: v.String(), Warning: v.Warning, Score: v.score}, nil
}

// Describe says what is about to be trained, with the figures a person would check first.
func (t *Task) Describe() (lines []string) {
	lines = append(append(lines, t.warnings...), t.start.Describe()...)
	lines = append(lines, fmt.Sprintf("rows: %d to train on, %d held out; %d texts cut to length, %d bad rows left out",
		len(t.rows.Train), len(t.rows.Validation), t.corpus.Truncated, t.rows.Skipped))
	lines = append(lines, t.rows.Notes...)
	// A theory whose anchors have no positive, or most of whose negatives are false, is seen here before hours are
	// spent.
	stats := t.source.hierarchical()
	for _, s := range stats.Theories {
		lines = append(lines, fmt.Sprintf(
			"  %s: %d anchors, %d without a positive; %.1f %% of unlike rows would be false negatives",
			s.Theory, s.Anchors, s.Singletons, 100*s.Rate))
	}
	lines = append(append(lines, t.describePairs()), t.source.describe()...)
	return append(lines, fmt.Sprintf(
		"steps: %d of %d texts, an epoch is %d steps; the chance-level loss, of knowing nothing, is %.3f",
		t.cfg.Loop.Steps, t.cfg.Sampler.BatchSize, stats.BatchesPerEpoch, t.chanceLevel()))
}

// Activations are those of the encoder.
func (t *Task) Activations(shape pack.Shape, recompute bool) int64 {
	return t.start.Activations(shape, recompute)
}

// Tables are the vectors of both banks. In bytes, 4 a number: 1,000 sentences of 1,024 numbers are 4 MB.
func (t *Task) Tables() int64 {
	if t.banks == nil {
		return 0
	}
	return 4 * int64(len(t.banks.Individual.ids)+len(t.banks.Theory.ids)) * int64(t.start.Model.Sizes().Hidden)
}

// Close frees what was opened; the weights are the inputs'.
func (t *Task) Close() {
	if t.validator != nil {
		t.validator.Close()
	}
	if t.encoder != nil {
		t.encoder.Close()
	}
	t.states.Close()
}
