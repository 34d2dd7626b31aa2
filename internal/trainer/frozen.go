package trainer

import (
	"errors"
	"fmt"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/optim"
)

// hashFrozen notes what the run leaves alone: its checkpoints do not hold it.
func (l *loop) hashFrozen() error {
	frozen := l.cfg.Model.FreezeLayers
	if err := checkFrozen(l.start.model.Sizes(), frozen); err != nil || frozen == 0 {
		return err
	}
	var err error
	l.hashes[frozenWeights], err = hashOf(lowerVariables(l.start.model, frozen))
	return err
}

// restore puts a checkpoint's tensors beside the weights that the run leaves alone, which must be those that
// the checkpoint was trained on top of, also where other changes are allowed.
func (l *loop) restore(c *checkpoints.Checkpoint) error {
	if err := errors.Join(sameFrozen(c, l.hashes[frozenWeights]), l.sameBase(c)); err != nil {
		return err
	}
	return restore(l.start.model.Variables(), c, optim.MomentType(l.cfg.Memory.Moments))
}

// sameLower is the same check of a start that takes a checkpoint's weights over.
func (s *start) sameLower(c *checkpoints.Checkpoint, frozen int) error {
	now, err := hashOf(lowerVariables(s.model, frozen))
	if err != nil {
		return err
	}
	return sameFrozen(c, now)
}

func sameFrozen(c *checkpoints.Checkpoint, now string) error {
	if was := c.Meta.Hashes[frozenWeights]; was != now {
		return fault.New(fault.Mismatch, "checkpoint %s was trained on top of other frozen weights or layers; put back the starting model and freeze_layers that the run was begun with", c.Path)
	}
	return nil
}

// noteChangedStates compares the bits of the states with those that a run was begun with. They are those of the same
// weights and texts, but another engine, or an older program, which computed a text in the company of others, may have
// made other last bits.
func (l *loop) noteChangedStates(stored map[string]string) {
	if was, ok := stored[usedStates]; ok && was != l.hashes[usedStates] {
		l.o.Observer.Note(fmt.Sprintf("unlike before, so the last bits may differ: the states in %s (SHA-256 %.12s stored, %.12s now)",
			l.cfg.Model.States, was, l.hashes[usedStates]))
	}
}
