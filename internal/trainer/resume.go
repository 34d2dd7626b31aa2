package trainer

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/runstore"
	"hives/internal/shell"
	"hives/internal/trainer/start"
	"hives/model/transformer"
	"hives/samplers"
)

// openRun creates the run folder, or takes the run in it up again.
func openRun(stage int, o RunOptions) (run *runstore.Run, fresh bool, err error) {
	if o.Resume {
		run, err = runstore.Open(o.Out)
		if err == nil {
			return run, false, checkConfig(run, o)
		}
		// No run there is no mistake: one command serves a machine that may be taken away before the first step.
		if fault.Of(err) != fault.NotFound {
			return nil, false, err
		}
		o.Observer.Note(o.Out + " holds no run yet: beginning one")
	}
	run, err = runstore.Create(o.Out, o.Config, runstore.Info{Stage: stage, Versions: o.Versions,
		Theories: o.Theories.Sources()})
	return run, true, err
}

// checkConfig refuses a resume under another configuration than the stored one.
func checkConfig(run *runstore.Run, o RunOptions) error {
	changed, err := changedConfig(o)
	if err == nil && changed {
		err = run.SetConfig(o.Config)
	}
	if err != nil {
		return errors.Join(err, run.Close())
	}
	return nil
}

// changedConfig compares the configuration with that of the run in o.Out and refuses a change that was not
// allowed.
func changedConfig(o RunOptions) (changed bool, err error) {
	changes, err := configChanges(o)
	if err == nil && !o.AllowChanged {
		err = runstore.RefuseChanges(changes)
	}
	return len(changes) > 0, err
}

// renamed tells a change that is none: an older name of the same setting.
//
//	sampler.false_negatives "drop" → "anchor"     no change
//	model.precision "bf16" → "mixed"              no change
//	model.precision "bf16" → "f32"                a change
func renamed(c runstore.Change) bool {
	older := func(value string) bool {
		return value == strconv.Quote(samplers.Drop) || value == strconv.Quote(samplers.Anchor)
	}
	switch c.Field {
	// drop is what anchor was called; the rows drawn are the same.
	case "sampler.false_negatives":
		return older(c.Stored) && older(c.Given)
	// bf16 and f16 named precisions of products here and of whole models elsewhere, and were renamed.
	case "model.precision":
		return samePrecision(c.Stored, c.Given)
	}
	return false
}

// samePrecision compares two names in quotes by the arithmetic that they stand for.
func samePrecision(a, b string) bool {
	of := func(quoted string) (transformer.Arithmetic, bool) {
		name, _ := strconv.Unquote(quoted)
		arithmetic, known := start.Precisions[name]
		return arithmetic, known
	}
	one, known := of(a)
	other, alsoKnown := of(b)
	return known && alsoKnown && one == other
}

// configChanges lists what is set otherwise than the run's own settings have it, names of the same setting left out.
func configChanges(o RunOptions) ([]runstore.Change, error) {
	stored, err := runstore.Config(o.Out)
	if err != nil {
		return nil, err
	}
	// Both sides with every setting: a setting that is newer than the run is then at its default on both.
	if stored, err = complete(stored); err != nil {
		return nil, err
	}
	changes, err := runstore.ConfigChanges(stored, o.Config)
	return slices.DeleteFunc(changes, renamed), err
}

// lookAt refuses a folder that the run cannot have, and a resume under other settings; of a finished run it
// returns how that ended.
//
//	without --resume     OUT must be free
//	nothing there        as without
//	interrupted          the same settings, or refused
//	finished             the same settings: its summary; others: how to train on
func lookAt(cfg *Config, o RunOptions) (*Summary, error) {
	info, err := runstore.Read(o.Out)
	switch {
	case !o.Resume || fault.Of(err) == fault.NotFound:
		if err := runstore.Free(o.Out); err != nil {
			return nil, err
		}
		return nil, fsutil.CheckWritable(o.Out)
	case err != nil:
		return nil, err
	// Looked at without the lock: whether another process holds the run is said when it is opened.
	case info.Status != runstore.Finished:
		_, err := changedConfig(o)
		return nil, err
	}
	// A finished run with the same settings is asked for again by scripts that go on after a crash: that is no mistake.
	changes, err := configChanges(o)
	if err == nil && len(changes) > 0 {
		err = finishedOtherwise(cfg, o.Out, info.Step, changes)
	}
	if err != nil {
		return nil, err
	}
	return &Summary{Steps: info.Step, Model: runstore.FinalDir(o.Out), AlreadyFinished: true}, nil
}

// finishedOtherwise says how to train a finished run's model on. Its schedule has ended at a learning rate of 0, so
// more steps are another schedule: a new run.
func finishedOtherwise(cfg *Config, out string, steps int, changes []runstore.Change) error {
	var list []string
	for _, c := range changes {
		list = append(list, c.String())
	}
	// What was wanted, at least: the steps beyond those that are done.
	more := max(1, cfg.Steps-steps)
	return fault.New(fault.Mismatch,
		"the run in %s is finished after %d steps, and its learning rate has run out, so nothing of it changes: %s. "+
			"To train its model on, begin a new run with a schedule of its own, with --data and the other flags; go on "+
			"with: train --from %s --steps %d --out NEW-FOLDER",
		out, steps, strings.Join(list, ", "), shell.Word(out), more)
}

// CheckReplay refuses a replay of what is no run, of a step that it does not have and under other settings. It
// needs no engine.
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
