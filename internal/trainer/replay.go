package trainer

import (
	"context"
	"fmt"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/runstore"
)

// Replay is one step of a run, taken again on its own.
type Replay struct {
	Step         int        `json:"step"`       // as metrics.jsonl counts: the update that makes this number
	Checkpoint   int        `json:"checkpoint"` // the step it was reached from; 0 are the starting weights
	LearningRate float64    `json:"learning_rate"`
	Tokens       int        `json:"tokens"`
	Rows         []BatchRow `json:"rows"`

	// As the run computed them.
	Loss     Number   `json:"loss"`
	Levels   []Number `json:"loss_levels"`
	GradNorm Number   `json:"grad_norm"`
	Clip     Number   `json:"clip"`

	NotFinite string       `json:"not_finite,omitempty"` // the first tensor that is not, or the loss
	Gradients []TensorNorm `json:"gradients"`
	Logged    *StepLine    `json:"logged,omitempty"` // the step's line in metrics.jsonl
}

// Agrees reports whether loss and gradient norm are the logged ones, bit for bit, as they are on the same
// engine. Without a line of the step there is nothing to disagree with.
func (r *Replay) Agrees() bool {
	return r.Logged == nil || r.Logged.Loss == float64(r.Loss) && r.Logged.GradNorm == r.GradNorm
}

// ReplayStep takes one step of the run in o.Out again: from the newest checkpoint before it, by way of the
// steps in between. It reads the run folder and changes nothing in it, also while the run is under way.
// Settings and files must be those that the run was begun with, unless o.AllowChanged.
func ReplayStep(ctx context.Context, cfg Config, o RunOptions, step int) (*Replay, error) {
	info, err := CheckReplay(&cfg, o, step)
	if err != nil {
		return nil, err
	}
	cfg.Log.ValidationRows = 0 // no validation: a replay is about one batch
	l := &loop{cfg: cfg, o: o}
	defer l.close()
	rows, err := l.read()
	if err != nil {
		return nil, err
	}
	if !o.AllowChanged {
		if err := refuseChangedInputs(info.Hashes, l.hashes); err != nil {
			return nil, err
		}
	}
	if err := l.build(ctx, rows); err != nil {
		return nil, err
	}
	l.noteChangedStates(info.Hashes)
	return l.replay(ctx, step)
}

// CheckReplay refuses a replay of what is no run, of a step that it does not have and under other settings. It needs no
// engine.
func CheckReplay(cfg *Config, o RunOptions, step int) (info runstore.Info, err error) {
	if info, err = runstore.Read(o.Out); err != nil {
		return info, err
	}
	if step < 1 || step > cfg.Steps {
		return info, fault.Usage(fault.New(fault.Invalid, "step %d: the run has steps 1 to %d", step, cfg.Steps))
	}
	_, err = changedConfig(o)
	return info, err
}

// replay brings the weights to where the step found them and looks at it.
func (l *loop) replay(ctx context.Context, step int) (*Replay, error) {
	if err := l.rewind(step - 1); err != nil {
		return nil, err
	}
	r := &Replay{Step: step, Checkpoint: l.done}
	for l.done < step-1 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := l.redo(ctx); err != nil {
			return nil, err
		}
	}
	if err := l.look(ctx, r); err != nil {
		return nil, err
	}
	var logged StepLine
	found, err := runstore.FindMetrics(l.o.Out, "train", step, &logged)
	if found {
		r.Logged = &logged
	}
	return r, err
}

// look takes the step itself. The gradients come from a graph of their own, whose last bits may differ; loss
// and norm come from the run's.
func (l *loop) look(ctx context.Context, r *Replay) error {
	in, err := l.draw(r.Step - 1)
	if err != nil {
		return err
	}
	if err := l.refreshDue(ctx); err != nil {
		return err
	}
	p, err := l.stepper.Probe(in.batch)
	if err != nil {
		return fault.New(fault.Unavailable, "%w", err)
	}
	result, err := l.stepper.Step(in.batch, l.done-l.lossScale.Skipped, in.rate, l.lossScale.Scale)
	if err != nil {
		return fault.New(fault.Unavailable, "%w", err)
	}
	r.LearningRate, r.Tokens, r.Rows = in.rate, in.batch.Tokens(), l.batchRows(in.drawn.Rows)
	r.Loss, r.Levels = Number(result.Loss), numbers(result.Levels)
	r.GradNorm, r.Clip = Number(result.GradNorm), Number(result.Clip)
	r.NotFinite, r.Gradients = p.NotFinite(), p.Gradients
	return nil
}

// rewind restores the newest good checkpoint of at most a number of steps; without one the starting weights
// are there already.
func (l *loop) rewind(step int) error {
	c, damaged, err := checkpoints.LatestUpTo(runstore.CheckpointDir(l.o.Out), step)
	for _, d := range damaged {
		l.o.Observer.Note("passed over: " + d.Error())
	}
	if kind := fault.Of(err); kind == fault.NotFound || kind == fault.Corrupt {
		l.o.Observer.Note("no checkpoint before the step: beginning with the starting weights")
		return nil
	}
	if err != nil {
		return err
	}
	defer c.Close()
	l.done = c.Meta.Step
	l.setCounters(c.Meta.Counters)
	l.o.Observer.Note(fmt.Sprintf("from the checkpoint after step %d", l.done))
	return l.restore(c)
}

// redo takes a step between the checkpoint and the one that is looked at.
func (l *loop) redo(ctx context.Context) error {
	in, err := l.draw(l.done)
	if err != nil {
		return err
	}
	_, goOn, err := l.compute(ctx, in)
	if err == nil && !goOn {
		err = fault.New(fault.Invalid, "step %d on the way is not finite already: replay that one", l.done+1)
	}
	return err
}
