package start

import (
	"github.com/gomlx/gomlx/ml/model"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/trainer/state"
	"hives/model/transformer"
)

// frozenWeights is the name of the hash of what a run leaves alone below what it trains.
const frozenWeights = "frozen_weights"

// Parameters sorts the model's variables: embeddings and the first frozen layers are fixed, and where there are
// adapters all weights. A task adds its own at the end.
func (p *Point) Parameters() *state.Parameters { return Parameters(p.Model, p.cfg.Model.FreezeLayers) }

// Parameters sorts the variables of any model so.
//
//	28 layers, 26 frozen       trained: layers 26 and 27, the final norm; fixed: embeddings, layers 0 to 25
//	adapters of rank 8         trained: the adapters; fixed: all weights
func Parameters(m transformer.Model, frozen int) *state.Parameters {
	out := &state.Parameters{Store: m.Variables()}
	adapters := m.AdapterVariables()
	// In the order of the layout, which is the forward pass's. It is the order of gradients.
	for _, spec := range m.Layout() {
		v := m.Variable(spec.Name)
		if len(adapters) > 0 || spec.Lower(frozen) {
			out.Fixed = append(out.Fixed, v.SetTrainable(false))
		} else {
			out.Trained = append(out.Trained, v.SetTrainable(true))
		}
	}
	out.Trained = append(out.Trained, adapters...)
	return out
}

// CheckFrozen refuses to freeze more than there is below the last layer: one at least is left to train.
func CheckFrozen(sizes transformer.Sizes, layers int) error {
	if layers < 0 || layers >= sizes.Layers {
		return fault.Usage(fault.New(fault.Invalid,
			"model.freeze_layers %d: the model has %d layers, want 0 to %d", layers, sizes.Layers, sizes.Layers-1))
	}
	return nil
}

// lowerVariables are those that states after a number of layers are made from.
func lowerVariables(m transformer.Model, layers int) (below []*model.Variable) {
	for _, spec := range m.Layout() {
		if spec.Lower(layers) {
			below = append(below, m.Variable(spec.Name))
		}
	}
	return below
}

// hashFrozen notes what the run leaves alone: its checkpoints do not hold it. With adapters all weights stay as they
// are; of these Base is the hash.
func (p *Point) hashFrozen() (err error) {
	// Hashed once, at the start: nothing changes them after that.
	frozen := p.cfg.Model.FreezeLayers
	if err := CheckFrozen(p.Model.Sizes(), frozen); err != nil || frozen == 0 {
		return err
	}
	p.Frozen, err = state.Hash(lowerVariables(p.Model, frozen))
	return err
}

// Hashes tell apart what a run begins with.
func (p *Point) Hashes() map[string]string {
	hashes := map[string]string{"tokenizer": p.Tokenizer.Tokenizer.SHA256(), "base": p.Base}
	if p.Frozen != "" {
		hashes[frozenWeights] = p.Frozen
	}
	return hashes
}

// Accepts refuses to put a checkpoint's tensors beside other weights than those it was trained on top of, also where
// other changes are allowed: the numbers would be those of no run.
func (p *Point) Accepts(c *checkpoints.Checkpoint) error {
	if err := sameFrozen(c, p.Frozen); err != nil || p.cfg.LoRA.Rank == 0 {
		return err
	}
	return madeFor(c, p.Base)
}

// sameLower is the same check of a start that takes a checkpoint's weights over.
func (p *Point) sameLower(c *checkpoints.Checkpoint, frozen int) error {
	now, err := state.Hash(lowerVariables(p.Model, frozen))
	if err != nil {
		return err
	}
	return sameFrozen(c, now)
}

// sameFrozen also tells a checkpoint without frozen layers from a run with some: the one's hash is "".
func sameFrozen(c *checkpoints.Checkpoint, now string) error {
	if was := c.Meta.Hashes[frozenWeights]; was != now {
		return fault.New(fault.Mismatch,
			"checkpoint %s was trained on top of other frozen weights or layers; put back the starting model "+
				"and freeze_layers that the run was begun with", c.Path)
	}
	return nil
}
