package bert

import (
	"cmp"
	"encoding/json"
	"maps"

	"hives/internal/fault"
	"hives/model/transformer"
)

// Family is BERT's model_type in config.json.
const Family = "bert"

// Config holds the sizes of a model, under the names of Hugging Face's config.json.
type Config struct {
	VocabSize        int     // V
	HiddenSize       int     // H
	IntermediateSize int     // F
	NumLayers        int     //
	NumHeads         int     // A
	MaxPositions     int     // rows of the table of positions: no text is longer
	TypeVocabSize    int     // rows of the table of token types, of which the first is used
	LayerNormEps     float64 //
	InitializerRange float64 // standard deviation of random weights
	DType            string  // "float32", "bfloat16" or "float16": how the weights are stored

	// raw keeps every field of the file, so that saving loses none.
	raw map[string]any
}

// configFile lists the fields that are read; configKeys says what becomes of all others. Where one is left out, transformers' default holds.
type configFile struct {
	VocabSize        *int     `json:"vocab_size"`
	HiddenSize       *int     `json:"hidden_size"`
	IntermediateSize *int     `json:"intermediate_size"`
	NumLayers        *int     `json:"num_hidden_layers"`
	NumHeads         *int     `json:"num_attention_heads"`
	MaxPositions     *int     `json:"max_position_embeddings"`
	TypeVocabSize    *int     `json:"type_vocab_size"`
	LayerNormEps     *float64 `json:"layer_norm_eps"`
	InitializerRange *float64 `json:"initializer_range"`
	TorchDType       string   `json:"torch_dtype"`
	DType            string   `json:"dtype"`
}

// ParseConfig decodes the bytes of a config.json.
func ParseConfig(raw []byte) (*Config, error) {
	var f configFile
	file, err := configKeys.Decode(raw, &f)
	if err != nil {
		return nil, err
	}
	cfg := &Config{raw: file}
	cfg.VocabSize, cfg.HiddenSize = valueOr(f.VocabSize, 30522), valueOr(f.HiddenSize, 768)
	cfg.IntermediateSize, cfg.NumLayers = valueOr(f.IntermediateSize, 3072), valueOr(f.NumLayers, 12)
	cfg.NumHeads, cfg.MaxPositions = valueOr(f.NumHeads, 12), valueOr(f.MaxPositions, 512)
	cfg.TypeVocabSize, cfg.LayerNormEps = valueOr(f.TypeVocabSize, 2), valueOr(f.LayerNormEps, 1e-12)
	cfg.InitializerRange = valueOr(f.InitializerRange, .02)
	cfg.DType = cmp.Or(f.DType, f.TorchDType, "float32")
	return cfg, cfg.Validate()
}

// Validate refuses sizes that do not fit each other, with the numbers.
func (c *Config) Validate() error {
	for _, size := range []struct {
		name string
		n    int
	}{
		{"vocab_size", c.VocabSize}, {"hidden_size", c.HiddenSize}, {"intermediate_size", c.IntermediateSize},
		{"num_hidden_layers", c.NumLayers}, {"num_attention_heads", c.NumHeads},
		{"max_position_embeddings", c.MaxPositions}, {"type_vocab_size", c.TypeVocabSize},
	} {
		if size.n < 1 || size.n > 1<<24 {
			return fault.New(fault.Invalid, "%s is %d: want 1 to %d", size.name, size.n, 1<<24)
		}
	}
	switch {
	case c.HiddenSize%c.NumHeads != 0:
		return fault.New(fault.Invalid, "hidden_size %d is not a multiple of %d attention heads", c.HiddenSize, c.NumHeads)
	case !(c.LayerNormEps >= 0):
		return fault.New(fault.Invalid, "layer_norm_eps %g must be positive", c.LayerNormEps)
	case !transformer.KnownType(c.DType):
		return fault.New(fault.Invalid, "dtype %q is not supported: want float32, bfloat16 or float16", c.DType)
	}
	return nil
}

// JSON returns a config.json that ParseConfig and transformers read, with dtype as the storage type. Fields of a
// loaded file are kept; its class is that of the tensors that are written.
func (c *Config) JSON(dtype string) ([]byte, error) {
	out := maps.Clone(c.raw)
	if out == nil {
		out = map[string]any{"hidden_act": "gelu", "position_embedding_type": "absolute", "initializer_range": c.InitializerRange}
	}
	maps.Copy(out, map[string]any{
		"architectures": []string{c.Class()}, "model_type": Family,
		"vocab_size": c.VocabSize, "hidden_size": c.HiddenSize, "intermediate_size": c.IntermediateSize,
		"num_hidden_layers": c.NumLayers, "num_attention_heads": c.NumHeads, "max_position_embeddings": c.MaxPositions,
		"type_vocab_size": c.TypeVocabSize, "layer_norm_eps": c.LayerNormEps,
	})
	if _, transformers5 := out["dtype"]; transformers5 {
		out["dtype"] = dtype
	} else {
		out["torch_dtype"] = dtype
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	return append(raw, '\n'), err
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
