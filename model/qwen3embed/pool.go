package qwen3embed

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/model/transformer"
)

// Pool turns states of rows padded on the left into raw vectors, of the last token or the mean: hidden [B, S, H],
// lengths [B] → [B, H] in float32 or wider.
func Pool(hidden, lengths *Node, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
	wide := arith.Wide()
	sequence := hidden.Shape().Dim(1)
	if pooling == transformer.LastToken {
		last := SliceAxis(hidden, 1, AxisElem(sequence-1))
		return ConvertDType(Squeeze(last, 1), wide)
	}
	first := firstToken(lengths, sequence)
	real := ConvertDType(GreaterOrEqual(Iota(hidden.Graph(), shapes.Make(dtypes.Int32, 1, sequence, 1), 1), first), wide)
	count := Reshape(ConvertDType(lengths, wide), -1, 1)
	return Div(ReduceSum(Mul(ConvertDType(hidden, wide), real), 1), count)
}

// firstToken is the position at which each row's padding ends: lengths [B] → [B, 1, 1].
func firstToken(lengths *Node, sequence int) *Node {
	return Reshape(SubScalar(Neg(lengths), -sequence), -1, 1, 1)
}

// Raw embeds: ids [B, S], lengths [B] → the pooled, unnormalised vectors [B, H].
func (m *Model) Raw(ids, lengths *Node, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
	if pooling == transformer.LastToken {
		return ConvertDType(m.Last(ids, lengths, arith), arith.Wide())
	}
	return Pool(m.Hidden(ids, lengths, arith, nil), lengths, pooling, arith)
}
