package qwen3embed

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
)

// Packed is a batch in which several texts share a row, as package pack lays it out.
type Packed struct {
	IDs   *Node // [R, S] int32 token ids
	Texts *Node // [R, S] int32 slot of the text that a position belongs to, negative at padding
	Last  *Node // [T] int32 flat position (row·S + column) of each slot's last token, 0 for unused slots

	// Checkpoint keeps the input of each layer only and computes the layer again for its gradient: about
	// a third more work for a fraction of the memory. The numbers stay the same.
	Checkpoint bool

	// States, where given, are what Lower returned for these texts, [R, S, H] in any type: the first Frozen
	// layers are not computed again. IDs then give their shape only.
	States *Node
	Frozen int
}

// Packed embeds every slot: raw vectors [T, H] in float32 or wider, the same as Raw's of the text alone
// but for rounding. What stands in unused slots is finite and means nothing.
//
// A query looks at keys on its left of its own text, so the mask is block-diagonal and causal. Positions count from
// a text's first token: rotary embedding sees differences only, but rounds by the position, in bf16 to a cosine
// of .9997 between two places of a row.
func (m *Model) Packed(p Packed, pooling Pooling, arith Arithmetic) *Node {
	f := m.packed(p, arith)
	var x *Node // [R, S, H]
	if p.States != nil {
		x = ConvertDType(p.States, arith.Stream)
	} else {
		x = f.embed(p.IDs)
	}
	states := f.finish(x, p.Frozen, pooling == LastToken)
	if pooling == LastToken {
		return ConvertDType(Squeeze(states, 0), f.wide())
	}
	return segmentMeans(ConvertDType(states, f.wide()), p.Texts, p.Last.Shape().Dim(0))
}

// Lower returns the residual stream after the first p.Frozen layers, [R, S, H] in arith.Stream: what Packed
// takes as States. A position's state depends on its own text alone, so it can be kept text by text.
func (m *Model) Lower(p Packed, arith Arithmetic) *Node {
	f := m.packed(p, arith)
	x := f.embed(p.IDs)
	for l := range p.Frozen {
		x = f.layer(l, x, false)
	}
	return x
}

// packed prepares a pass whose mask keeps texts apart.
func (m *Model) packed(p Packed, arith Arithmetic) *forward {
	p.check(m.Config)
	f := m.begin(p.IDs, arith, nil)
	f.last, f.checkpoint = p.Last, p.Checkpoint
	seen := f.seen(Equal(InsertAxes(p.Texts, 2), InsertAxes(p.Texts, 1))) // [R, S, 1] = [R, 1, S]
	f.bias = f.attentionBias(seen)
	position := AddScalar(ReduceSum(ConvertDType(seen, dtypes.Int32), -1), -1) // [R, S]
	f.cos, f.sin = at(f.cos, position), at(f.sin, position)
	return f
}

// at looks positions [R, S] up in a table of them, [1, S, 1, D]: [R, S, 1, D].
func at(table, position *Node) *Node {
	rows := Reshape(table, table.Shape().Dim(1), table.Shape().Dim(3))
	return InsertAxes(Gather(rows, InsertAxes(position, -1)), 2)
}

func (p *Packed) check(c *Config) {
	i, t, l := p.IDs.Shape(), p.Texts.Shape(), p.Last.Shape()
	if i.Rank() != 2 || !i.Equal(t) || l.Rank() != 1 || l.DType != i.DType || i.DType != dtypes.Int32 {
		panic(fmt.Errorf("qwen3embed: ids %s, texts %s and last %s: want int32 [R, S], [R, S] and [T]", i, t, l))
	}
	if p.Frozen < 0 || p.Frozen >= c.NumLayers {
		panic(fmt.Errorf("qwen3embed: %d frozen layers of %d", p.Frozen, c.NumLayers))
	}
	if x := p.States; x != nil && (x.Rank() != 3 || !slices.Equal(x.Shape().Dimensions, append(slices.Clone(i.Dimensions), c.HiddenSize))) {
		panic(fmt.Errorf("qwen3embed: states %s: want [R, S, H] of ids %s and width %d", x.Shape(), i, c.HiddenSize))
	}
}

// atLast picks the last token of each text: [R, S, X] → [1, T, X] for axis 1. An axis further right is
// picked in the same way where all axes before it are 1, as they are for a batch of one row.
func (f *forward) atLast(x *Node, axis int) *Node {
	rest := x.Shape().Dimensions[axis+1:]
	flat := Reshape(x, append([]int{-1}, rest...)...)
	dims := append(slices.Repeat([]int{1}, axis), f.last.Shape().Dim(0))
	return Reshape(Gather(flat, InsertAxes(f.last, -1)), append(dims, rest...)...)
}

// segmentMeans averages the states of each slot's positions: states [R, S, H], texts [R, S] → [T, H].
// The sums are a product with the membership matrix, whose order is fixed, unlike that of a scatter on a GPU.
func segmentMeans(states, texts *Node, slots int) *Node {
	flat := Reshape(states, -1, states.Shape().Dim(2))                         // [R·S, H]
	slot := Iota(states.Graph(), shapes.Make(dtypes.Int32, slots, 1), 0)       // [T, 1]
	member := ConvertDType(Equal(slot, Reshape(texts, 1, -1)), states.DType()) // [T, R·S]
	count := MaxScalar(ReduceAndKeep(member, ReduceSum, -1), 1)                // [T, 1], 1 for unused slots
	return Div(Dot(member, flat).Product(), count)
}
