package decoder

import (
	"fmt"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/gguf"
	"hives/model/transformer"
)

// Read takes every tensor of a GGUF file, but an output head where the model asks for none of its own.
func (c *Config) Read(path string, take func(transformer.Stored) error) (other bool, err error) {
	if !strings.HasSuffix(path, gguf.Extension) {
		return true, nil
	}
	file, err := gguf.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	return false, file.Guard(func() error { return c.takeAll(file, take) })
}

func (c *Config) takeAll(file *gguf.File, take func(transformer.Stored) error) error {
	for _, name := range file.Names() {
		if name == ownHead.gguf && !c.OwnHead() {
			continue
		}
		t, err := file.Tensor(name)
		if err == nil {
			err = take(c.fromGGUF(file, t))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file.Path(), err)
		}
	}
	return nil
}

// fromGGUF views a tensor of a GGUF file under this package's name, with its rows in this package's order.
func (c *Config) fromGGUF(file *gguf.File, t gguf.Tensor) transformer.Stored {
	name, order := fromGGUFName(t.Name), func(i int) int { return i }
	if c.paired(name) {
		order = pairRow(c.HeadDim)
	}
	return transformer.Stored{
		Name: name, Shape: t.Shape,
		Row:    func(i int, dst []float32) { t.Row(order(i), dst) },
		Forget: func(from, to int) { file.Forget(t.Data[from*t.RowBytes() : to*t.RowBytes()]) },
	}
}

// ggufConfig makes a config of a GGUF file's metadata.
func ggufConfig(path string) (*Config, error) {
	file, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var cfg *Config
	err = file.Guard(func() (err error) {
		cfg, err = configOf(file)
		return err
	})
	return cfg, err
}

func configOf(file *gguf.File) (*Config, error) {
	m := metadata{file: file}
	m.arch, m.err = file.String("general.architecture")
	cfg := m.config()
	if m.err == nil {
		m.err = ggufKeys(m.arch).Check(file.Object())
	}
	if m.err == nil {
		m.refuse(cfg)
	}
	if m.err == nil {
		m.err = cfg.Validate()
	}
	return cfg, m.err
}

// metadata reads keys of one architecture and keeps the first error.
type metadata struct {
	file *gguf.File
	arch string
	err  error
}

func (m *metadata) config() *Config {
	cfg := &Config{
		ModelType: m.arch, NumLayers: m.size("block_count"), HiddenSize: m.size("embedding_length"),
		IntermediateSize: m.size("feed_forward_length"), NumHeads: m.size("attention.head_count"),
		MaxPositions: m.size("context_length"), InitializerRange: .02, raw: map[string]any{},
	}
	cfg.NumKVHeads = m.sizeOr("attention.head_count_kv", cfg.NumHeads)
	cfg.HeadDim = m.sizeOr("attention.key_length", cfg.HiddenSize/max(1, cfg.NumHeads))
	cfg.RMSNormEps = m.number("attention.layer_norm_rms_epsilon", 1e-6)
	cfg.RopeTheta = m.number("rope.freq_base", 10000)
	cfg.DType = "float32"
	if t, err := m.file.Tensor("token_embd.weight"); err == nil && len(t.Shape) == 2 {
		cfg.VocabSize = t.Shape[0]
		cfg.DType = keepType(t.Type)
	}
	for _, name := range []string{"bos", "eos", "padding"} {
		if id, err := m.file.Int("tokenizer.ggml." + name + "_token_id"); err == nil && id >= 0 {
			cfg.raw[strings.Replace(name, "padding", "pad", 1)+"_token_id"] = id
		}
	}
	if id, ok := cfg.raw["pad_token_id"].(int); ok {
		cfg.PadTokenID = id
	}
	// The format has no key for it: a head of its own is the sign.
	if cfg.Tied = !slices.Contains(m.file.Names(), ownHead.gguf); !cfg.Tied {
		cfg.raw["tie_word_embeddings"] = false
	}
	return cfg
}

// keepType is the type in which nothing of a matrix is lost: blocks decode to float32.
func keepType(t gguf.Type) string {
	switch t {
	case gguf.BF16:
		return "bfloat16"
	case gguf.F16:
		return "float16"
	}
	return "float32"
}

// refuse names what the file asks for and this package does not compute.
func (m *metadata) refuse(cfg *Config) {
	_, noTable := m.file.Tensor("rope_freqs.weight")
	switch {
	case m.sizeOr("rope.dimension_count", cfg.HeadDim) != cfg.HeadDim:
		m.fail("%s.rope.dimension_count is not the width of a head, %d", m.arch, cfg.HeadDim)
	case m.sizeOr("attention.value_length", cfg.HeadDim) != cfg.HeadDim:
		m.fail("%s.attention.value_length is not the width of a head, %d", m.arch, cfg.HeadDim)
	case noTable == nil:
		m.fail("tensor rope_freqs.weight is not supported: %s", scaledRope)
	}
}

func (m *metadata) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fault.New(fault.Invalid, format, args...)
	}
}

// size reads a whole number that must be there.
func (m *metadata) size(key string) int {
	n, err := m.file.Int(m.arch + "." + key)
	if m.err == nil {
		m.err = err
	}
	return n
}

// sizeOr reads a whole number that may be left out.
func (m *metadata) sizeOr(key string, otherwise int) int {
	if !m.file.Has(m.arch + "." + key) {
		return otherwise
	}
	return m.size(key)
}

// number reads a number that may be left out.
func (m *metadata) number(key string, otherwise float64) float64 {
	if !m.file.Has(m.arch + "." + key) {
		return otherwise
	}
	x, err := m.file.Float(m.arch + "." + key)
	if m.err == nil {
		m.err = err
	}
	return x
}
