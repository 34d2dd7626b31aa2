package trainer_test

import (
	"testing"

	"hives/internal/trainer"
)

// worker counts what it is shown of a piece of work.
type worker struct {
	recorder
	moved int
	ended bool
}

func (w *worker) Work(string, string, int) (func(int), func()) {
	return func(n int) { w.moved += n }, func() { w.ended = true }
}

// TestWorkIsShownToAllThatCanShowIt, also among observers that look at steps only.
func TestWorkIsShownToAllThatCanShowIt(t *testing.T) {
	a, b := &worker{}, &worker{}
	moved, end := trainer.Observers{a, &recorder{}, trainer.Observers{b}}.Work("states", "texts", 5)
	moved(2)
	moved(3)
	end()
	if a.moved != 5 || b.moved != 5 || !a.ended || !b.ended {
		t.Errorf("%d and %d of 5 texts, ended %v and %v", a.moved, b.moved, a.ended, b.ended)
	}
}
