package loop

import (
	"errors"

	"github.com/gomlx/gomlx/core/tensors"

	"hives/checkpoints"
	"hives/internal/trainer/state"
)

// writeFunc is checkpoints.Save, which tests replace.
type writeFunc func(dir string, meta checkpoints.Meta, source checkpoints.Source) (path string, err error)

// saver writes checkpoints beside the training. A step waits while the state is copied to host memory, and
// while an earlier save is still under way: at most one is. Checksums, writing and fsync happen meanwhile
// in a goroutine, whose error comes out at the next poll or wait.
//
// The copy costs host memory of the size of the state, kept for the next save. Without room for it
// (waiting) the step waits for the whole save, which then takes the room of one tensor.
//
// Who waits for whom, with saves of steps 5 and 6:
//
//	steps    …5│copy 5│6│ waits │copy 6│7 …      the second copy needs the first one's memory
//	writer          │write 5, fsync, prune│write 6 …
type saver struct {
	dir     string
	keep    checkpoints.Keep
	waiting bool
	before  func() error                 // makes durable what must not be older than the checkpoint: the log
	after   func(checkpoints.Meta) error // is told of every save that succeeded, by the training's goroutine
	write   writeFunc

	copies map[string]*tensors.Tensor // by variable
	flight chan error                 // gets the result of the save under way; nil without one
	meta   checkpoints.Meta           // of the last save begun; Step −1 before
}

func newSaver(dir string, keep checkpoints.Keep, waiting bool) *saver {
	return &saver{
		dir: dir, keep: keep, waiting: waiting, write: checkpoints.Save,
		copies: map[string]*tensors.Tensor{}, meta: checkpoints.Meta{Step: -1},
	}
}

// begin starts a save of the state as it stands and returns once it may change again.
func (s *saver) begin(meta checkpoints.Meta, of *state.Parameters) error {
	// Without the copy the state must hold still until it is written.
	if s.waiting {
		return s.now(meta, of)
	}
	// One save at a time, so the copy is free again. A step waits here only if saves take longer than the steps between.
	if err := s.wait(); err != nil {
		return err
	}
	source, err := of.CopyOf(s.copies)
	if err != nil {
		return err
	}
	s.meta, s.flight = meta, make(chan error, 1)
	go func(done chan<- error) { done <- s.store(meta, source) }(s.flight)
	return nil
}

// now saves the state and waits for it. A save under way that fails does not matter once this one succeeds.
func (s *saver) now(meta checkpoints.Meta, of *state.Parameters) error {
	// At an end or an interruption. What counts is that this save stands.
	earlier := s.wait()
	if earlier == nil && s.meta.Step == meta.Step {
		return nil
	}
	source, err := of.Source()
	if err != nil {
		return err
	}
	s.meta = meta
	if err := s.landed(s.store(meta, source)); err != nil {
		return errors.Join(earlier, err)
	}
	return nil
}

// store is the part of a save that touches neither the device nor the loop.
func (s *saver) store(meta checkpoints.Meta, source checkpoints.Source) error {
	if err := s.before(); err != nil {
		return err
	}
	if _, err := s.write(s.dir, meta, source); err != nil {
		return err
	}
	// Pruned after the new one is whole: at no moment are there fewer good checkpoints than are to be kept.
	keep := s.keep
	keep.Newest = meta.Step
	return checkpoints.Prune(s.dir, keep)
}

// poll returns the error of a save that has ended since, without waiting for one that has not.
func (s *saver) poll() error {
	// Steps must not wait to learn that a save is not done.
	select {
	case err := <-s.flight: // a nil channel is never ready
		return s.landed(err)
	default:
		return nil
	}
}

// wait ends the save under way, if there is one.
func (s *saver) wait() error {
	if s.flight == nil {
		return nil
	}
	return s.landed(<-s.flight)
}

// landed takes the result of a save. One that failed is not the last: its step may be saved again.
func (s *saver) landed(err error) error {
	s.flight = nil
	if err != nil {
		s.meta = checkpoints.Meta{Step: -1}
		return err
	}
	return s.after(s.meta)
}
