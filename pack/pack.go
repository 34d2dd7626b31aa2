package pack

import "hives/internal/fault"

// MaxShapes is how many shapes Choose gives at most: each is a graph to compile and to keep.
const MaxShapes = 8

// Attention is the row length at which attention costs as much as everything else in a layer, where nothing is
// known of the model: about that of the 0.6B shape. A model's AttentionLength knows it.
const Attention = 2048

// Shape is what a graph is compiled for.
type Shape struct {
	Rows   int // R
	Length int // S, tokens a row
	Texts  int // T, texts a batch can hold
}

// Tokens is how many tokens a batch of this shape computes, padding included.
func (s Shape) Tokens() int { return s.Rows * s.Length }

// Cost is the work of one batch, in tokens of an infinitely short row: R·S·(1 + S/attention). A position is
// compared with the S of its row, so attention grows with S² a row; the rest of a layer costs the same for every
// position. At S = attention the two are equal, and the batch costs twice its tokens. 8 × 256 at 2,048: 2,048 ·
// 1.125 = 2,304.
func (s Shape) Cost(attention float64) float64 {
	return float64(s.Tokens()) * (1 + float64(s.Length)/attention)
}

func (s Shape) validate() error {
	if s.Rows < 1 || s.Length < 1 || s.Texts < 1 || s.Rows > (1<<31-1)/s.Length {
		return fault.New(fault.Invalid, "shape of %d rows × %d tokens for %d texts: want 1 or more of each and fewer than "+
			"2³¹ tokens",
			s.Rows, s.Length, s.Texts)
	}
	return nil
}

// Batch is a full set of inputs of one shape. Slots from len(Members) on hold no text. Two texts of 3 and 2
// tokens in 1 × 6 with 3 slots:
//
//	IDs      7 8 9 4 5 0
//	Texts    0 0 0 1 1 −1
//	Last     2 4 0          the third slot is unused, and its vector means nothing
//	Members  0 1
type Batch struct {
	Shape
	IDs     []int32 // [R·S] token ids, 0 at padding
	Texts   []int32 // [R·S] the slot that a position belongs to, −1 at padding
	Last    []int32 // [T] flat position row·S + column of each slot's last token, 0 for unused slots
	Members []int   // slot i holds the caller's text Members[i]
}

// Tokens is the number of tokens that belong to a text.
func (b *Batch) Tokens() int {
	n := 0
	for _, t := range b.Texts {
		if t >= 0 {
			n++
		}
	}
	return n
}

// Fill is the share of computed tokens that belong to a text.
func (b *Batch) Fill() float64 { return float64(b.Tokens()) / float64(b.Shape.Tokens()) }

// place says where one text stands.
type place struct {
	text        int // the caller's index
	row, column int
}

// layOut copies texts to their places, which come in the order of the slots.
func layOut(texts [][]int32, shape Shape, places []place) Batch {
	b := Batch{
		Shape: shape, IDs: make([]int32, shape.Tokens()), Texts: make([]int32, shape.Tokens()),
		Last: make([]int32, shape.Texts), Members: make([]int, len(places)),
	}
	for i := range b.Texts {
		b.Texts[i] = -1
	}
	for slot, p := range places {
		start := p.row*shape.Length + p.column
		end := start + copy(b.IDs[start:], texts[p.text])
		for at := start; at < end; at++ {
			b.Texts[at] = int32(slot)
		}
		b.Last[slot], b.Members[slot] = int32(end-1), p.text
	}
	return b
}
