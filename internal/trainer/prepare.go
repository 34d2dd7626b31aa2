package trainer

import (
	"context"
	"fmt"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/runstore"
	"hives/internal/shell"
	"hives/internal/whatis"
)

// Ready is a run whose settings, folder, rows and weights have been read and found good. There is no engine yet, and
// nothing has been written.
type Ready struct {
	loop *loop
	rows *Rows
	done *Summary // of a run that is finished
}

// Prepare does everything of a run that needs no engine: what is wrong with settings or inputs is said before one is
// opened and before a folder is made. Run or Close ends what it returns.
func Prepare(ctx context.Context, cfg Config, o RunOptions) (*Ready, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	done, err := lookAt(&cfg, o)
	if err != nil || done != nil {
		return &Ready{done: done}, err
	}
	l := &loop{cfg: cfg, o: o, validated: -1}
	rows, err := l.read()
	if err == nil {
		err = l.number(ctx, rows)
	}
	if err == nil {
		err = l.refuseLonely()
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return &Ready{loop: l, rows: rows}, nil
}

// Finished is the summary of a run that has nothing left to do, nil of any other.
func (r *Ready) Finished() *Summary { return r.done }

// Close frees a run that was not begun.
func (r *Ready) Close() {
	if r.loop != nil {
		r.loop.close()
	}
}

// Run trains from the start or from a checkpoint to the end of the schedule, and frees everything. When ctx ends it
// saves a checkpoint after the step in flight and returns an error marked with fault.Saved.
func (r *Ready) Run(ctx context.Context, o RunOptions) (Summary, error) {
	if r.done != nil {
		return *r.done, nil
	}
	l := r.loop
	defer r.Close()
	run, fresh, err := openRun(l.cfg.Stage, o)
	if err != nil {
		return Summary{}, err
	}
	defer run.Close()
	l.o, l.run = o, run
	err = l.prepare(ctx, r.rows, fresh)
	if err == nil {
		err = l.train(ctx)
	}
	if err == nil {
		err = l.finish(ctx)
	}
	return l.summary(), l.end(err, fresh)
}

// CheckInputs refuses a model and files that are not there, before an engine opens for them. It reads next to nothing, so
// that what a dry run measures of memory is the run's own.
func CheckInputs(cfg *Config) error {
	from, checkpoint, err := origin(cfg.Model.From)
	if err != nil {
		return err
	}
	files := []string{cfg.Data.Train, cfg.Data.Validation}
	if cfg.Stage == 2 {
		files = append(files, cfg.Stage2.IndividualBank, cfg.Stage2.TheoryBank)
	}
	switch dir, config, fresh := locate(from); {
	case checkpoint != "":
	case fresh:
		files = append(files, config)
	default:
		err = whatis.Model(dir)
	}
	for _, path := range files {
		if err == nil && path != "" {
			err = fsutil.CheckReadable(path)
		}
	}
	return err
}

// lookAt refuses a folder that the run cannot have, and a resume under other settings; of a finished run it returns how
// that ended.
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
	case info.Status != runstore.Finished:
		_, err := changedConfig(o)
		return nil, err
	}
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
	more := max(1, cfg.Steps-steps)
	return fault.New(fault.Mismatch, "the run in %s is finished after %d steps, and its learning rate has run out, so nothing of it changes: %s. "+
		"To train its model on, begin a new run with a schedule of its own, with --data and the other flags; go on with: train --from %s --steps %d --out NEW-FOLDER",
		out, steps, strings.Join(list, ", "), shell.Word(out), more)
}

// refuseLonely refuses Stage 1 on rows of which none has a positive: its loss is 0 whatever the weights are.
func (l *loop) refuseLonely() error {
	if l.sampler == nil {
		return nil
	}
	stats := l.sampler.Stats()
	if stats.Positives[0] < stats.Anchors {
		return nil
	}
	return fault.New(fault.Invalid, "%s: none of %d rows that can be anchors shares theory, value and direction with another text: "+
		"there is nothing to pull together. Give rows in which a value occurs with two texts at least, or leave fewer of them out with --validation-fraction",
		l.cfg.Data.Train, stats.Anchors)
}

// number gives texts and labels their numbers and makes the sampler.
func (l *loop) number(ctx context.Context, rows *Rows) (err error) {
	if l.corpus, err = NewCorpus(ctx, rows.Train, l.start.tokenizer); err != nil {
		return fmt.Errorf("%s: %w", l.cfg.Data.Train, err)
	}
	return l.prepareSampler(rows)
}

// refuseTooFar refuses to resume a run that stands beyond its new end.
func (l *loop) refuseTooFar() error {
	if l.done <= l.cfg.Steps {
		return nil
	}
	return fault.Usage(fault.New(fault.Invalid, "steps %d: the run stands after step %d already; give --steps %d or more", l.cfg.Steps, l.done, l.done))
}

// warn keeps a line for when somebody watches.
func (l *loop) warn(format string, args ...any) {
	l.warnings = append(l.warnings, "warning: "+fmt.Sprintf(format, args...))
}

// goOnWith is the command that takes the run up again.
func (l *loop) goOnWith() string {
	if l.o.ResumeCommand != "" {
		return l.o.ResumeCommand
	}
	return shell.Line("train", "--resume", "--out", l.o.Out)
}
