package trainer

import (
	"errors"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/optim"
	"hives/internal/runstore"
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

// refuseChangedStates compares the bits of the states with those that a run was begun with: a cache that was
// made anew may hold others, from texts that were computed side by side in another way.
func (l *loop) refuseChangedStates(stored map[string]string) error {
	was, ok := stored[usedStates]
	if !ok {
		return nil
	}
	return runstore.RefuseChanges(runstore.Changes(map[string]string{usedStates: was}, map[string]string{usedStates: l.hashes[usedStates]}))
}
