package qwen3embed

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/model/transformer"
)

// Packed embeds every slot: raw vectors [T, H] in float32 or wider, the same as Raw's of the text alone
// but for rounding. What stands in unused slots is finite and means nothing.
//
// A query looks at keys on its left of its own text, so the mask is block-diagonal and causal. Positions count from
// a text's first token: rotary embedding sees differences only, but rounds by the position, in bf16 to a cosine
// of .9997 between two places of a row.
func (m *Model) Packed(p transformer.Packed, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
	f := m.packed(&p, arith)
	var x *Node // [R, S, H]
	if p.States != nil {
		x = f.Narrow(p.States)
	} else {
		x = f.embed(p.IDs)
	}
	states := f.finish(x, p.Frozen, pooling == transformer.LastToken)
	if pooling == transformer.LastToken {
		return f.Wide(Squeeze(states, 0))
	}
	return p.Pool(f.Wide(states), pooling)
}

// Lower returns the residual stream after the first p.Frozen layers, [R, S, H] in arith.Stream: what Packed
// takes as States. A position's state depends on its own text alone, so it can be kept text by text.
func (m *Model) Lower(p transformer.Packed, arith transformer.Arithmetic) *Node {
	f := m.packed(&p, arith)
	x := f.embed(p.IDs)
	for l := range p.Frozen {
		x = f.layer(l, x, false)
	}
	return x
}

// packed prepares a pass whose mask keeps texts apart.
func (m *Model) packed(p *transformer.Packed, arith transformer.Arithmetic) *forward {
	p.Check(m.Sizes())
	f := m.begin(p.IDs, arith, nil)
	f.last, f.checkpoint = p.Last, p.Checkpoint
	seen := transformer.OnItsLeft(p.Together())
	f.bias = f.attentionBias(seen)
	position := transformer.Positions(seen)
	f.cos, f.sin = at(f.cos, position), at(f.sin, position)
	return f
}

// at looks positions [R, S] up in a table of them, [1, S, 1, D]: [R, S, 1, D].
func at(table, position *Node) *Node {
	rows := Reshape(table, table.Shape().Dim(1), table.Shape().Dim(3))
	return InsertAxes(Gather(rows, InsertAxes(position, -1)), 2)
}

// atLast picks the last token of each text: [R, S, X] → [1, T, X] for axis 1. An axis further right is
// picked in the same way where all axes before it are 1, as they are for a batch of one row.
func (f *forward) atLast(x *Node, axis int) *Node {
	rest := x.Shape().Dimensions[axis+1:]
	flat := Reshape(x, append([]int{-1}, rest...)...)
	dims := append(slices.Repeat([]int{1}, axis), f.last.Shape().Dim(0))
	return Reshape(Gather(flat, InsertAxes(f.last, -1)), append(dims, rest...)...)
}
