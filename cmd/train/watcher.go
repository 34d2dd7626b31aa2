package main

import (
	"fmt"
	"os"

	"hives/internal/cli"
	"hives/internal/columns"
	"hives/internal/trainer"
)

// watcher shows a run to a person: notes as lines, steps as a progress bar. It is a trainer.Observer, a Phaser and
// a Worker. bar is nil while there is nothing to count; a nil Progress shows nothing, so most methods need not ask.
type watcher struct{ bar *cli.Progress }

// newWatcher begins with the engine: which one it is explains every figure that follows.
func newWatcher(first string) *watcher {
	w := &watcher{}
	w.Note("engine: " + first)
	return w
}

// Note prints a line, above the bar where there is one.
func (w *watcher) Note(line string) {
	if w.bar == nil {
		fmt.Fprintln(columns.Lines(os.Stderr), line)
		return
	}
	w.bar.Print("%s", line)
}

// Step moves the bar; the first call says where the run goes on.
func (w *watcher) Step(done, total int, line *trainer.StepLine) {
	// The bar comes with the first step. Before it, notes are the output, and a bar would be drawn over them.
	count := w.bar.Add
	if w.bar == nil {
		w.bar = cli.NewProgress("train", "steps", int64(total), int64(done-1))
		count = w.bar.Replay // its time lies before the bar: counted into the rate it would make thousands of steps a second
	}
	w.bar.Suffix(fmt.Sprintf("loss %.3f, %.0f tokens/s", line.Loss, line.TokensPerSecond))
	count(1)
}

// Phase shows what goes on in place of steps.
func (w *watcher) Phase(name string) {
	if w.bar == nil {
		w.Note(name)
		return
	}
	w.bar.Phase(name)
}

// Work shows a bar of its own until it ends. The work before the steps may take longer than they do: states of
// frozen layers are computed once, text by text.
func (w *watcher) Work(label, unit string, total int) (moved func(n int), end func()) {
	w.bar = cli.NewProgress(label, unit, int64(total), 0)
	return func(n int) { w.bar.Add(int64(n)) }, func() { w.bar.Close(); w.bar = nil }
}

// close leaves the last line of the bar, with the count that was reached.
func (w *watcher) close() { w.bar.Close() }
