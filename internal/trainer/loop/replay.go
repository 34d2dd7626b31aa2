package loop

import (
	"context"
	"fmt"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/runstore"
	"hives/internal/trainer/step"
)

// Replay is one step of a run, taken again on its own.
type Replay struct {
	Step         int     `json:"step"`       // as metrics.jsonl counts: the update that makes this number
	Checkpoint   int     `json:"checkpoint"` // the step it was reached from; 0 are the starting weights
	LearningRate float64 `json:"learning_rate"`
	Tokens       int     `json:"tokens"`
	Rows         []Row   `json:"rows"`

	// As the run computed them.
	Loss     step.Number            `json:"loss"`
	Terms    map[string]step.Number `json:"terms"`
	GradNorm step.Number            `json:"grad_norm"`
	Clip     step.Number            `json:"clip"`

	NotFinite string            `json:"not_finite,omitempty"` // the first tensor that is not, or the loss
	Gradients []step.TensorNorm `json:"gradients"`
	Logged    *StepLine         `json:"logged,omitempty"` // the step's line in metrics.jsonl

	// More is what the task adds, in the same object, as in the line of a step.
	More map[string]any `json:"-"`
}

// MarshalJSON puts what the task adds beside the replay's own fields.
func (r *Replay) MarshalJSON() ([]byte, error) {
	type plain Replay
	return withMore((*plain)(r), r.More)
}

// Agrees reports whether loss and gradient norm are the logged ones, bit for bit, as they are on the same
// engine. Without a line of the step there is nothing to disagree with.
func (r *Replay) Agrees() bool {
	return r.Logged == nil || r.Logged.Loss == float64(r.Loss) && r.Logged.GradNorm == r.GradNorm
}

// ReplayStep takes one step of the run in o.Out again: from the newest checkpoint before it, by way of the
// steps in between. It reads the run folder and changes nothing in it, also while the run is under way.
// Files must be those that the run was begun with, unless o.AllowChanged; their hashes then were stored.
//
// A replay answers "what happened in step 1,234": which rows, which tensors' gradients, and is it still so? From
// a checkpoint after 1,200 it takes steps 1,201 to 1,233 as the run did, and looks at the next one. On the engine
// of the run loss and norm are the logged ones to the last bit; where they are not, something that should not
// matter does.
func ReplayStep(ctx context.Context, s Settings, in Inputs, o Options, stored map[string]string,
	at int) (*Replay, error) {
	if !o.AllowChanged {
		if err := refuseChanged(stored, in.Hashes()); err != nil {
			return nil, err
		}
	}
	m, err := openMachine(ctx, s, in, o, Room{Stored: stored})
	if err != nil {
		return nil, err
	}
	defer m.close()
	return m.replay(ctx, o.Out, at)
}

// replay brings the weights to where the step found them and looks at it.
func (m *machine) replay(ctx context.Context, out string, at int) (*Replay, error) {
	if err := m.rewind(out, at-1); err != nil {
		return nil, err
	}
	// Checkpoints are some hundred steps apart at most; those in between are taken as the run took them, skipped
	// ones too.
	r := &Replay{Step: at, Checkpoint: m.done}
	for m.done < at-1 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := m.redo(ctx); err != nil {
			return nil, err
		}
	}
	if err := m.look(ctx, r); err != nil {
		return nil, err
	}
	var logged StepLine
	found, err := runstore.FindMetrics(out, "train", at, &logged)
	if found {
		r.Logged = &logged
	}
	return r, err
}

// look takes the step itself. The gradients come from a graph of their own, whose last bits may differ; loss
// and norm come from the run's.
func (m *machine) look(ctx context.Context, r *Replay) error {
	in, err := m.draw(r.Step - 1)
	if err != nil {
		return err
	}
	if err := m.before(ctx); err != nil {
		return err
	}
	// Looked at before it is taken: the probe must see the weights that the step found.
	p, err := m.stepper.Probe(&in.batch.Batch)
	if err != nil {
		return fault.New(fault.Unavailable, "%w", err)
	}
	result, err := m.apply(in)
	if err != nil {
		return fault.New(fault.Unavailable, "%w", err)
	}
	r.LearningRate, r.Tokens, r.Rows = in.rate, in.batch.Tokens(), in.batch.Rows
	r.Loss, r.Terms = step.Number(result.Loss), termsOf(&result)
	r.GradNorm, r.Clip = step.Number(result.GradNorm), step.Number(result.Clip)
	if in.batch.Line != nil {
		r.More = in.batch.Line(&result)
	}
	r.NotFinite, r.Gradients = p.NotFinite(), p.Gradients
	return nil
}

// rewind restores the newest good checkpoint of at most a number of steps; without one the starting weights
// are there already.
func (m *machine) rewind(out string, step int) error {
	c, damaged, err := checkpoints.LatestUpTo(runstore.CheckpointDir(out), step)
	for _, d := range damaged {
		m.watch.Note("passed over: " + d.Error())
	}
	// All damaged is as good as none here: a replay from the starting weights takes longer and ends at the same step.
	if kind := fault.Of(err); kind == fault.NotFound || kind == fault.Corrupt {
		m.watch.Note("no checkpoint before the step: beginning with the starting weights")
		return nil
	}
	if err != nil {
		return err
	}
	defer c.Close()
	m.watch.Note(fmt.Sprintf("from the checkpoint after step %d", c.Meta.Step))
	return m.restore(c)
}

// redo takes a step between the checkpoint and the one that is looked at.
func (m *machine) redo(ctx context.Context) error {
	in, err := m.draw(m.done)
	if err != nil {
		return err
	}
	_, goOn, err := m.compute(ctx, in)
	if err == nil && !goOn {
		err = fault.New(fault.Invalid, "step %d on the way is not finite already: replay that one", m.done+1)
	}
	return err
}
