package qwen3embed

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/model/decoder"
	"hives/model/transformer"
)

// Hidden returns the states after the final norm, [B, S, H] in arith.Stream, of a text a row: see decoder.Padded.
// tap may be nil.
func (m *Model) Hidden(ids, lengths *Node, arith transformer.Arithmetic, tap transformer.Tap) *Node {
	f := decoder.Padded(m.Weights, ids, lengths, decoder.Options{Arith: arith, Tap: tap})
	return f.States(f.Embed(ids), 0, decoder.Everywhere)
}

// Last returns the states of each row's last token after the final norm, [B, H] in arith.Stream: the same numbers as
// Hidden's last position, but for rounding, with less work.
func (m *Model) Last(ids, lengths *Node, arith transformer.Arithmetic) *Node {
	f := decoder.Padded(m.Weights, ids, lengths, decoder.Options{Arith: arith})
	return Squeeze(f.States(f.Embed(ids), 0, decoder.LastTokens), 1) // [B, 1, H] → [B, H]
}

// Raw embeds: ids [B, S], lengths [B] → the pooled, unnormalised vectors [B, H].
func (m *Model) Raw(ids, lengths *Node, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
	if pooling == transformer.LastToken {
		return ConvertDType(m.Last(ids, lengths, arith), arith.Wide())
	}
	return Pool(m.Hidden(ids, lengths, arith, nil), lengths, pooling, arith)
}

// Pool turns states of rows padded on the left into raw vectors, of the last token or the mean: hidden [B, S, H],
// lengths [B] → [B, H] in float32 or wider.
func Pool(hidden, lengths *Node, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
	wide := arith.Wide()
	sequence := hidden.Shape().Dim(1)
	if pooling == transformer.LastToken {
		last := SliceAxis(hidden, 1, AxisElem(sequence-1))
		return ConvertDType(Squeeze(last, 1), wide)
	}
	first := decoder.FirstToken(lengths, sequence)
	position := Iota(hidden.Graph(), shapes.Make(dtypes.Int32, 1, sequence, 1), 1)
	real := ConvertDType(GreaterOrEqual(position, first), wide) // [B, S, 1]
	count := Reshape(ConvertDType(lengths, wide), -1, 1)
	return Div(ReduceSum(Mul(ConvertDType(hidden, wide), real), 1), count)
}
