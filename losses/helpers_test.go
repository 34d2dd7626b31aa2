package losses

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
)

var openGo = sync.OnceValues(func() (*engine.Engine, error) {
	return engine.Open(context.Background(), engine.Options{Kind: engine.Go})
})

// goBackend is the Go engine, whatever the machine offers.
func goBackend(t testing.TB) compute.Backend {
	t.Helper()
	e, err := openGo()
	if err != nil {
		t.Fatal(err)
	}
	return e.Backend
}

// Allowed distance from a reference, relative to its largest entry or 1. Seen: 1e-14 in f64 and 2e-6 in
// f32, where logits reach 100 at τ = .01.
const (
	tolerance64 = 1e-12
	tolerance32 = 4e-5
)

// evaluate builds and runs a graph once on the Go engine, which compiles nothing: a hundred shapes and
// variants take a second there and a minute on XLA.
func evaluate(t testing.TB, dtype dtypes.DType, build func([]*Node) []*Node, args ...any) [][]float64 {
	t.Helper()
	return compile(t, goBackend(t), dtype, build)(t, args...)
}

// compile turns build into a function of Go values. Floating-point arguments enter the graph as dtype and
// gradients are taken with respect to these; all outputs come back as float64.
func compile(t testing.TB, backend compute.Backend, dtype dtypes.DType, build func([]*Node) []*Node) func(testing.TB,
	...any) [][]float64 {
	t.Helper()
	exec, err := NewExec(backend, func(in []*Node) []*Node {
		for i, n := range in {
			if n.DType().IsFloat() {
				in[i] = ConvertDType(n, dtype)
			}
		}
		out := build(in)
		for i, n := range out {
			out[i] = ConvertDType(n, dtypes.Float64)
		}
		return out
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(t testing.TB, args ...any) [][]float64 {
		t.Helper()
		outputs, err := exec.Call(args...)
		if err != nil {
			t.Fatal(err)
		}
		values := make([][]float64, len(outputs))
		for i, o := range outputs {
			values[i] = tensors.MustCopyFlatData[float64](o)
		}
		return values
	}
}

// near fails if got is further from want than the dtype's tolerance, relative to want's largest entry or
// 1. NaN is never near.
func near(t testing.TB, dtype dtypes.DType, what string, got, want []float64) {
	t.Helper()
	tolerance := tolerance64
	if dtype == dtypes.Float32 {
		tolerance = tolerance32
	}
	if len(got) != len(want) {
		t.Errorf("%s has %d numbers, want %d", what, len(got), len(want))
		return
	}
	scale := 1.0
	for _, w := range want {
		scale = math.Max(scale, math.Abs(w))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*scale) {
			t.Errorf("%s[%d] = %.15g, want %.15g within %g", what, i, got[i], want[i], tolerance*scale)
			return
		}
	}
}

func flatten(x [][]float64) []float64 {
	var out []float64
	for _, row := range x {
		out = append(out, row...)
	}
	return out
}

// unflatten cuts x into rows of width numbers.
func unflatten(x []float64, width int) [][]float64 {
	var out [][]float64
	for ; len(x) > 0; x = x[width:] {
		out = append(out, x[:width])
	}
	return out
}

// randomRows draws n rows of width normal numbers.
func randomRows(rng *rand.Rand, n, width int) [][]float64 {
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, width)
		for k := range out[i] {
			out[i][k] = rng.NormFloat64()
		}
	}
	return out
}

// randomBatch draws few distinct labels, so that positives of every depth occur beside rows without any,
// and paths that stop early.
func randomBatch(rng *rand.Rand, n, width int) twinBatch {
	b := twinBatch{z: randomRows(rng, n, width), ignore: noPairs(n)}
	for i := range n {
		for j := range n {
			b.ignore[i][j] = rng.IntN(4) == 0
		}
	}
	for range n {
		theory := rng.Int32N(2)
		depth := rng.IntN(4)
		path := []int32{-1, -1, -1}
		for k := range depth {
			// Ids are unique across theories, as the authors' variants want them.
			path[k] = 100*theory + 10*int32(k) + rng.Int32N(2)
		}
		b.theory = append(b.theory, theory)
		b.levels = append(b.levels, path)
		b.direction = append(b.direction, rng.Int32N(3)-1)
	}
	return b
}

// noPairs is a matrix of false.
func noPairs(n int) [][]bool {
	out := make([][]bool, n)
	for i := range out {
		out[i] = make([]bool, n)
	}
	return out
}

// args are the inputs of Hierarchical.
func (b twinBatch) args() []any {
	return []any{b.z, b.theory, b.levels, b.direction, b.ignore}
}
