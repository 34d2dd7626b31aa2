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

// New joins a config's weights to its forward pass.
func New(cfg *Config, w *transformer.Weights) *Model { return &Model{Weights: w, Config: cfg} }

// Random makes a model with fresh weights, see transformer.Random.
func Random(cfg *Config, seed uint64) (*Model, error) {
	w, err := transformer.Random(cfg, seed)
	if err != nil {
		return nil, err
	}
	return New(cfg, w), nil
}

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
	w, err := transformer.Load(cfg, transformer.From{Dir: dir, DType: dtype})
	if err != nil {
		return nil, err
	}
	return New(cfg, w), nil
}

// Truncate drops all layers but the first.
func (m *Model) Truncate(layers int) error {
	first, err := m.First(layers)
	if err == nil {
		m.Config = first.(*Config)
	}
	return err
}
