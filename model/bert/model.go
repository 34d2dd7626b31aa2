package bert

import (
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

// Load reads the config and the weights of a model folder, see transformer.Load.
func Load(dir string, dtype dtypes.DType) (*Model, error) {
	path, err := transformer.ConfigPath(dir)
	if err != nil {
		return nil, err
	}
	cfg, err := transformer.ReadConfig(path, ParseConfig)
	if err != nil {
		return nil, err
	}
	return own(transformer.Load(cfg, transformer.From{Dir: dir, DType: dtype}))
}

func own(m transformer.Model, err error) (*Model, error) {
	if err != nil {
		return nil, err
	}
	return m.(*Model), nil
}

// Truncate drops all layers but the first.
func (m *Model) Truncate(layers int) error {
	first, err := m.First(layers)
	if err == nil {
		m.Config = first.(*Config)
	}
	return err
}
