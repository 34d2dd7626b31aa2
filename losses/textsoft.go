package losses

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// textSoft is contrast over texts with soft targets: each anchor's weights, divided by their sum, are the
// probabilities that the softmax over its candidates is to have.
//
//	L = mean over i with Σ_a w_ia > 0 of − Σ_j t_ij log p_ij,  t_ij = w_ij / Σ_a w_ia
//
// Three other texts with weights 1, ½ and 0 (the same value and direction, the same level 2, another
// level 1) have the targets ⅔, ⅓ and 0; where the softmax gives ½, ¼, ¼ the anchor costs
// −⅔ log ½ − ⅓ log ¼ = .924. The least it can cost is the targets' entropy, .637, not 0.
//
//	logP: [B, B]    candidates: [B, B] Bool, the only pairs that count    weights: [B, B] from 0 to 1
func textSoft(logP, candidates, weights *Node) Result {
	if weights == nil {
		exceptions.Panicf("losses: %s needs weights of the batch's texts", TextSoft)
	}
	weights = Where(candidates, ConvertDType(weights, logP.DType()), ZerosLike(logP))
	total := ReduceAndKeep(weights, ReduceSum, -1)                           // [B, 1]
	filled := GreaterThan(total, ZerosLike(total))                           // [B, 1]
	targets := Div(weights, Where(filled, total, OnesLike(total)))           // [B, B], a row of zeros where none is near
	number := ReduceAllSum(ConvertDType(filled, logP.DType()))               // anchors with a near text
	loss := Neg(Div(ReduceAllSum(Mul(targets, logP)), MaxScalar(number, 1))) // scalar
	share := Reshape(DivScalar(number, float64(logP.Shape().Dim(0))), 1)     // [1]
	return Result{Loss: loss, Levels: StopGradient(Reshape(loss, 1)), LevelAnchors: StopGradient(share)}
}
