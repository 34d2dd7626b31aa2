package loop

import (
	"time"
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

// Phaser is an Observer that shows what goes on in place of steps, until the next step.
type Phaser interface {
	Observer
	Phase(name string)
}

// Saved is a checkpoint that is on the disk.
type Saved struct {
	Step int
	Took time.Duration // to write and sync; steps go on meanwhile
	Best bool          // by the figure that log.best names, so far
}

// Observers passes on what it is told, in order, to those that want to know.
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
	// Watchers differ in what they can show: those that know no bars see the notes alone.
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

// Phase lets all that can show it.
func (all Observers) Phase(name string) {
	for _, o := range all {
		if p, ok := o.(Phaser); ok {
			p.Phase(name)
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
