package decoder

import (
	"maps"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/model/transformer"
)

// Linear, Name and the methods below make a Config an Architecture.
func (c *Config) Linear() []string { return linear }

// Name drops the prefix that a language model's file has, and passes over what this model does not use: the output head
// of another, and inv_freq, a table that older releases of transformers kept, of what the config says as well.
func (c *Config) Name(stored string, shape []int) (string, bool) {
	head := stored == ownHead.name && !c.OwnHead() && slices.Equal(shape, []int{c.VocabSize, c.HiddenSize})
	return strings.TrimPrefix(stored, "model."), !head && !strings.HasSuffix(stored, ".rotary_emb.inv_freq")
}

// OwnHead tells whether the weights hold a matrix that makes tokens of states, beside the table of embeddings.
func (c *Config) OwnHead() bool { return c.Head && !c.Tied }

// WithHead implements transformer.Headed.
func (c *Config) WithHead() transformer.Architecture {
	if c.Head || c.Tied {
		return nil
	}
	full := *c
	full.Head = true
	return &full
}

// Carry implements transformer.Headed.
func (c *Config) Carry() { c.Carried = true }

// FileName implements transformer.Headed: beside a head of its own the decoder stands under "model.", as transformers'
// class of the language model has it, and without one under no prefix, as that of the bare decoder.
func (c *Config) FileName(name string) string {
	if name == ownHead.name || !c.OwnHead() && !c.Carried {
		return name
	}
	return "model." + name
}

// HeadName is the matrix [V, H] that a language model multiplies its states with: its own, or the table of embeddings.
func (c *Config) HeadName() string {
	if c.OwnHead() {
		return ownHead.name
	}
	return table.name
}

// Family is the config's model_type, Qwen3 where none was said.
func (c *Config) Family() string { return c.family().name }

// Class is transformers' name of the bare decoder, with a head that of the language model.
func (c *Config) Class() string {
	if c.Head {
		return c.speaker()
	}
	return c.family().class
}

// speaker is transformers' name of the decoder with a head.
func (c *Config) speaker() string {
	return strings.TrimSuffix(c.family().class, "Model") + "ForCausalLM"
}

// Sizes leaves the end of positions open: rotary positions know none.
func (c *Config) Sizes() transformer.Sizes {
	return transformer.Sizes{
		Vocabulary: c.VocabSize, Hidden: c.HiddenSize, Layers: c.NumLayers, Made: c.MaxPositions, DType: c.DType,
	}
}

// Deviation is initializer_range.
func (c *Config) Deviation() float64 { return c.InitializerRange }

// Parameters is the number of trainable numbers.
func (c *Config) Parameters() int64 { return transformer.Parameters(c) }

// Refuses: a token sees what is on its left, so the first knows nothing of the text.
func (c *Config) Refuses(pooling transformer.Pooling) error {
	if pooling == transformer.FirstToken {
		return fault.New(fault.Invalid, "pooling first, also called cls_token: the first token of a %s model sees "+
			"nothing of the text after it; want last or mean", c.Family())
	}
	return nil
}

// First is the config of a model of the first layers only.
func (c *Config) First(layers int) transformer.Architecture {
	kept := *c
	kept.NumLayers = layers
	kept.raw = maps.Clone(c.raw)
	kept.Carried = c.Carried && layers == c.NumLayers
	for _, key := range []string{"num_hidden_layers", "layer_types"} {
		delete(kept.raw, key) // they tell of the layers that are gone
	}
	return &kept
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
