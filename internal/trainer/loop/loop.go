package loop

import (
	"context"
	"fmt"
	"time"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/runstore"
	"hives/internal/shell"
)

// Loop is a run under way: a machine, and the folder that says what it does.
type Loop struct {
	*machine
	o       Options
	run     *runstore.Run
	inputs  inputs
	metrics *runstore.Metrics
	saver   *saver

	validated int            // step of the newest validation in the log, −1 without one
	newest    *Validation    // of this process
	best      *runstore.Best // among the checkpoints, nil without one
	saveTook  time.Duration  // of the last checkpoint
}

// Summary is how a run ended.
type Summary struct {
	Steps      int
	Model      string      // the final model folder
	Validation *Validation // the last one, nil without held-out rows
}

// Train takes a run from where its folder stands to the end of the schedule. It is set up in four steps, each of which
// takes what the one before made, so that they have one order only:
//
//	Inputs    files read, before Train                 → Hashes
//	inputs    hashes, compared with the folder's       → may this run go on?
//	machine   the task opened, graphs prepared         → takes steps
//	Loop      checkpoint restored, log open, saver     → saves, validates, ends
//
// When ctx ends it saves a checkpoint after the step in flight and returns an error marked with fault.Saved.
func Train(ctx context.Context, s Settings, in Inputs, run *runstore.Run, fresh bool, o Options) (Summary, error) {
	l, err := begin(ctx, s, in, run, fresh, o)
	if err != nil {
		return Summary{}, notBegun(err, o.Out, fresh)
	}
	defer l.close()
	if err = l.train(ctx); err == nil {
		err = l.finish(ctx)
	}
	return Summary{Steps: l.done, Model: l.run.FinalDir(), Validation: l.newest}, l.end(err)
}

// begin does everything between the inputs and the first step; fresh tells a new run from one that is resumed.
func begin(ctx context.Context, s Settings, in Inputs, run *runstore.Run, fresh bool, o Options) (*Loop, error) {
	// Read before SetHashes below overwrites them: of kept states the old hash is compared once the new one is known.
	stored := run.Info().Hashes
	now, err := compare(in, run, !fresh && !o.AllowChanged)
	if err != nil {
		return nil, err
	}
	m, err := openMachine(ctx, s, in, o, Room{Stored: stored})
	if err != nil {
		return nil, err
	}
	// Once more, for Open may have added that of kept states.
	now.add(in.Hashes())
	l := &Loop{machine: m, o: o, run: run, inputs: now}
	if err = run.SetHashes(now.hashes); err == nil {
		l.describe()
		err = l.takeUp(fresh)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *Loop) describe() {
	if d, ok := l.task.(Describer); ok {
		for _, line := range d.Describe() {
			l.watch.Note(line)
		}
	}
}

// takeUp restores the newest good checkpoint, if there is one, and opens the log behind it.
func (l *Loop) takeUp(fresh bool) error {
	taken := checkpoints.Meta{Step: -1}
	if !fresh {
		var err error
		if taken, err = l.resume(); err != nil {
			return err
		}
	}
	// The log is for people. A run does not stop for want of it, and says that it begins anew.
	if l.done > 0 && !l.run.HasMetrics() {
		l.watch.Note(fmt.Sprintf(
			"metrics.jsonl is gone: it begins anew after step %d; what was logged before is lost, the training "+
				"is not", l.done))
	}
	var err error
	// Behind the checkpoint: lines of steps that will be taken again go. Without a checkpoint, at −1, all of them.
	if l.metrics, err = l.run.OpenMetrics(taken.Step); err != nil {
		return err
	}
	keep := checkpoints.Keep{Last: l.Log.KeepCheckpoints, Best: l.Log.Best}
	l.saver = newSaver(l.run.CheckpointDir(), keep, l.o.WaitForSaves)
	// The log is synced before each checkpoint. The other way round, a checkpoint of step 30 beside a log that a
	// power cut left at 25 would leave a hole that no resume can fill.
	l.saver.before, l.saver.after, l.saver.meta = l.metrics.Sync, l.saved, taken
	l.saver.write = l.timed(l.saver.write)
	l.validated = l.metrics.Last("validation")
	return nil
}

// resume goes on where the newest good checkpoint stands and returns what it is; step −1 where there is none.
func (l *Loop) resume() (taken checkpoints.Meta, err error) {
	taken.Step = -1
	// Damaged checkpoints are passed over and named: a disk that flips bits should not be found out by a run that learns.
	c, damaged, err := checkpoints.Latest(l.run.CheckpointDir())
	for _, d := range damaged {
		l.watch.Note("passed over: " + d.Error())
	}
	switch {
	case fault.Of(err) == fault.NotFound:
		l.watch.Note("no checkpoint yet: starting at step 0")
	case err != nil:
		return taken, err
	default:
		defer c.Close()
		if err = l.restore(c); err == nil {
			err = l.refuseTooFar()
		}
		if err != nil {
			return taken, err
		}
		taken = c.Meta
		l.watch.Note(fmt.Sprintf("going on after step %d of %d", l.done, l.Steps))
		// Another engine, plugin or number of threads adds up in another order. That is allowed, and said.
		for _, change := range runstore.Changes(c.Meta.Versions, l.o.Versions) {
			l.watch.Note("unlike before, so the last bits may differ: " + change.String())
		}
	}
	// Also where no checkpoint is left: then there is no best either, and run.json must not name one.
	if err := l.recallBest(); err != nil {
		return taken, err
	}
	return taken, l.run.Resumed(l.done, l.o.Versions, l.o.Theories.Sources())
}

// train runs steps from where the run stands to the end of the schedule.
func (l *Loop) train(ctx context.Context) error {
	if err := l.catchUp(ctx); err != nil {
		return err
	}
	// The rate of tokens covers what went on between two lines, validations and waiting for saves too: it is what the run
	// makes in a day, not what a step could.
	since, tokens := time.Now(), 0
	for l.done < l.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := l.step(ctx)
		if err != nil {
			return err
		}
		tokens += line.Tokens
		line.TokensPerSecond = float64(tokens) / time.Since(since).Seconds()
		l.watch.Step(l.done, l.Steps, line)
		// The line is in the file before a checkpoint of its step is begun, so no checkpoint knows more than the log.
		logged := l.due(l.Log.Every)
		if logged {
			if err := l.metrics.Append(line); err != nil {
				return err
			}
		}
		if err := l.housekeeping(ctx); err != nil {
			return err
		}
		if logged {
			since, tokens = time.Now(), 0
		}
	}
	return nil
}

// step computes the next step and moves the run's position.
func (l *Loop) step(ctx context.Context) (*StepLine, error) {
	// Of this step: compute may change it for the next.
	scale := l.lossScale.Scale
	in, err := l.draw(l.done)
	if err != nil {
		return nil, err
	}
	result, goOn, err := l.compute(ctx, in)
	if err != nil {
		if fault.Of(err) == fault.Unavailable && l.saver.meta.Step >= 0 {
			err = fmt.Errorf("%w; go on from the last checkpoint with: %s", err, l.goOnWith())
		}
		return nil, err
	}
	if !goOn {
		return nil, l.notFinite(in, result)
	}
	// A skipped step counts as the newest too: its loss was computed from the weights as they still are.
	l.last = &result
	return l.lineOf(in, &result, scale), nil
}

// goOnWith is the command that takes the run up again.
func (l *Loop) goOnWith() string {
	if l.o.ResumeCommand != "" {
		return l.o.ResumeCommand
	}
	return shell.Line("train", "--resume", "--out", l.o.Out)
}

// close frees everything, after the save under way: an error of it has come out by now, or a panic is on
// its way.
func (l *Loop) close() {
	if l.saver != nil {
		l.saver.wait()
	}
	if l.metrics != nil {
		l.metrics.Close()
	}
	l.machine.close()
}
