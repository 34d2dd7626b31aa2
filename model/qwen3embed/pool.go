package qwen3embed

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
)

// Pooling says how the states of a text become one vector.
type Pooling string

const (
	// LastToken takes the state of the end token: what Qwen3-Embedding was trained for.
	LastToken Pooling = "last"
	// MeanTokens averages the states of the real tokens, the end token included: for a base that was
	// never an embedder.
	MeanTokens Pooling = "mean"
)

// ParsePooling reads "last" or "mean"; empty is LastToken.
func ParsePooling(name string) (Pooling, error) {
	switch p := Pooling(name); p {
	case "":
		return LastToken, nil
	case LastToken, MeanTokens:
		return p, nil
	}
	return "", fmt.Errorf("pooling %q: want last or mean", name)
}

// Pool turns states into raw vectors: hidden [B, S, H], lengths [B] → [B, H] in float32 or wider.
func Pool(hidden, lengths *Node, pooling Pooling, arith Arithmetic) *Node {
	wide := wideOf(arith)
	sequence := hidden.Shape().Dim(1)
	if pooling == LastToken {
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

// Unit divides each row by its L2 norm after keeping its first d numbers (Matryoshka); d 0 keeps all.
// vectors: [B, H] → [B, d].
func Unit(vectors *Node, d int) *Node {
	if d > 0 && d < vectors.Shape().Dim(1) {
		vectors = SliceAxis(vectors, 1, AxisRangeFromStart(d))
	}
	return L2Normalize(vectors, -1)
}

// Raw embeds: ids [B, S], lengths [B] → the pooled, unnormalised vectors [B, H].
func (m *Model) Raw(ids, lengths *Node, pooling Pooling, arith Arithmetic) *Node {
	if pooling == LastToken {
		return ConvertDType(m.Last(ids, lengths, arith), wideOf(arith))
	}
	return Pool(m.Hidden(ids, lengths, arith, nil), lengths, pooling, arith)
}
