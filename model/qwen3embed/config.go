package qwen3embed

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"hives/internal/fault"
	"hives/internal/gguf"
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
	DType            string  // "float32", "bfloat16" or "float16": how the weights are stored
	Family           string  // Qwen3 or Llama; empty is Qwen3
	PadTokenID       int     //

	// raw keeps every field of the file, so that saving loses none.
	raw map[string]any
}

// Families of decoders, under the names of config.json's model_type. They differ in one thing: Llama does
// not norm queries and keys.
const (
	Qwen3 = "qwen3"
	Llama = "llama"
)

// QKNorm tells whether queries and keys are normed per head before rotary embedding.
func (c *Config) QKNorm() bool { return c.Family != Llama }

// configFile lists the fields that decide the arithmetic, in both dialects: transformers 4 keeps
// rope_theta and torch_dtype on the top level, transformers 5 has rope_parameters and dtype.
type configFile struct {
	ModelType        *string  `json:"model_type"`
	VocabSize        int      `json:"vocab_size"`
	HiddenSize       int      `json:"hidden_size"`
	IntermediateSize int      `json:"intermediate_size"`
	NumLayers        int      `json:"num_hidden_layers"`
	NumHeads         int      `json:"num_attention_heads"`
	NumKVHeads       *int     `json:"num_key_value_heads"`
	HeadDim          *int     `json:"head_dim"`
	HiddenAct        string   `json:"hidden_act"`
	RMSNormEps       *float64 `json:"rms_norm_eps"`
	InitializerRange *float64 `json:"initializer_range"`
	MaxPositions     int      `json:"max_position_embeddings"`
	AttentionBias    bool     `json:"attention_bias"`
	MLPBias          bool     `json:"mlp_bias"`
	RopeInterleaved  bool     `json:"rope_interleaved"`
	UseSlidingWindow bool     `json:"use_sliding_window"`
	Tied             *bool    `json:"tie_word_embeddings"`
	PadTokenID       *int     `json:"pad_token_id"`
	LayerTypes       []string `json:"layer_types"`

	RopeTheta      *float64       `json:"rope_theta"`
	RopeScaling    map[string]any `json:"rope_scaling"`
	RopeParameters *struct {
		RopeTheta *float64 `json:"rope_theta"`
		RopeType  string   `json:"rope_type"`
	} `json:"rope_parameters"`
	TorchDType string `json:"torch_dtype"`
	DType      string `json:"dtype"`
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
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "model config: %w; a model folder holds config.json, model.safetensors and tokenizer.json", err)
	}
	cfg, err := ParseConfig(raw)
	if err != nil {
		return nil, fmt.Errorf("model config %s: %w", path, err)
	}
	return cfg, nil
}

// ParseConfig decodes the bytes of a config.json.
func ParseConfig(raw []byte) (*Config, error) {
	var f configFile
	cfg := &Config{}
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fault.New(fault.Invalid, "not a JSON object: %w", err)
	}
	if err := json.Unmarshal(raw, &cfg.raw); err != nil {
		return nil, fault.New(fault.Invalid, "not a JSON object: %w", err)
	}
	if err := f.refuse(); err != nil {
		return nil, err
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.IntermediateSize = f.VocabSize, f.HiddenSize, f.IntermediateSize
	cfg.NumLayers, cfg.NumHeads, cfg.MaxPositions = f.NumLayers, f.NumHeads, f.MaxPositions
	cfg.NumKVHeads = valueOr(f.NumKVHeads, f.NumHeads)
	cfg.RMSNormEps = valueOr(f.RMSNormEps, 1e-6)
	cfg.InitializerRange = valueOr(f.InitializerRange, .02)
	cfg.PadTokenID = valueOr(f.PadTokenID, 0)
	cfg.RopeTheta = f.theta()
	cfg.DType = f.dtype()
	cfg.Family = valueOr(f.ModelType, Qwen3)
	if f.NumHeads > 0 {
		cfg.HeadDim = valueOr(f.HeadDim, f.HiddenSize/f.NumHeads)
	}
	return cfg, cfg.Validate()
}

// refuse names what the config asks for and this package does not compute.
func (f *configFile) refuse() error {
	switch {
	case f.ModelType != nil && *f.ModelType != Qwen3 && *f.ModelType != Llama:
		return fault.New(fault.Invalid, "model_type %q is not supported: want %s or %s", *f.ModelType, Qwen3, Llama)
	case f.HiddenAct != "" && f.HiddenAct != "silu":
		return fault.New(fault.Invalid, "hidden_act %q is not supported: want silu", f.HiddenAct)
	case f.AttentionBias || f.MLPBias:
		return fault.New(fault.Invalid, "attention_bias and mlp_bias are not supported")
	case f.RopeInterleaved:
		return fault.New(fault.Invalid, "rope_interleaved is not supported: want the rotate-half pairing")
	case f.UseSlidingWindow:
		return fault.New(fault.Invalid, "use_sliding_window is not supported")
	case len(f.RopeScaling) > 0:
		return fault.New(fault.Invalid, "rope_scaling is not supported")
	case f.RopeParameters != nil && f.RopeParameters.RopeType != "" && f.RopeParameters.RopeType != "default":
		return fault.New(fault.Invalid, "rope_type %q is not supported: want default", f.RopeParameters.RopeType)
	}
	for i, kind := range f.LayerTypes {
		if kind != "full_attention" {
			return fault.New(fault.Invalid, "layer_types[%d] %q is not supported: want full_attention", i, kind)
		}
	}
	return nil
}

func (f *configFile) theta() float64 {
	if f.RopeParameters != nil && f.RopeParameters.RopeTheta != nil {
		return *f.RopeParameters.RopeTheta
	}
	return valueOr(f.RopeTheta, 10000) // transformers' default where neither dialect names it
}

func (f *configFile) dtype() string {
	for _, name := range []string{f.DType, f.TorchDType} {
		if name != "" {
			return name
		}
	}
	return "float32"
}

// Validate refuses sizes that do not fit each other, with the numbers.
func (c *Config) Validate() error {
	for _, size := range []struct {
		name string
		n    int
	}{
		{"vocab_size", c.VocabSize}, {"hidden_size", c.HiddenSize}, {"intermediate_size", c.IntermediateSize},
		{"num_hidden_layers", c.NumLayers}, {"num_attention_heads", c.NumHeads},
		{"num_key_value_heads", c.NumKVHeads}, {"head_dim", c.HeadDim},
	} {
		if size.n < 1 || size.n > 1<<24 {
			return fault.New(fault.Invalid, "%s is %d: want 1 to %d", size.name, size.n, 1<<24)
		}
	}
	switch {
	case c.NumHeads%c.NumKVHeads != 0:
		return fault.New(fault.Invalid, "%d query heads are not a multiple of %d key-value heads", c.NumHeads, c.NumKVHeads)
	case c.HeadDim%2 != 0:
		return fault.New(fault.Invalid, "head_dim %d is odd: rotary embedding needs pairs", c.HeadDim)
	case !(c.RopeTheta > 0) || !(c.RMSNormEps >= 0):
		return fault.New(fault.Invalid, "rope_theta %g and rms_norm_eps %g must be positive", c.RopeTheta, c.RMSNormEps)
	case c.Family != "" && c.Family != Qwen3 && c.Family != Llama:
		return fault.New(fault.Invalid, "family %q: want %s or %s", c.Family, Qwen3, Llama)
	case c.DType != "float32" && c.DType != "bfloat16" && c.DType != "float16":
		return fault.New(fault.Invalid, "dtype %q is not supported: want float32, bfloat16 or float16", c.DType)
	}
	return nil
}

// JSON returns a config.json that LoadConfig and transformers read, with dtype as the storage type.
// Fields of a loaded file are kept, in the dialect they came in.
func (c *Config) JSON(dtype string) ([]byte, error) {
	family, architecture := Qwen3, "Qwen3Model"
	if c.Family == Llama {
		family, architecture = Llama, "LlamaModel"
	}
	out := map[string]any{
		"architectures": []string{architecture}, "model_type": family, "hidden_act": "silu",
		"attention_bias": false, "use_sliding_window": false, "tie_word_embeddings": true,
		"max_position_embeddings": c.MaxPositions, "initializer_range": c.InitializerRange,
		"vocab_size": c.VocabSize, "hidden_size": c.HiddenSize, "intermediate_size": c.IntermediateSize,
		"num_hidden_layers": c.NumLayers, "num_attention_heads": c.NumHeads,
		"num_key_value_heads": c.NumKVHeads, "head_dim": c.HeadDim, "rms_norm_eps": c.RMSNormEps,
	}
	for k, v := range c.raw {
		out[k] = v
	}
	if _, transformers5 := out["rope_parameters"]; !transformers5 {
		out["rope_theta"] = c.RopeTheta
	}
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
