package talk

import (
	"fmt"

	"hives/internal/fault"
	"hives/internal/lora"
	"hives/model/lm"
)

// adapted returns what computes with the adapter in a folder, or without one for "". An adapter is opened when it is
// first asked for and kept: its two narrow matrices a layer stand beside the weights, which all adapters share. Only
// where kernels answer without one do the first adapter's weights cost a second copy of the model (inEngine).
//
// Invariant: a refused adapter leaves nothing behind, and the model answers as before.
func (m *Model) adapted(dir string) (*lm.Runner, error) {
	if dir == "" {
		return m.runner, nil
	}
	m.adapting.Lock()
	defer m.adapting.Unlock()
	if r := m.adapters[dir]; r != nil {
		return r, nil
	}
	base, err := m.graph()
	if err != nil {
		return nil, err
	}
	m.tried++ // a name for each try: the store of weights knows what it was once given
	weights := base.Beside(fmt.Sprint(m.tried))
	madeFor, err := lora.Load(dir, weights)
	if err == nil && madeFor != "" && madeFor != m.identity.Weights {
		err = fault.New(fault.Mismatch, "it was made for weights of SHA-256 %s, those of %s are %s: "+
			"name the model that it was made for",
			madeFor, m.identity.Model, m.identity.Weights)
	}
	var r *lm.Runner
	if err == nil {
		r, err = lm.NewRunner(&lm.Model{Weights: weights, Config: m.weights.Config}, m.options)
	}
	if err != nil {
		if dropped := weights.DropAdapters(); dropped != nil {
			panic(dropped) // what stands in the store is ours alone
		}
		return nil, fmt.Errorf("adapter %s: %w", dir, err)
	}
	if m.adapters == nil {
		m.adapters = make(map[string]*lm.Runner)
	}
	m.adapters[dir] = r
	return r, nil
}
