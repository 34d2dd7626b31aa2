package losses

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"hives/internal/fault"
)

// InfoNCE pulls each vector to its own anchor and away from every other one of the whole bank:
//
//	L = mean over i with id(i) ≥ 0 of log Σ_k exp(e_i·b_k/τ) − e_i·b_id(i)/τ
//
// and 0 when no row has an id.
//
//	e: [B, H] unit rows (Normalize)    bank: [K, H] unit rows    ids: [B] Int32, −1 where none
//
// Gradient flows to both e and bank. An id of K or more cannot be refused here and would count as a row
// already solved: call CheckAnchorIDs where the rows are read.
//
// Source: VALUEFLOW section 4; van den Oord et al. 2018, arXiv:1807.03748.
func InfoNCE(e, bank, ids *Node, tau float64) *Node {
	if err := checkTemperature("temperature", tau); err != nil {
		panic(err)
	}
	checkBank(e, bank)
	checkIDs(e, ids, "ids")
	logP := logSoftmax(similarity(e, bank, tau))                             // [B, K]
	own := OneHot(ids, bank.Shape().Dim(0), e.DType())                       // [B, K], a row of zeros where id is −1
	assigned := ConvertDType(GreaterOrEqual(ids, ZerosLike(ids)), e.DType()) // [B]
	sum := ReduceAllSum(Mul(own, logP))
	return Neg(Div(sum, MaxScalar(ReduceAllSum(assigned), 1)))
}

// CheckAnchorIDs refuses an id that is neither −1 nor in [0, bankSize), with the row's number from 0. Call it
// once, where rows are read: in a graph such an id has a one-hot row of zeros and would lower the mean without a
// word.
func CheckAnchorIDs(ids []int32, bankSize int) error {
	for row, id := range ids {
		if id < -1 || int(id) >= bankSize {
			return fault.New(fault.Mismatch,
				"losses: row %d has anchor id %d, the bank holds %d: use the bank the rows were assigned with",
				row, id, bankSize)
		}
	}
	return nil
}

// checkBank asserts bank: [K, H] beside e: [B, H].
func checkBank(e, bank *Node) {
	if e.Rank() != 2 || bank.Rank() != 2 || e.Shape().Dim(1) != bank.Shape().Dim(1) || e.DType() != bank.DType() {
		exceptions.Panicf("losses: anchor bank %s beside vectors %s, want [K, H] and [B, H] of one dtype",
			bank.Shape(), e.Shape())
	}
}

// sharedID is supervised contrast among the rows that have an id, rows of equal id being positives, as the
// authors' code has it in the place of InfoNCE: e: [B, H], ids: [B]. Mean over rows that have a positive; rows
// without an id are not even negatives. No anchor vector takes part: rows are drawn to each other, not to a bank.
func sharedID(e, ids *Node, tau float64) *Node {
	checkIDs(e, ids, "ids")
	assigned := InsertAxes(GreaterOrEqual(ids, ZerosLike(ids)), 0) // [1, B]
	candidates := LogicalAnd(LogicalNot(Diagonal(e.Graph(), e.Shape().Dim(0))), assigned)
	mask := LogicalAnd(pairsEqual(ids), candidates)
	logP := logProbabilities(similarity(e, e, tau), candidates)
	perAnchor, filled := contrast(logP, masksToFloat([]*Node{mask}, e))
	return Div(ReduceAllSum(perAnchor), MaxScalar(ReduceAllSum(filled), 1))
}
