package loop

import (
	"hives/checkpoints"
	"hives/internal/trainer/state"
)

// Saver gives a saver's two ways to a benchmark from outside.
func Saver(dir string, waiting bool) (begin func(step int, of *state.Parameters) error, wait func() error) {
	s := newSaver(dir, checkpoints.Keep{Last: 1}, waiting)
	s.before, s.after = func() error { return nil }, func(checkpoints.Meta) error { return nil }
	return func(step int, of *state.Parameters) error { return s.begin(checkpoints.Meta{Step: step}, of) }, s.wait
}
