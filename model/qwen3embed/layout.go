package qwen3embed

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/model/transformer"
)

// Layout lists every tensor of a model of this config, in the order of the forward pass.
// Projections are [out, in], as in the file.
func (c *Config) Layout() []transformer.Spec {
	queries, keys := c.NumHeads*c.HeadDim, c.NumKVHeads*c.HeadDim
	table := []int{c.VocabSize, c.HiddenSize}
	specs := []transformer.Spec{{Name: "embed_tokens.weight", Dims: table, Layer: transformer.Below}}
	for l := range c.NumLayers {
		add := func(kind transformer.Kind, name string, dims ...int) {
			name = fmt.Sprintf("layers.%d.%s.weight", l, name)
			specs = append(specs, transformer.Spec{Name: name, Dims: dims, Layer: l, Kind: kind})
		}
		add(transformer.Gain, "input_layernorm", c.HiddenSize)
		add(transformer.Matrix, "self_attn.q_proj", queries, c.HiddenSize)
		add(transformer.Matrix, "self_attn.k_proj", keys, c.HiddenSize)
		add(transformer.Matrix, "self_attn.v_proj", keys, c.HiddenSize)
		if c.QKNorm() {
			add(transformer.Gain, "self_attn.q_norm", c.HeadDim)
			add(transformer.Gain, "self_attn.k_norm", c.HeadDim)
		}
		add(transformer.Matrix, "self_attn.o_proj", c.HiddenSize, queries)
		add(transformer.Gain, "post_attention_layernorm", c.HiddenSize)
		add(transformer.Matrix, "mlp.gate_proj", c.IntermediateSize, c.HiddenSize)
		add(transformer.Matrix, "mlp.up_proj", c.IntermediateSize, c.HiddenSize)
		add(transformer.Matrix, "mlp.down_proj", c.HiddenSize, c.IntermediateSize)
	}
	norm := transformer.Spec{Name: "norm.weight", Dims: []int{c.HiddenSize}, Layer: transformer.Above, Kind: transformer.Gain}
	return append(specs, norm)
}

// linear are the names of the layers that can have an adapter, in the order of the forward pass.
var linear = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

// Linear, Name and the methods below make a Config an Architecture.
func (c *Config) Linear() []string { return linear }

// Name drops the prefix that a language model's file has, and passes over what cannot change a vector: an output head
// makes tokens of states, and inv_freq is a table that older releases of transformers kept, of what the config says as
// well.
func (c *Config) Name(stored string, shape []int) (string, bool) {
	head := stored == "lm_head.weight" && slices.Equal(shape, []int{c.VocabSize, c.HiddenSize})
	return strings.TrimPrefix(stored, "model."), !head && !strings.HasSuffix(stored, ".rotary_emb.inv_freq")
}

// Family is the config's model_type, Qwen3 where none was said.
func (c *Config) Family() string {
	if c.ModelType == Llama {
		return Llama
	}
	return Qwen3
}

// Class is transformers' name of the bare decoder.
func (c *Config) Class() string {
	if c.ModelType == Llama {
		return "LlamaModel"
	}
	return "Qwen3Model"
}

// Sizes leaves the end of positions open: rotary positions know none.
func (c *Config) Sizes() transformer.Sizes {
	return transformer.Sizes{Vocabulary: c.VocabSize, Hidden: c.HiddenSize, Layers: c.NumLayers, DType: c.DType}
}

// Deviation is initializer_range.
func (c *Config) Deviation() float64 { return c.InitializerRange }

// Parameters is the number of trainable numbers.
func (c *Config) Parameters() int64 { return transformer.Parameters(c) }

// Refuses: a token sees what is on its left, so the first knows nothing of the text.
func (c *Config) Refuses(pooling transformer.Pooling) error {
	if pooling == transformer.FirstToken {
		return fault.New(fault.Invalid, "pooling first, also called cls_token: the first token of a %s model sees nothing "+
			"of the text after it; want last or mean", c.Family())
	}
	return nil
}

// First is the config of a model of the first layers only.
func (c *Config) First(layers int) transformer.Architecture {
	kept := *c
	kept.NumLayers = layers
	kept.raw = maps.Clone(c.raw)
	for _, key := range []string{"num_hidden_layers", "layer_types"} {
		delete(kept.raw, key) // they tell of the layers that are gone
	}
	return &kept
}

// Numbers are what shapes a layer's arithmetic beside its weights.
func (c *Config) Numbers() []any {
	return []any{c.ModelType, c.NumHeads, c.NumKVHeads, c.HeadDim, c.RMSNormEps, c.RopeTheta}
}

// Kept counts: per token the residual stream twice, both normed inputs, q, k and v raw, normed and turned, the
// attention's output, three feed-forward widths and their product; per head a row of logits and of weights.
func (c *Config) Kept(read func(linear ...string) int) (numbers, rows int) {
	normed := read("q_proj", "k_proj", "v_proj") + read("gate_proj", "up_proj")
	numbers = (2+normed)*c.HiddenSize + (3*c.NumHeads+5*c.NumKVHeads)*c.HeadDim + 3*c.IntermediateSize
	numbers += read("o_proj")*c.NumHeads*c.HeadDim + read("down_proj")*c.IntermediateSize
	return numbers, 2 * c.NumHeads
}

// AttentionLength is the row length at which a layer's attention takes as long as its other products: those of all
// matrices, 2 operations a parameter and token, by those of a score, 4·D and transformer.ScoreCost for each of Q heads.
func (c *Config) AttentionLength() float64 {
	projections := 2 * c.HiddenSize * (c.NumHeads + c.NumKVHeads) * c.HeadDim // q and o; k and v
	matrices := projections + 3*c.HiddenSize*c.IntermediateSize
	return 2 * float64(matrices) / float64(c.NumHeads*(4*c.HeadDim+transformer.ScoreCost))
}
