package bert

import (
	"fmt"
	"slices"
	"strings"

	"hives/model/transformer"
)

// Layout lists every tensor that vectors need, in the order of the forward pass. Projections are [out, in], as in the
// file.
func (c *Config) Layout() (specs []transformer.Spec) {
	layer, prefix := transformer.Below, "embeddings."
	add := func(kind transformer.Kind, name string, dims ...int) {
		specs = append(specs, transformer.Spec{Name: prefix + name, Dims: dims, Layer: layer, Kind: kind})
	}
	linear := func(name string, out, in int) {
		add(transformer.Matrix, name+".weight", out, in)
		add(transformer.Bias, name+".bias", out)
	}
	norm := func(name string) {
		add(transformer.Gain, name+".weight", c.HiddenSize)
		add(transformer.Bias, name+".bias", c.HiddenSize)
	}
	add(transformer.Matrix, "word_embeddings.weight", c.VocabSize, c.HiddenSize)
	add(transformer.Matrix, "position_embeddings.weight", c.MaxPositions, c.HiddenSize)
	add(transformer.Matrix, "token_type_embeddings.weight", c.TypeVocabSize, c.HiddenSize)
	norm("LayerNorm")
	for layer = range c.NumLayers {
		prefix = fmt.Sprintf("encoder.layer.%d.", layer)
		linear("attention.self.query", c.HiddenSize, c.HiddenSize)
		linear("attention.self.key", c.HiddenSize, c.HiddenSize)
		linear("attention.self.value", c.HiddenSize, c.HiddenSize)
		linear("attention.output.dense", c.HiddenSize, c.HiddenSize)
		norm("attention.output.LayerNorm")
		linear("intermediate.dense", c.IntermediateSize, c.HiddenSize)
		linear("output.dense", c.HiddenSize, c.IntermediateSize)
		norm("output.LayerNorm")
	}
	return specs
}

// linear are the names of the layers that can have an adapter, in the order of the forward pass.
var linear = []string{"query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"}

// Linear, Name and the methods below make a Config an Architecture. "output.dense" names the feed-forward's second
// matrix alone: the one behind attention ends in it too, but has a longer name of its own (see transformer's linear).
func (c *Config) Linear() []string { return linear }

// Family and Class are transformers' names.
func (c *Config) Family() string { return Family }
func (c *Config) Class() string  { return "BertModel" }

// unused are the tensors, and the beginnings of their names, that no vector needs: the pooler, the heads of
// pretraining, and a buffer that counts positions.
var unused = []string{
	"pooler.", "cls.predictions.", "cls.seq_relationship.", "embeddings.position_ids", "embeddings.token_type_ids",
}

// Name drops the prefix that a file of a model with a head has, and passes over what no vector needs. Files from
// TensorFlow call a norm's gain gamma and its bias beta.
func (c *Config) Name(stored string, _ []int) (string, bool) {
	name := strings.TrimPrefix(stored, "bert.")
	if slices.ContainsFunc(unused, func(beginning string) bool { return strings.HasPrefix(name, beginning) }) {
		return "", false
	}
	if norm, ok := strings.CutSuffix(name, "LayerNorm.gamma"); ok {
		name = norm + "LayerNorm.weight"
	} else if norm, ok := strings.CutSuffix(name, "LayerNorm.beta"); ok {
		name = norm + "LayerNorm.bias"
	}
	return name, true
}

// Sizes are those that callers ask for.
func (c *Config) Sizes() transformer.Sizes {
	return transformer.Sizes{
		Vocabulary: c.VocabSize, Hidden: c.HiddenSize, Layers: c.NumLayers,
		Positions: c.MaxPositions, Made: c.MaxPositions, DType: c.DType,
	}
}

// Deviation is initializer_range.
func (c *Config) Deviation() float64 { return c.InitializerRange }

// Refuses nothing: every token sees the whole text, so that the first knows as much as the last, and [CLS] was
// trained to stand for all.
func (c *Config) Refuses(transformer.Pooling) error { return nil }

// First is the config of a model of the first layers only.
func (c *Config) First(layers int) transformer.Architecture {
	kept := *c
	kept.NumLayers = layers
	return &kept
}

// AttentionLength is by the measure of the decoders: the work of all matrices, 2 operations a parameter and token, by
// that of a score, 4·D and transformer.ScoreCost for each of A heads.
func (c *Config) AttentionLength() float64 {
	matrices := 4*c.HiddenSize*c.HiddenSize + 2*c.HiddenSize*c.IntermediateSize
	return 2 * float64(matrices) / float64(4*c.HiddenSize+c.NumHeads*transformer.ScoreCost)
}

// Kept counts: per token the input, q, k and v, the attention's output, the sum and its normed form, the feed-forward
// width before GELU and after it, the second sum; per head a row of logits and of weights.
func (c *Config) Kept(read func(linear ...string) int) (numbers, rows int) {
	numbers = (6+read("query", "key", "value")+read("intermediate.dense")+read("attention.output.dense"))*c.HiddenSize +
		(1+read("output.dense"))*c.IntermediateSize
	return numbers, 2 * c.NumHeads
}
