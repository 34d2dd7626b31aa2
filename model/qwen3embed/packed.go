package qwen3embed

import (
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/model/decoder"
	"hives/model/transformer"
)

// Packed embeds every slot: raw vectors [T, H] in float32 or wider, the same as Raw's of the text alone
// but for rounding. What stands in unused slots is finite and means nothing.
func (m *Model) Packed(p transformer.Packed, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
	f := decoder.Packed(m.Weights, &p, decoder.Options{Arith: arith, Checkpoint: p.Checkpoint})
	var x *Node // [R, S, H]
	if p.States != nil {
		x = f.Narrow(p.States)
	} else {
		x = f.Embed(p.IDs)
	}
	if pooling == transformer.LastToken {
		return f.Wide(Squeeze(f.States(x, p.Frozen, decoder.LastTokens), 0)) // [1, T, H] → [T, H]
	}
	return p.Pool(f.Wide(f.States(x, p.Frozen, decoder.Everywhere)), pooling)
}

// Lower returns the residual stream after the first p.Frozen layers, [R, S, H] in arith.Stream: what Packed
// takes as States. A position's state depends on its own text alone, so it can be kept text by text.
func (m *Model) Lower(p transformer.Packed, arith transformer.Arithmetic) *Node {
	f := decoder.Packed(m.Weights, &p, decoder.Options{Arith: arith})
	return f.Layers(f.Embed(p.IDs), 0, p.Frozen)
}
