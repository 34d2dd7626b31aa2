package start

import (
	"slices"
	"strings"

	"hives/pack"
)

// backward says which parts of a model the way back goes through, and what of them it reads. Frozen layers are no
// part of it: gradients end above them.
type backward struct {
	layers   int             // upper layers that gradients pass through
	adapted  map[string]bool // names of linear layers with adapters; nil where the weights are trained
	adapters int64           // ranks of a layer's adapters, added up
}

// backward reads off the model what is trained: how many layers, and of each which matrices.
func (p *Point) backward() *backward {
	b := &backward{layers: p.Model.Sizes().Layers - p.cfg.Model.FreezeLayers}
	for _, a := range p.Model.Adapters() {
		if b.adapted == nil {
			b.adapted = map[string]bool{}
		}
		b.adapted[a.Module[strings.LastIndex(a.Module, ".")+1:]] = true
		b.adapters += int64(a.Rank)
	}
	// Adapters lie on trained layers alone, the same on each.
	b.adapters /= int64(b.layers)
	return b
}

// reads tells whether the way back reads the input of any of these linear layers: it is needed for the
// gradient of a matrix, not for that of the input.
func (b *backward) reads(layers ...string) int {
	if b.adapted == nil || slices.ContainsFunc(layers, func(name string) bool { return b.adapted[name] }) {
		return 1
	}
	return 0
}

// Activations counts, in bytes, what a micro-batch keeps from the way there for the way back. Layers without
// gradient keep nothing, nor does an input that only a matrix without one is multiplied by. With recompute
// (activation checkpointing) each layer keeps its input, and one layer at a time the rest.
//
// What is counted is what the way back reads, in f32, once: of a linear layer its input, where its matrix or an
// adapter beside it is trained; of attention the scores of each row; of a norm its input. docs/GPU.md and
// docs/BENCHMARKS.md have measured peaks beside it.
//
//	4 rows of 128 tokens, one layer of 20,000 numbers a token and 16 rows of scores:
//	4 · 512 · (20,000 + 16·128) = 45 MB a layer;
//	of 28 layers 1.26 GB, or with recompute 59 MB of inputs (H 1,024) and 45 MB of one layer
func (p *Point) Activations(shape pack.Shape, recompute bool) int64 {
	arch, b := p.Model.Architecture(), p.backward()
	tokens, layers := int64(shape.Tokens()), int64(b.layers)
	// What a layer keeps is the family's to know: how many numbers a token, and rows of attention scores.
	numbers, rows := arch.Kept(b.reads)
	layer := 4 * tokens * (int64(numbers) + b.adapters + int64(rows)*int64(shape.Length))
	if recompute {
		return 4*tokens*int64(arch.Sizes().Hidden)*layers + layer
	}
	return layer * layers
}
