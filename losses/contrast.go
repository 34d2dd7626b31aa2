package losses

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// noLogit stands where a row meets itself or what does not count. exp of it is 0 in f32 and f64 and,
// unlike −Inf, it stays finite when a row of nothing else is shifted by its own maximum (B = 1).
const noLogit = -1e9

// Normalize takes raw vectors [N, H] to unit rows, f64 if they are f64 and f32 otherwise.
//
// Rows are first divided by their largest entry, a constant to the gradient since e does not depend on
// length: squares then neither overflow nor vanish. A row with no entry above tiny is taken as it is, that
// is as 0.
func Normalize(z *Node) *Node {
	if z.DType() != dtypes.Float64 {
		z = ConvertDType(z, dtypes.Float32)
	}
	const tiny = 1e-30
	size := StopGradient(ReduceAndKeep(Abs(z), ReduceMax, -1)) // [N, 1]
	size = Where(LessThan(size, ConstAs(size, tiny)), OnesLike(size), size)
	return L2Normalize(Div(z, size), -1)
}

// similarity is a·bᵀ/τ: [A, H], [B, H] → [A, B].
func similarity(a, b *Node, tau float64) *Node {
	return DivScalar(Einsum("ih,jh->ij", a, b), tau)
}

// pairsEqual compares every two entries of x: [B] → [B, B] Bool.
func pairsEqual(x *Node) *Node {
	return Equal(InsertAxes(x, -1), InsertAxes(x, 0))
}

// positiveMasks returns for each level v the pairs j ∈ P_v(i) among the candidates: L nodes [B, B] Bool,
// each a subset of the one before. With directionLeaf the levels take every direction, and one more level
// follows them: the whole path, missing labels being equal, and the direction. It is no subset.
func positiveMasks(r rules, candidates *Node, l Labels) []*Node {
	base := candidates
	if !r.anyTheory {
		base = LogicalAnd(base, pairsEqual(l.Theory))
	}
	same := LogicalAnd(base, pairsEqual(l.Direction))
	if r.directionLeaf {
		return append(pathMasks(r, base, l.Levels), last(pathMasks(rules{missingShared: true}, same, l.Levels)))
	}
	return pathMasks(r, same, l.Levels)
}

// pathMasks narrows a mask [B, B] level by level to the pairs of equal labels 1..v. The paths 1/2/– and 1/2/5
// agree at levels 1 and 2; at level 3 the row whose path has ended has no positives, unless a missing label
// counts as one.
func pathMasks(r rules, mask, levels *Node) []*Node {
	masks := make([]*Node, levels.Shape().Dim(1))
	for v := range masks {
		label := Squeeze(SliceAxis(levels, 1, AxisElem(v)), 1) // [B]
		mask = LogicalAnd(mask, pairsEqual(label))
		if !r.missingShared {
			// One side is enough: an equal label is present on both sides or on neither.
			present := GreaterOrEqual(label, ScalarZero(label.Graph(), label.DType()))
			mask = LogicalAnd(mask, InsertAxes(present, -1))
		}
		masks[v] = mask
	}
	return masks
}

func last(masks []*Node) *Node { return masks[len(masks)-1] }

// masksToFloat stacks L masks [B, B] to [L, B, B] in the dtype of like.
func masksToFloat(masks []*Node, like *Node) *Node {
	return ConvertDType(Stack(masks, 0), like.DType())
}

// logProbabilities takes logits s [B, B] to s_ij − log Σ_a exp s_ia over the candidates a of row i, given as [B,
// B] Bool. Entries that are no candidates mean nothing, but they are finite, so that multiplying them by a mask
// of zeros removes them and their gradient; with −∞ it would leave NaN.
func logProbabilities(logits, candidates *Node) *Node {
	return logSoftmax(Where(candidates, logits, ConstAs(logits, noLogit)))
}

// logSoftmax runs over the last axis. The shift by the maximum is a constant to the gradient, which is
// exact, since any constant shift cancels.
func logSoftmax(logits *Node) *Node {
	shifted := Sub(logits, StopGradient(ReduceAndKeep(logits, ReduceMax, -1)))
	return Sub(shifted, Log(ReduceAndKeep(Exp(shifted), ReduceSum, -1)))
}

// contrast averages −log p over the positives of each anchor: logP [B, B], positives [L, B, B] of 0 and 1. It
// returns the loss per anchor and whether it has a positive, both [L, B]; 0 where it has none.
//
// One anchor with two positives among three other rows, all logits alike: each −log p is log 3, and so is the
// mean. More positives do not make the loss larger, which lets levels with many and with few be compared.
func contrast(logP, positives *Node) (perAnchor, filled *Node) {
	number := ReduceSum(positives, -1)
	sum := ReduceSum(Mul(positives, InsertAxes(logP, 0)), -1)
	return Neg(Div(sum, MaxScalar(number, 1))), MinScalar(number, 1)
}
