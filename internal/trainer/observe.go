package trainer

import (
	"time"

	"hives/checkpoints"
)

// Observer is told what a person would want to see.
type Observer interface {
	Note(line string)
	Step(done, total int, line *StepLine)
}

// Recorder is an Observer that takes in figures as well.
type Recorder interface {
	Observer
	Validated(v *Validation)
	Saved(s Saved)
}

// Worker is an Observer that shows how far a piece of work before the steps is.
type Worker interface {
	Observer
	Work(label, unit string, total int) (moved func(n int), end func())
}

// Saved is a checkpoint that is on the disk.
type Saved struct {
	Step int
	Took time.Duration // to write and sync; steps go on meanwhile
	Best bool          // by the figure that log.best names, so far
}

// Observers passes on what it is told, in order.
type Observers []Observer

// Note tells all.
func (all Observers) Note(line string) {
	for _, o := range all {
		o.Note(line)
	}
}

// Step tells all.
func (all Observers) Step(done, total int, line *StepLine) {
	for _, o := range all {
		o.Step(done, total, line)
	}
}

// Work lets all that can show it.
func (all Observers) Work(label, unit string, total int) (moved func(n int), end func()) {
	var moves []func(int)
	var ends []func()
	for _, o := range all {
		if w, ok := o.(Worker); ok {
			moved, end := w.Work(label, unit, total)
			moves, ends = append(moves, moved), append(ends, end)
		}
	}
	moved = func(n int) {
		for _, m := range moves {
			m(n)
		}
	}
	return moved, func() {
		for _, e := range ends {
			e()
		}
	}
}

// Validated tells those that record.
func (all Observers) Validated(v *Validation) { all.record(func(r Recorder) { r.Validated(v) }) }

// Saved tells those that record.
func (all Observers) Saved(s Saved) { all.record(func(r Recorder) { r.Saved(s) }) }

func (all Observers) record(tell func(Recorder)) {
	for _, o := range all {
		if r, ok := o.(Recorder); ok {
			tell(r)
		}
	}
}

// record tells the run's observer of a figure, if it wants to know.
func (l *loop) record(tell func(Recorder)) { Observers{l.o.Observer}.record(tell) }

// timed measures a saver's writes. One save is under way at a time and its end is awaited before saved looks.
func (l *loop) timed(write func(string, checkpoints.Meta, checkpoints.Source) (string, error)) func(string, checkpoints.Meta, checkpoints.Source) (string, error) {
	return func(dir string, meta checkpoints.Meta, source checkpoints.Source) (string, error) {
		began := time.Now()
		path, err := write(dir, meta, source)
		l.saveTook = time.Since(began)
		return path, err
	}
}
