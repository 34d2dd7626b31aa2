package bert

import (
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

	// DType is "float32", "bfloat16" or "float16": how the weights are stored, of no effect on a state.
	DType string `json:"-"`

	// raw keeps every field of the file, so that saving loses none.
	raw map[string]any
}

// configFile lists the fields that are read; configKeys says what becomes of all others. Where one is left
// out, transformers' default holds.
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
	transformer.StoredType
}

// ParseConfig decodes the bytes of a config.json.
func ParseConfig(raw []byte) (*Config, error) {
	var f configFile
	file, err := configKeys.Decode(raw, &f)
	if err != nil {
		return nil, err
	}
	cfg := &Config{raw: file}
	cfg.VocabSize, cfg.HiddenSize = transformer.ValueOr(f.VocabSize, 30522), transformer.ValueOr(f.HiddenSize, 768)
	cfg.IntermediateSize = transformer.ValueOr(f.IntermediateSize, 3072)
	cfg.NumLayers = transformer.ValueOr(f.NumLayers, 12)
	cfg.NumHeads = transformer.ValueOr(f.NumHeads, 12)
	cfg.MaxPositions = transformer.ValueOr(f.MaxPositions, 512)
	cfg.TypeVocabSize = transformer.ValueOr(f.TypeVocabSize, 2)
	cfg.LayerNormEps = transformer.ValueOr(f.LayerNormEps, 1e-12)
	cfg.InitializerRange = transformer.ValueOr(f.InitializerRange, .02)
	cfg.DType = f.StoredType.Name()
	return cfg, cfg.Validate()
}

// Validate refuses sizes that do not fit each other, with the numbers.
func (c *Config) Validate() error {
	err := transformer.CheckSizes(c.DType, []transformer.Size{
		{Name: "vocab_size", N: c.VocabSize}, {Name: "hidden_size", N: c.HiddenSize},
		{Name: "intermediate_size", N: c.IntermediateSize},
		{Name: "num_hidden_layers", N: c.NumLayers}, {Name: "num_attention_heads", N: c.NumHeads},
		{Name: "max_position_embeddings", N: c.MaxPositions}, {Name: "type_vocab_size", N: c.TypeVocabSize},
	}...)
	switch {
	case err != nil:
		return err
	case c.HiddenSize%c.NumHeads != 0:
		return fault.New(fault.Invalid, "hidden_size %d is not a multiple of %d attention heads",
			c.HiddenSize, c.NumHeads)
	case !(c.LayerNormEps >= 0):
		return fault.New(fault.Invalid, "layer_norm_eps %g must be positive", c.LayerNormEps)
	}
	return nil
}

// JSON returns a config.json that ParseConfig and transformers read, with dtype as the storage type. Fields of a
// loaded file are kept; its class is that of the tensors that are written.
func (c *Config) JSON(dtype string) ([]byte, error) {
	out := maps.Clone(c.raw)
	if out == nil {
		out = map[string]any{
			"hidden_act": "gelu", "position_embedding_type": "absolute", "initializer_range": c.InitializerRange,
		}
	}
	maps.Copy(out, map[string]any{
		"architectures": []string{c.Class()}, "model_type": Family,
		"vocab_size": c.VocabSize, "hidden_size": c.HiddenSize, "intermediate_size": c.IntermediateSize,
		"num_hidden_layers": c.NumLayers, "num_attention_heads": c.NumHeads, "max_position_embeddings": c.MaxPositions,
		"type_vocab_size": c.TypeVocabSize, "layer_norm_eps": c.LayerNormEps,
	})
	return transformer.MarshalConfig(out, dtype)
}
