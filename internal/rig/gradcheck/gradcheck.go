package gradcheck

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

const (
	// step balances the O(step⁴) error of the five-point formula against rounding, both near 1e-12 for
	// values and arguments of size 1.
	step = 1e-3
	// Tolerance is the largest difference allowed, relative to the gradient's largest entry or 1.
	Tolerance = 1e-7
)

// Compare holds grad, the claimed gradient of f at x, against five-point differences in every
// coordinate. The error names the worst coordinate and both values. x is changed during the call only.
//
//	f(x) = x₀²·x₁ at [2, 3], grad [12, 4]     right
//	grad [12, 4.001]                          gradient[1] is 4.001, differences say 4 (off by 0.001, …)
func Compare(f func(x []float64) float64, x, grad []float64) error {
	if len(x) != len(grad) {
		return fmt.Errorf("gradient of %d entries for an argument of %d", len(grad), len(x))
	}
	// The largest entry sets the scale: where entries cancel, a small one carries the rounding of large ones.
	scale, worst, at, want := 1.0, 0.0, -1, 0.0
	for _, g := range grad {
		scale = math.Max(scale, math.Abs(g))
	}
	for i := range x {
		numeric := derivative(f, x, i)
		diff := math.Abs(numeric - grad[i])
		if at < 0 || diff > worst || math.IsNaN(diff) {
			worst, at, want = diff, i, numeric
		}
		if math.IsNaN(diff) || math.IsInf(diff, 0) {
			break
		}
	}
	// An infinite gradient makes the scale infinite too, so it is refused by itself.
	if math.IsInf(worst, 0) || !(worst <= Tolerance*scale) {
		return fmt.Errorf("gradient[%d] is %g, differences say %g (off by %g, allowed %g)",
			at, grad[at], want, worst, Tolerance*scale)
	}
	return nil
}

// derivative is (8(f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))) / 12h in coordinate i.
//
// Why these weights? f(x ± kh) = f ± kh·f′ + k²h²·f″/2 ± k³h³·f‴/6 + … The even terms cancel in each difference. 8
// times the first and −1 times the second make 12h·f′ and cancel h³·f‴, so the error is of order h⁴.
func derivative(f func([]float64) float64, x []float64, i int) float64 {
	old := x[i]
	defer func() { x[i] = old }()
	at := func(k float64) float64 {
		x[i] = old + k*step
		return f(x)
	}
	return (8*(at(1)-at(-1)) - (at(2) - at(-2))) / (12 * step)
}

// Graph checks the gradient of the scalar that build returns with respect to every Float64 input; other
// inputs (labels) are held. It runs four evaluations for each number of these inputs.
func Graph(backend compute.Backend, build func(inputs []*graph.Node) *graph.Node, inputs ...*tensors.Tensor) error {
	value, err := graph.NewExec(backend, build)
	if err != nil {
		return err
	}
	defer value.Finalize()
	gradients, err := graph.CallOnceN(backend, func(in []*graph.Node) []*graph.Node {
		return graph.Gradient(build(in), floats(in)...)
	}, anys(inputs)...)
	if err != nil {
		return err
	}
	for i, t := range inputs {
		if t.DType() != dtypes.Float64 {
			continue
		}
		grad := tensors.MustCopyFlatData[float64](gradients[0])
		gradients = gradients[1:]
		if err := compareInput(value, inputs, i, grad); err != nil {
			return fmt.Errorf("input %d %s: %w", i, t.Shape(), err)
		}
	}
	return nil
}

// compareInput runs Compare on input i of value, the others held. Compare knows no errors, so a failed
// run is NaN to it, which ends it, and the error is reported in its place.
func compareInput(value *graph.Exec, inputs []*tensors.Tensor, i int, grad []float64) error {
	dims := inputs[i].Shape().Dimensions
	args := anys(inputs)
	var failed error
	f := func(x []float64) float64 {
		args[i] = tensors.FromFlatDataAndDimensions(append([]float64(nil), x...), dims...)
		out, err := value.Call1(args...)
		if err != nil {
			failed = err
			return math.NaN()
		}
		return tensors.ToScalar[float64](out)
	}
	err := Compare(f, tensors.MustCopyFlatData[float64](inputs[i]), grad)
	if failed != nil {
		return failed
	}
	return err
}

// floats picks the Float64 nodes.
func floats(nodes []*graph.Node) []*graph.Node {
	var out []*graph.Node
	for _, n := range nodes {
		if n.DType() == dtypes.Float64 {
			out = append(out, n)
		}
	}
	return out
}

// anys are tensors as an execution takes its arguments.
func anys(ts []*tensors.Tensor) []any {
	out := make([]any, len(ts))
	for i, t := range ts {
		out[i] = t
	}
	return out
}
