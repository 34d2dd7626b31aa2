package decoder

import (
	"fmt"
	"strings"

	"hives/internal/fault"
	"hives/internal/gguf"
	"hives/internal/keys"
	"hives/model/transformer"
)

// Config holds the sizes of a model, under the names of Hugging Face's config.json.
type Config struct {
	VocabSize        int     // V
	HiddenSize       int     // H
	IntermediateSize int     // F
	NumLayers        int     //
	NumHeads         int     // Q
	NumKVHeads       int     // K
	HeadDim          int     // D; Q·D need not equal H
	RMSNormEps       float64 //
	RopeTheta        float64 //
	InitializerRange float64 // standard deviation of random weights
	MaxPositions     int     // longest sequence the model was trained for, tokens
	ModelType        string  // one of Families; empty is Qwen3
	PadTokenID       int     //

	// What follows is of a file, or of a user, and changes no state: transformer.Fingerprint leaves it out.

	DType string `json:"-"` // "float32", "bfloat16" or "float16": how the weights are stored
	Tied  bool   `json:"-"` // the output head, if asked for, is the table of embeddings
	// Head asks for what makes tokens of states. An embedder needs none: its loader reads over one, and leaves this
	// false. A language model sets it between reading the config and loading the weights.
	Head bool `json:"-"`
	// Carried tells that a head of its own lies in the files that the weights came from, and goes along when they are
	// saved: see transformer.Headed. Loading sets it.
	Carried bool `json:"-"`

	// raw keeps every field of the file, so that saving loses none.
	raw map[string]any
}

// QKNorm tells whether queries and keys are normed per head before rotary embedding.
func (c *Config) QKNorm() bool { return c.family().qkNorm }

// configFile lists the fields that are read, in both dialects: transformers 4 keeps rope_theta and torch_dtype on the
// top level, transformers 5 has rope_parameters and dtype. configKeys says what becomes of all others.
type configFile struct {
	ModelType        *string  `json:"model_type"`
	VocabSize        int      `json:"vocab_size"`
	HiddenSize       int      `json:"hidden_size"`
	IntermediateSize int      `json:"intermediate_size"`
	NumLayers        int      `json:"num_hidden_layers"`
	NumHeads         int      `json:"num_attention_heads"`
	NumKVHeads       *int     `json:"num_key_value_heads"`
	HeadDim          *int     `json:"head_dim"`
	RMSNormEps       *float64 `json:"rms_norm_eps"`
	InitializerRange *float64 `json:"initializer_range"`
	MaxPositions     int      `json:"max_position_embeddings"`
	PadTokenID       *int     `json:"pad_token_id"`
	RopeTheta        *float64 `json:"rope_theta"`
	Tied             any      `json:"tie_word_embeddings"` // not where the file says nothing, in all of these families
	transformer.StoredType
}

// LoadConfig reads a config.json of either dialect, or what a GGUF file says instead, and validates it.
func LoadConfig(path string) (*Config, error) {
	if strings.HasSuffix(path, gguf.Extension) {
		cfg, err := ggufConfig(path)
		if err != nil {
			return nil, fmt.Errorf("model config %s: %w", path, err)
		}
		return cfg, nil
	}
	return transformer.ReadConfig(path, ParseConfig)
}

// ParseConfig decodes the bytes of a config.json.
func ParseConfig(raw []byte) (*Config, error) {
	var f configFile
	file, err := configKeys.Decode(raw, &f)
	if err != nil {
		return nil, err
	}
	rope, err := checkNested(file)
	if err != nil {
		return nil, err
	}
	cfg := &Config{raw: file}
	cfg.VocabSize, cfg.HiddenSize, cfg.IntermediateSize = f.VocabSize, f.HiddenSize, f.IntermediateSize
	cfg.NumLayers, cfg.NumHeads, cfg.MaxPositions = f.NumLayers, f.NumHeads, f.MaxPositions
	cfg.NumKVHeads = transformer.ValueOr(f.NumKVHeads, f.NumHeads)
	cfg.RMSNormEps = transformer.ValueOr(f.RMSNormEps, 1e-6)
	cfg.InitializerRange = transformer.ValueOr(f.InitializerRange, .02)
	cfg.PadTokenID = transformer.ValueOr(f.PadTokenID, 0)
	if cfg.RopeTheta, err = f.theta(rope); err != nil {
		return nil, err
	}
	cfg.DType, cfg.Tied = f.StoredType.Name(), f.Tied == true
	cfg.ModelType = transformer.ValueOr(f.ModelType, Qwen3)
	if f.NumHeads > 0 {
		cfg.HeadDim = transformer.ValueOr(f.HeadDim, f.HiddenSize/f.NumHeads)
	}
	return cfg, cfg.Validate()
}

// theta is the base of the rotary frequencies: rope_parameters' before the top level's.
func (f *configFile) theta(rope keys.Object) (float64, error) {
	switch theta := rope["rope_theta"].(type) {
	case nil:
		return transformer.ValueOr(f.RopeTheta, 10000), nil // transformers' default where neither dialect names it
	case float64:
		return theta, nil
	default:
		return 0, fault.New(fault.Invalid, "rope_parameters: rope_theta %v is not a number", theta)
	}
}

// Validate refuses sizes that do not fit each other, with the numbers.
func (c *Config) Validate() error {
	err := transformer.CheckSizes(c.DType, []transformer.Size{
		{Name: "vocab_size", N: c.VocabSize}, {Name: "hidden_size", N: c.HiddenSize},
		{Name: "intermediate_size", N: c.IntermediateSize}, {Name: "num_hidden_layers", N: c.NumLayers},
		{Name: "num_attention_heads", N: c.NumHeads}, {Name: "num_key_value_heads", N: c.NumKVHeads},
		{Name: "head_dim", N: c.HeadDim},
	}...)
	_, ok := known(c.ModelType)
	switch {
	case err != nil:
		return err
	case c.NumHeads%c.NumKVHeads != 0:
		return fault.New(fault.Invalid, "%d query heads are not a multiple of %d key-value heads",
			c.NumHeads, c.NumKVHeads)
	case c.HeadDim%2 != 0:
		return fault.New(fault.Invalid, "head_dim %d is odd: rotary embedding needs pairs", c.HeadDim)
	case !(c.RopeTheta > 0) || !(c.RMSNormEps >= 0):
		return fault.New(fault.Invalid, "rope_theta %g and rms_norm_eps %g must be positive", c.RopeTheta, c.RMSNormEps)
	case !ok:
		return fault.New(fault.Invalid, "family %q: want %s", c.ModelType, anyFamily())
	}
	return nil
}

// JSON returns a config.json that LoadConfig and transformers read, with dtype as the storage type.
// Fields of a loaded file are kept, in the dialect they came in.
func (c *Config) JSON(dtype string) ([]byte, error) {
	out := map[string]any{
		"architectures": []string{c.Class()}, "model_type": c.Family(), "hidden_act": c.family().activation.names[0],
		"attention_bias": false, "use_sliding_window": false, "tie_word_embeddings": !c.OwnHead() && !c.Carried,
		"max_position_embeddings": c.MaxPositions, "initializer_range": c.InitializerRange,
		"vocab_size": c.VocabSize, "hidden_size": c.HiddenSize, "intermediate_size": c.IntermediateSize,
		"num_hidden_layers": c.NumLayers, "num_attention_heads": c.NumHeads,
		"num_key_value_heads": c.NumKVHeads, "head_dim": c.HeadDim, "rms_norm_eps": c.RMSNormEps,
	}
	for k, v := range c.raw {
		out[k] = v
	}
	switch _, said := c.raw["architectures"]; {
	case !c.Head && !c.Tied && !c.Carried: // what the file was of is not in it any more
		out["architectures"] = []string{c.family().class}
	case c.Carried && !said:
		out["architectures"] = []string{c.speaker()}
	}
	if _, transformers5 := out["rope_parameters"]; !transformers5 {
		out["rope_theta"] = c.RopeTheta
	}
	return transformer.MarshalConfig(out, dtype)
}
