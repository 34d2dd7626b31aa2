package optim

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// globalNorm is √Σ‖g‖² over all gradients, a Float64 scalar.
//
// Rows are summed in the gradient's dtype and the rows' sums in f64: 155M squares of an embedding table
// added up in f32 would lose the small ones, and the change of dtype keeps XLA from merging the sums.
func globalNorm(grads []*Node) *Node {
	total := ScalarZero(grads[0].Graph(), dtypes.Float64)
	for _, grad := range grads {
		squares := Square(ConvertDType(grad, workType(grad.DType())))
		if squares.Rank() > 1 {
			squares = ReduceSum(squares, -1)
		}
		total = Add(total, ReduceAllSum(ConvertDType(squares, dtypes.Float64)))
	}
	return Sqrt(total)
}

// clipFactor is min(1, MaxGradNorm/(norm + 1e-6)).
func (o *AdamW) clipFactor(norm *Node) *Node {
	if o.MaxGradNorm == 0 {
		return OnesLike(norm)
	}
	return MinScalar(MulScalar(Reciprocal(AddScalar(norm, clipEpsilon)), o.MaxGradNorm), 1)
}
