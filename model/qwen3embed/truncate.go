package qwen3embed

import (
	"maps"

	"hives/internal/fault"
)

// Truncate drops all layers but the first, so that a small model begins with what a large one has learned;
// the final norm stays. Drop layers before graphs are compiled.
func (m *Model) Truncate(layers int) error {
	if layers < 1 || layers > m.Config.NumLayers {
		return fault.New(fault.Invalid, "%d layers asked for, the model has %d", layers, m.Config.NumLayers)
	}
	kept := *m.Config
	kept.NumLayers = layers
	kept.raw = maps.Clone(m.Config.raw)
	for _, key := range []string{"num_hidden_layers", "layer_types"} {
		delete(kept.raw, key) // they tell of the layers that are gone
	}
	left := map[string]bool{}
	for _, spec := range kept.Layout() {
		left[spec.Name] = true
	}
	for _, spec := range m.Config.Layout() {
		if left[spec.Name] {
			continue
		}
		if err := m.Store.DeleteVariable(VariablePath(spec.Name)); err != nil {
			return err
		}
	}
	m.Config = &kept
	return nil
}
