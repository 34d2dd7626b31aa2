package qwen3embed

import (
	"fmt"
	"strings"
)

// Spec names one tensor of the model and its shape.
type Spec struct {
	Name string // as in the weights file, without the "model." prefix
	Dims []int
}

// Scope is the folder of the store that holds the model's variables.
const Scope = "/model"

// VariablePath is where a tensor of the weights file lives in the store.
func VariablePath(name string) string {
	return Scope + "/" + strings.ReplaceAll(strings.TrimSuffix(name, ".weight"), ".", "/") + "/weight"
}

// Layout lists every tensor of a model of this config, in the order of the forward pass.
// Projections are [out, in], as in the file.
func (c *Config) Layout() []Spec {
	queries, keys := c.NumHeads*c.HeadDim, c.NumKVHeads*c.HeadDim
	specs := []Spec{{"embed_tokens.weight", []int{c.VocabSize, c.HiddenSize}}}
	for l := range c.NumLayers {
		add := func(name string, dims ...int) {
			specs = append(specs, Spec{fmt.Sprintf("layers.%d.%s.weight", l, name), dims})
		}
		add("input_layernorm", c.HiddenSize)
		add("self_attn.q_proj", queries, c.HiddenSize)
		add("self_attn.k_proj", keys, c.HiddenSize)
		add("self_attn.v_proj", keys, c.HiddenSize)
		if c.QKNorm() {
			add("self_attn.q_norm", c.HeadDim)
			add("self_attn.k_norm", c.HeadDim)
		}
		add("self_attn.o_proj", c.HiddenSize, queries)
		add("post_attention_layernorm", c.HiddenSize)
		add("mlp.gate_proj", c.IntermediateSize, c.HiddenSize)
		add("mlp.up_proj", c.IntermediateSize, c.HiddenSize)
		add("mlp.down_proj", c.HiddenSize, c.IntermediateSize)
	}
	return append(specs, Spec{"norm.weight", []int{c.HiddenSize}})
}

// Parameters is the number of trainable numbers.
func (c *Config) Parameters() int64 {
	var total int64
	for _, spec := range c.Layout() {
		total += int64(size(spec.Dims))
	}
	return total
}

// scoreCost is what mask and softmax of one score take, in floating-point operations of a matrix product. It was
// measured with XLA's CPU plugin on two models 80 times apart in size, which gave 520 and 630 (docs/PACKING.md).
const scoreCost = 600

// AttentionLength is the row length at which a layer's attention takes as long as its other products: those of all
// matrices, 2 operations a parameter and token, by those of a score, 4·D and scoreCost for each of Q heads.
func (c *Config) AttentionLength() float64 {
	projections := 2 * c.HiddenSize * (c.NumHeads + c.NumKVHeads) * c.HeadDim // q and o; k and v
	matrices := projections + 3*c.HiddenSize*c.IntermediateSize
	return 2 * float64(matrices) / float64(c.NumHeads*(4*c.HeadDim+scoreCost))
}

// IsNorm tells the gains of RMS norms, which take no weight decay, from matrices.
func IsNorm(name string) bool {
	return strings.HasSuffix(name, "norm.weight")
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
