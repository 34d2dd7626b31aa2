package loop

import (
	"errors"

	"github.com/gomlx/gomlx/core/tensors"

	"hives/checkpoints"
	"hives/internal/trainer/state"
)

// saver writes checkpoints beside the training. A step waits while the state is copied to host memory, and
// while an earlier save is still under way: at most one is. Checksums, writing and fsync happen meanwhile
// in a goroutine, whose error comes out at the next poll or wait.
//
// The copy costs host memory of the size of the state, kept for the next save. Without room for it
// (waiting) the step waits for the whole save, which then takes the room of one tensor.
type saver struct {
	dir     string
	keep    checkpoints.Keep
	waiting bool
	before  func() error                 // makes durable what must not be older than the checkpoint: the log
	after   func(checkpoints.Meta) error // is told of every save that succeeded, by the training's goroutine
	write   func(string, checkpoints.Meta, checkpoints.Source) (string, error)

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
	if s.waiting {
		return s.now(meta, of)
	}
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
	keep := s.keep
	keep.Newest = meta.Step
	return checkpoints.Prune(s.dir, keep)
}

// poll returns the error of a save that has ended since, without waiting for one that has not.
func (s *saver) poll() error {
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
