package transformer

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
)

// Packed is a batch in which several texts share a row, as package pack lays it out: each text's tokens side by side.
// Three texts "a b c", "d e" and "f" in two rows of 4, with a slot to spare:
//
//	IDs    a b c ·      Texts  0  0  0 -1      Last  2 5 6 0
//	       d e f ·             1  1  2 -1
//
// Last counts over all rows, row·S + column. The fourth slot is unused; it points at 0, and its vector means nothing.
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

// Check panics on inputs that do not fit each other or a model of these sizes.
func (p *Packed) Check(sizes Sizes) {
	i, t, l := p.IDs.Shape(), p.Texts.Shape(), p.Last.Shape()
	if i.Rank() != 2 || !i.Equal(t) || l.Rank() != 1 || l.DType != i.DType || i.DType != dtypes.Int32 {
		panic(fmt.Errorf("transformer: ids %s, texts %s and last %s: want int32 [R, S], [R, S] and [T]", i, t, l))
	}
	if p.Frozen < 0 || p.Frozen >= sizes.Layers {
		panic(fmt.Errorf("transformer: %d frozen layers of %d", p.Frozen, sizes.Layers))
	}
	states := append(slices.Clone(i.Dimensions), sizes.Hidden)
	if x := p.States; x != nil && !slices.Equal(x.Shape().Dimensions, states) {
		panic(fmt.Errorf("transformer: states %s: want [R, S, H] of ids %s and width %d", x.Shape(), i, sizes.Hidden))
	}
}

// Together tells which positions are of one text, [R, S, S]; padding is with padding, so that no row of a softmax is
// without a key. Of the second row above, and of what OnItsLeft leaves of it:
//
//	    d e f ·              d e f ·
//	d   1 1 0 0          d   1 0 0 0
//	e   1 1 0 0          e   1 1 0 0
//	f   0 0 1 0          f   0 0 1 0
//	·   0 0 0 1          ·   0 0 0 1
func (p *Packed) Together() *Node { return Equal(InsertAxes(p.Texts, 2), InsertAxes(p.Texts, 1)) }

// OnItsLeft narrows what each position sees, [R, S, S], query before key, to itself and what is on its left.
func OnItsLeft(allowed *Node) *Node {
	sequence := allowed.Shape().Dim(-1)
	position := Iota(allowed.Graph(), shapes.Make(dtypes.Int32, sequence), 0)          // [S]
	query, key := Reshape(position, 1, sequence, 1), Reshape(position, 1, 1, sequence) // [1, S, 1], [1, 1, S]
	return And(LessOrEqual(key, query), allowed)
}

// Positions counts each position from its text's first token on, of what it sees on its left: [R, S, S] → [R, S]. A
// token sees itself and all before it, so its place is the sum of its row less one: 0 1 0 0 above.
func Positions(left *Node) *Node {
	return AddScalar(ReduceSum(ConvertDType(left, dtypes.Int32), -1), -1)
}

// Pool makes a vector of each slot's states: [R, S, H] → [T, H], in the type of states.
func (p *Packed) Pool(states *Node, pooling Pooling) *Node {
	flat := Reshape(states, -1, states.Shape().Dim(2)) // [R·S, H]
	slots := p.Last.Shape().Dim(0)
	slot := Iota(states.Graph(), shapes.Make(dtypes.Int32, slots, 1), 0) // [T, 1]
	member := Equal(slot, Reshape(p.Texts, 1, -1))                       // [T, R·S]
	switch pooling {
	case LastToken:
		return Gather(flat, InsertAxes(p.Last, -1))
	case FirstToken:
		length := MaxScalar(ReduceSum(ConvertDType(member, dtypes.Int32), -1), 1) // [T], 1 for unused slots
		return Gather(flat, InsertAxes(AddScalar(Sub(p.Last, length), 1), -1))
	case MeanTokens:
		return means(ConvertDType(member, states.DType()), flat)
	}
	panic(fmt.Errorf("transformer: pooling %q", pooling))
}

// means averages the states of each slot's positions: member [T, R·S], flat [R·S, H] → [T, H].
// The sums are a product with the membership matrix, whose order is fixed, unlike that of a scatter on a GPU.
func means(member, flat *Node) *Node {
	count := MaxScalar(ReduceAndKeep(member, ReduceSum, -1), 1) // [T, 1], 1 for unused slots
	return Div(Dot(member, flat).Product(), count)
}
