package loop

import (
	"context"

	"hives/checkpoints"
	"hives/internal/trainer/state"
)

// due tells whether something that happens every n steps happens now; the last step always counts.
func (l *Loop) due(every int) bool {
	return l.done == l.Steps || every > 0 && l.done%every == 0
}

// catchUp validates the starting weights, and on a resume the weights of a step whose validation a signal
// had cut short, so that no validation is missing from the log.
func (l *Loop) catchUp(ctx context.Context) error {
	// A run stopped while it validated has saved its step and not logged the validation. A run left alone would have it.
	if l.validated == l.done || l.done > 0 && !l.due(l.Log.ValidateEvery) {
		return nil
	}
	if err := l.validate(ctx); err != nil {
		return err
	}
	return l.saveBest()
}

// housekeeping validates and saves when it is time, and returns the error of an earlier save.
func (l *Loop) housekeeping(ctx context.Context) error {
	// First, so that a full disk ends the run at the next step and not after hours of them.
	if err := l.saver.poll(); err != nil {
		return err
	}
	if l.due(l.Log.ValidateEvery) {
		if err := l.validate(ctx); err != nil {
			return err
		}
		if err := l.saveBest(); err != nil {
			return err
		}
	}
	// Not at the last step, which finish saves and waits for, nor at a step that saveBest has just begun to save.
	if every := l.Log.CheckpointEvery; every > 0 && l.done%every == 0 && l.done < l.Steps && l.saver.meta.Step != l.done {
		return l.save(l.saver.begin)
	}
	return nil
}

// saveBest saves when the validation just done is the best so far: the best weights are kept although no
// checkpoint may be due.
func (l *Loop) saveBest() error {
	if l.newest == nil || l.newest.Step != l.done || !l.judge(l.newest) {
		return nil
	}
	return l.save(l.saver.begin)
}

// save hands the state after the updates done to one of the saver's ways of saving.
func (l *Loop) save(how func(checkpoints.Meta, *state.Parameters) error) error {
	meta, err := l.meta()
	if err != nil {
		return err
	}
	return how(meta, l.task.Parameters())
}

// meta describes the state that the weights and moments belong to.
func (l *Loop) meta() (checkpoints.Meta, error) {
	schedule, err := l.schedule()
	if err != nil {
		return checkpoints.Meta{}, err
	}
	meta := checkpoints.Meta{
		Stage: l.Stage, Step: l.done, SamplerStep: l.done, Seed: l.Seed,
		Hashes: l.inputs.hashes, Versions: l.o.Versions, Counters: l.counters(), Config: l.inputs.config,
		Theories: l.o.Theories.Sources(),
		Schedule: checkpoints.Schedule{
			Name: string(schedule.Kind), PeakLearningRate: l.Optimizer.LearningRate,
			WarmupSteps: schedule.WarmupSteps, TotalSteps: schedule.TotalSteps,
		},
	}
	// Only a validation of these very weights scores them. Best checkpoints are found again by what Meta says, not by
	// run.json, which may be older or newer than what the disk has.
	if l.newest != nil && l.newest.Step == l.done {
		if meta.Score = l.score(l.newest); meta.Score != nil {
			meta.ScoreName = l.Log.Best
		}
	}
	return meta, nil
}

// validate measures the model on held-out rows and logs it; without such rows it does nothing.
func (l *Loop) validate(ctx context.Context) error {
	at := Position{Done: l.done, Last: l.last, Warmed: l.done > l.warmup()}
	v, err := l.task.Validate(ctx, at)
	if err != nil || v == nil {
		return err
	}
	// Logged before anybody is told: what a watcher saw must be there after a kill.
	if err := l.metrics.Append(v.Line); err != nil {
		return err
	}
	l.newest, l.validated = v, l.done
	l.watch.Validated(v)
	l.watch.Note(v.Says)
	if v.Warning != "" {
		l.watch.Note("warning: " + v.Warning)
	}
	return nil
}
