package qwen3embed

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"hives/model/transformer"
)

// Model is a config with its weights and adapters.
type Model struct {
	*transformer.Weights
	Config *Config
}

// Model joins weights to the config's forward pass.
func (c *Config) Model(w *transformer.Weights) transformer.Model {
	return &Model{Weights: w, Config: c}
}

// Random makes a model with fresh weights, see transformer.Random.
func Random(cfg *Config, seed uint64) (*Model, error) { return own(transformer.Random(cfg, seed)) }

// Load reads the config and the weights of a model folder or a GGUF file, see transformer.Load.
func Load(dir string, dtype dtypes.DType) (*Model, error) { return LoadOn(nil, dir, dtype) }

// LoadOn is Load straight into the memory of a backend, where the weights then lie once.
func LoadOn(backend compute.Backend, dir string, dtype dtypes.DType) (*Model, error) {
	path, err := transformer.ConfigPath(dir)
	if err != nil {
		return nil, err
	}
	cfg, err := LoadConfig(path)
	if err != nil {
		return nil, err
	}
	return own(transformer.Load(cfg, transformer.From{Dir: dir, Backend: backend, DType: dtype}))
}

func own(m transformer.Model, err error) (*Model, error) {
	if err != nil {
		return nil, err
	}
	return m.(*Model), nil
}

// Truncate drops all layers but the first; the final norm stays.
func (m *Model) Truncate(layers int) error {
	first, err := m.First(layers)
	if err == nil {
		m.Config = first.(*Config)
	}
	return err
}
