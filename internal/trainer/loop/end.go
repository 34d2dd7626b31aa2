package loop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/runstore"
)

// finish writes the model folder; an existing one is a half-finished attempt of this run.
func (l *Loop) finish(ctx context.Context) error {
	// Saved first. If the export fails, for want of room or because the tokenizer was replaced, --resume has it
	// to do alone.
	if err := l.save(l.saver.now); err != nil {
		return err
	}
	if l.best != nil {
		l.watch.Note(fmt.Sprintf("best: %s, kept in %s", l.best, l.run.CheckpointDir()))
	}
	// As a whole or not at all: half a model folder would be taken for a whole one of other settings.
	return fsutil.WriteFolder(l.run.FinalDir(), func(tmp string) error {
		return l.task.Export(ctx, tmp, Ending{Stage: l.Stage, Steps: l.done, Seed: l.Seed})
	})
}

// end records how the run stands and passes err on, marked as saved where nothing was lost.
func (l *Loop) end(err error) error {
	switch {
	case err == nil:
		return l.run.SetStatus(runstore.Finished, l.done)
	// The step in flight has ended: ctx is looked at between steps.
	case errors.Is(err, context.Canceled):
		return l.interrupted(err)
	}
	return l.failed(err)
}

// notBegun ends a run that did not get as far as its first step. A new one must not stand in the way of the next
// try; a resumed one leaves run.json as it was.
func notBegun(err error, out string, fresh bool) error {
	if fresh {
		discard(out)
	}
	if errors.Is(err, context.Canceled) {
		err = fault.Saved(fault.New(fault.Canceled,
			"stopped before the first step; nothing is lost, give the same command again"))
	}
	return err
}

// interrupted saves what a signal stopped.
func (l *Loop) interrupted(err error) error {
	if saveErr := l.save(l.saver.now); saveErr != nil {
		return errors.Join(err, saveErr)
	}
	if err := l.run.SetStatus(runstore.Interrupted, l.done); err != nil {
		return err
	}
	return fault.Saved(fault.New(fault.Canceled, "stopped after step %d of %d; nothing is lost, go on with: %s",
		l.done, l.Steps, l.goOnWith()))
}

// failed ends a run that an error stopped. The error may be the disk's, so no other save is tried: the last
// checkpoint holds. For the same reason run.json may have to go on saying that the run is running.
func (l *Loop) failed(err error) error {
	err = errors.Join(err, l.saver.wait())
	// An engine that fails at the first step, for want of memory most often, leaves the folder free: the next try
	// has other settings, which a run in it would refuse.
	if l.done == 0 && l.saver.meta.Step < 0 && fault.Of(err) == fault.Unavailable {
		l.metrics.Close()
		discard(l.o.Out) // nor has it anything to go on from
		return fmt.Errorf("%w; nothing was trained, and %s is free for another try", err, l.o.Out)
	}
	l.run.SetStatus(runstore.Failed, l.done)
	if fault.Of(err) == fault.Exhausted {
		err = fmt.Errorf("after step %d: %w; then go on with: %s", l.done, err, l.goOnWith())
	}
	return err
}

// discard removes the files of a run that never began; the folder and its lock stay. A folder of checkpoints goes only
// if it is empty.
func discard(out string) {
	for _, name := range []string{"run.json", "config.toml", "metrics.jsonl", "checkpoints"} {
		os.Remove(filepath.Join(out, name))
	}
}
