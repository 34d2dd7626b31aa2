package decoder

import (
	"fmt"
	"strings"

	"hives/model/transformer"
)

// axis names the length of one axis of a tensor, in the letters of the package comment.
type axis int

const (
	lenV  axis = iota // V
	lenH              // H
	lenF              // F
	lenD              // D
	lenQD             // Q·D, all heads side by side
	lenKD             // K·D
)

func (c *Config) length(a axis) int {
	return map[axis]int{
		lenV: c.VocabSize, lenH: c.HiddenSize, lenF: c.IntermediateSize, lenD: c.HeadDim,
		lenQD: c.NumHeads * c.HeadDim, lenKD: c.NumKVHeads * c.HeadDim,
	}[a]
}

// tensor is one weight under its names in both formats, without prefixes: safetensors has layers.N. before those of a
// layer, GGUF blk.N. A matrix is [out, in], as in both files.
type tensor struct {
	name, gguf string
	kind       transformer.Kind
	axes       []axis
	of         func(family) bool // the families that have it; nil: all
}

func withBias(f family) bool   { return f.qkvBias }
func withQKNorm(f family) bool { return f.qkNorm }

// Kinds of a tensor; a matrix has the zero value's.
const (
	gain = transformer.Gain
	bias = transformer.Bias
)

// Tensors around the layers. The head is a language model's: of an embedder, and where it is tied to the table of
// embeddings, there is none.
var (
	table     = tensor{name: "embed_tokens.weight", gguf: "token_embd.weight", axes: []axis{lenV, lenH}}
	finalNorm = tensor{name: "norm.weight", gguf: "output_norm.weight", kind: gain, axes: []axis{lenH}}
	ownHead   = tensor{name: "lm_head.weight", gguf: "output.weight", axes: []axis{lenV, lenH}}
)

// layerTensors are those of one layer, in the order of the forward pass.
var layerTensors = []tensor{
	{name: "input_layernorm.weight", gguf: "attn_norm.weight", kind: gain, axes: []axis{lenH}},
	{name: "self_attn.q_proj.weight", gguf: "attn_q.weight", axes: []axis{lenQD, lenH}},
	{name: "self_attn.q_proj.bias", gguf: "attn_q.bias", kind: bias, axes: []axis{lenQD}, of: withBias},
	{name: "self_attn.k_proj.weight", gguf: "attn_k.weight", axes: []axis{lenKD, lenH}},
	{name: "self_attn.k_proj.bias", gguf: "attn_k.bias", kind: bias, axes: []axis{lenKD}, of: withBias},
	{name: "self_attn.v_proj.weight", gguf: "attn_v.weight", axes: []axis{lenKD, lenH}},
	{name: "self_attn.v_proj.bias", gguf: "attn_v.bias", kind: bias, axes: []axis{lenKD}, of: withBias},
	{name: "self_attn.q_norm.weight", gguf: "attn_q_norm.weight", kind: gain, axes: []axis{lenD}, of: withQKNorm},
	{name: "self_attn.k_norm.weight", gguf: "attn_k_norm.weight", kind: gain, axes: []axis{lenD}, of: withQKNorm},
	{name: "self_attn.o_proj.weight", gguf: "attn_output.weight", axes: []axis{lenH, lenQD}},
	{name: "post_attention_layernorm.weight", gguf: "ffn_norm.weight", kind: gain, axes: []axis{lenH}},
	{name: "mlp.gate_proj.weight", gguf: "ffn_gate.weight", axes: []axis{lenF, lenH}},
	{name: "mlp.up_proj.weight", gguf: "ffn_up.weight", axes: []axis{lenF, lenH}},
	{name: "mlp.down_proj.weight", gguf: "ffn_down.weight", axes: []axis{lenH, lenF}},
}

// linear are the names of the layers that can have an adapter, in the order of the forward pass.
var linear = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

// Layout lists every tensor of a model of this config, in the order of the forward pass.
func (c *Config) Layout() []transformer.Spec {
	specs := []transformer.Spec{c.spec(&table, "", transformer.Below)}
	row := c.family()
	for l := range c.NumLayers {
		for i := range layerTensors {
			if t := &layerTensors[i]; t.of == nil || t.of(row) {
				specs = append(specs, c.spec(t, fmt.Sprintf("layers.%d.", l), l))
			}
		}
	}
	specs = append(specs, c.spec(&finalNorm, "", transformer.Above))
	if c.OwnHead() {
		specs = append(specs, c.spec(&ownHead, "", transformer.Above))
	}
	return specs
}

func (c *Config) spec(t *tensor, prefix string, layer int) transformer.Spec {
	dims := make([]int, len(t.axes))
	for i, a := range t.axes {
		dims[i] = c.length(a)
	}
	return transformer.Spec{Name: prefix + t.name, Dims: dims, Layer: layer, Kind: t.kind}
}

// rename translates a name from one format to the other: prefix, number and what follows, or what stands around the
// layers. One that is not known stays as it is, and the loader refuses it.
func rename(name, from, to string, between func(*tensor) (from, to string)) string {
	rest, ofLayer := strings.CutPrefix(name, from)
	if !ofLayer {
		for _, t := range []*tensor{&table, &finalNorm, &ownHead} {
			if theirs, ours := between(t); theirs == name {
				return ours
			}
		}
		return name
	}
	number, inner, _ := strings.Cut(rest, ".")
	for i := range layerTensors {
		if theirs, ours := between(&layerTensors[i]); theirs == inner {
			return to + number + "." + ours
		}
	}
	return name
}

// fromGGUFName is this package's name of a tensor in a GGUF file: blk.3.attn_q.weight is
// layers.3.self_attn.q_proj.weight.
func fromGGUFName(name string) string {
	return rename(name, "blk.", "layers.", func(t *tensor) (string, string) { return t.gguf, t.name })
}

// GGUFName is the way back: a tensor's name in a GGUF file, and which of its rows here stands in row i there.
func (c *Config) GGUFName(name string) (string, func(i int) int) {
	theirs := rename(name, "layers.", "blk.", func(t *tensor) (string, string) { return t.name, t.gguf })
	if half := c.HeadDim / 2; c.paired(name) {
		return theirs, func(i int) int { return i - i%c.HeadDim + i%2*half + i%c.HeadDim/2 } // undoes pairRow
	}
	return theirs, func(i int) int { return i }
}

// paired tells the matrices whose rows lie in another order in a GGUF file.
func (c *Config) paired(name string) bool {
	return c.family().pairedRows &&
		(strings.HasSuffix(name, ".q_proj.weight") || strings.HasSuffix(name, ".k_proj.weight"))
}

// pairRow says in which stored row lies row i of such a matrix. llama.cpp turns neighbouring rows (2j, 2j+1) of a
// head of width d, where transformers and this package turn (j, j + d/2), so its files have each head's rows
// interleaved. Of a head of 4 rows, 0 1 2 3 here are 0 2 1 3 there. Position 0 is not turned: only later ones would
// show a mistake here.
func pairRow(d int) func(i int) int {
	return func(i int) int {
		head, within := i/d, i%d
		return head*d + within%(d/2)*2 + within/(d/2)
	}
}
