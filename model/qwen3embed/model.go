package qwen3embed

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"hives/model/decoder"
	"hives/model/transformer"
)

// Config is the decoder's: an embedder adds no number of its own.
type Config = decoder.Config

// Families that are called by name elsewhere; decoder.Families has all.
const (
	Qwen3 = decoder.Qwen3
	Llama = decoder.Llama
)

// LoadConfig reads a config.json of either dialect, or what a GGUF file says instead, and validates it.
func LoadConfig(path string) (*Config, error) { return decoder.LoadConfig(path) }

// ParseConfig decodes the bytes of a config.json.
func ParseConfig(raw []byte) (*Config, error) { return decoder.ParseConfig(raw) }

// GGUFName is decoder.Config's.
func GGUFName(name string, c *Config) (string, func(i int) int) { return c.GGUFName(name) }

// Model is a config with its weights and adapters.
type Model struct {
	*transformer.Weights
	Config *Config
}

// New joins a config's weights to the embedder's forward pass.
func New(cfg *Config, w *transformer.Weights) *Model { return &Model{Weights: w, Config: cfg} }

// Random makes a model with fresh weights, see transformer.Random.
func Random(cfg *Config, seed uint64) (*Model, error) {
	w, err := transformer.Random(cfg, seed)
	if err != nil {
		return nil, err
	}
	return New(cfg, w), nil
}

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
	w, err := transformer.Load(cfg, transformer.From{Dir: dir, Backend: backend, DType: dtype})
	if err != nil {
		return nil, err
	}
	return New(cfg, w), nil
}

// Truncate drops all layers but the first; the final norm stays.
func (m *Model) Truncate(layers int) error {
	first, err := m.First(layers)
	if err == nil {
		m.Config = first.(*Config)
	}
	return err
}
