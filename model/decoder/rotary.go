package decoder

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
)

// Frequency is how far pair j of a head's D/2 pairs is turned from one position to the next, in radians: θ^(−2j/D).
// Worked example, D 4 and θ 10,000: pair 0 turns by 1 a token and tells neighbours apart, pair 1 by .01, a full turn in
// 628 tokens, and tells near from far.
//
// It is the one kind of rotary embedding that is computed here. Kinds that stretch it for texts longer than those of
// the training (linear, llama3, yarn) would change this function alone, and are refused by configKeys and ggufKeys.
func (c *Config) Frequency(j int) float64 {
	return math.Pow(c.RopeTheta, -float64(j)/float64(c.HeadDim/2))
}

// rope returns the cosines and sines of positions 0..sequence-1, [1, S, 1, D], computed in float64. Each half of D
// holds all pairs.
//
// Invariant: only differences of positions matter. Turned by m and n, a query and a key have the product of the two
// unturned ones turned by m − n: so a row may count from its left edge, padding included, or a text from its first
// token, and the scores are the same but for rounding.
func (f *Pass) rope(sequence int) (cos, sin *Node) {
	half := f.cfg.HeadDim / 2
	c, s := make([]float64, sequence*2*half), make([]float64, sequence*2*half)
	for pos := range sequence {
		for j := range half {
			angle := float64(pos) * f.cfg.Frequency(j)
			for _, at := range []int{pos*2*half + j, pos*2*half + half + j} {
				c[at], s[at] = math.Cos(angle), math.Sin(angle)
			}
		}
	}
	table := func(name string, values []float64) *Node {
		t := ConstTensor(f.Graph, tensors.FromFlatDataAndDimensions(values, 1, sequence, 1, 2*half))
		return f.See(name, f.Wide(t))
	}
	return table("rope.cos", c), table("rope.sin", s)
}

// rotate turns each pair (j, j + D/2) of x: [B, T, heads, D], which stands at the asked positions. Of (a, b) it makes
// (a·cos − b·sin, b·cos + a·sin), a half of D at a time: turning all of x at once would want (−second half, first half)
// put together in float32 first. With halves that are narrow before they are joined, 16 × 64 tokens in bf16 take 9 %
// less, by the same bits.
func (f *Pass) rotate(x *Node, asked pick) *Node {
	half := f.cfg.HeadDim / 2
	first := func(x *Node) *Node { return SliceAxis(x, -1, AxisRangeFromStart(half)) }
	second := func(x *Node) *Node { return SliceAxis(x, -1, AxisRangeToEnd(half)) }
	wide, cos, sin := f.Wide(x), asked(f.cos, 1), asked(f.sin, 1)
	a, b := first(wide), second(wide)
	return Concatenate([]*Node{
		f.Narrow(Sub(Mul(a, first(cos)), Mul(b, first(sin)))),
		f.Narrow(Add(Mul(b, second(cos)), Mul(a, second(sin)))),
	}, -1)
}

// at looks positions [R, S] up in a table of them, [1, S, 1, D]: [R, S, 1, D].
func at(table, position *Node) *Node {
	rows := Reshape(table, table.Shape().Dim(1), table.Shape().Dim(3))
	return InsertAxes(Gather(rows, InsertAxes(position, -1)), 2)
}
