package engine

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

// The problem of the self-test: loss = Σ c ∘ softmax(x·w), with x [rows, inner], w [inner, cols] and
// c [rows, cols]. Large enough that XLA cuts the products over its threads.
const (
	rows, inner, cols = 64, 96, 80
	// tolerance is relative to each result's largest entry. Measured: 4.3e-7 at most, on the pinned CPU
	// plugin and on the Go engine. It leaves room for other orders of adding, not for a lost addend.
	tolerance = 2e-5
)

// problem holds the inputs, f32 so that every engine starts from the same numbers: x [64, 96], w [96, 80], c [64,
// 80], row by row.
type problem struct{ x, w, c []float32 }

// newProblem fills the inputs from a small linear congruence: the same on every machine. It needs no library's
// generator, whose numbers could change under it.
func newProblem() problem {
	state := uint32(12345)
	fill := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			state = state*1664525 + 1013904223
			v[i] = float32(state>>8)/float32(1<<24) - 0.5 // in [-0.5, 0.5)
		}
		return v
	}
	return problem{fill(rows * inner), fill(inner * cols), fill(rows * cols)}
}

// result is the loss [1], d loss/dx [64·96] and d loss/dw [96·80], flattened.
type result [3][]float32

// selfTest computes the problem twice on the engine: both runs must agree bit for bit, and with plain Go in f64. It
// finds plugins that compute at another precision than they say, threads that lose an addend, and libraries made for
// another machine. Opening with it took 0.18 to 0.30 s on XLA, compilation included (docs/LOG.md).
func (e *Engine) selfTest() error {
	p := newProblem()
	// Twice, because threads that race give two results, each of which may be near enough.
	first, err := p.onEngine(e)
	if err != nil {
		return err
	}
	again, err := p.onEngine(e)
	if err != nil {
		return err
	}
	want := p.inGo()
	for i, name := range []string{"loss", "gradient of x", "gradient of w"} {
		if err := sameBits(first[i], again[i]); err != nil {
			return fmt.Errorf("%s differs between two runs: %w", name, err)
		}
		if err := near(first[i], want[i]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// onEngine builds, compiles and runs the problem; a panic of graph building is returned.
func (p problem) onEngine(e *Engine) (res result, err error) {
	caught := exceptions.TryCatch[error](func() {
		var out []*tensors.Tensor
		out, err = graph.CallOnceN(e.Backend, func(x, w, c *graph.Node) []*graph.Node {
			loss := graph.ReduceAllSum(graph.Mul(c, graph.Softmax(graph.Dot(x, w).Product(), -1)))
			return append([]*graph.Node{loss}, graph.Gradient(loss, x, w)...)
		},
			tensors.FromFlatDataAndDimensions(p.x, rows, inner),
			tensors.FromFlatDataAndDimensions(p.w, inner, cols),
			tensors.FromFlatDataAndDimensions(p.c, rows, cols))
		if err != nil {
			return
		}
		for i, t := range out {
			res[i] = tensors.MustCopyFlatData[float32](t)
		}
	})
	if caught != nil {
		return res, firstLine(caught)
	}
	return res, err
}

// inGo is the same in f64 loops. With y = softmax(x·w) a row's d loss/d logit_k is
// y_k (c_k − Σ_j c_j y_j).
//
// With L = Σ_k c_k y_k and dy_k/dlogit_j = y_k (δ_kj − y_j) follows dL/dlogit_j = c_j y_j − y_j Σ_k c_k y_k, and
// from the logits, logit_j = Σ_i x_i w_ij, the two gradients: dL/dx_i = Σ_j w_ij dL/dlogit_j and dL/dw_ij = x_i
// dL/dlogit_j summed over the rows.
func (p problem) inGo() (res [3][]float64) {
	res = [3][]float64{{0}, make([]float64, rows*inner), make([]float64, inner*cols)}
	y := make([]float64, cols)
	for r := range rows {
		x, c := p.x[r*inner:(r+1)*inner], p.c[r*cols:(r+1)*cols]
		p.softmaxRow(x, y)
		var expected float64
		for k := range y {
			expected += float64(c[k]) * y[k]
		}
		res[0][0] += expected
		for k := range y {
			d := y[k] * (float64(c[k]) - expected)
			for i := range x {
				res[1][r*inner+i] += d * float64(p.w[i*cols+k])
				res[2][i*cols+k] += d * float64(x[i])
			}
		}
	}
	return res
}

// softmaxRow writes softmax(x·w) into y. The logits stay below 24, so no maximum is taken out.
func (p problem) softmaxRow(x []float32, y []float64) {
	var sum float64
	for k := range y {
		var logit float64
		for i := range x {
			logit += float64(x[i]) * float64(p.w[i*cols+k])
		}
		y[k] = math.Exp(logit)
		sum += y[k]
	}
	for k := range y {
		y[k] /= sum
	}
}

// near compares with the tolerance and names the worst entry; NaN is never near. Relative to the largest entry and
// not to each: entries near 0 are sums of large ones that cancel, and their error is that of the large ones.
//
//	want [80, .001], got [80.001, .002]     off by .001 of 80: 1.25e-5, near
//	want [80, .001], got [80.002, .001]     2.5e-5: not near, "entry 0 is 80.002, plain Go says 80"
func near(got []float32, want []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d numbers, want %d", len(got), len(want))
	}
	scale, worst, at := 0.0, 0.0, -1
	for i := range want {
		scale = max(scale, math.Abs(want[i]))
	}
	for i := range want {
		d := math.Abs(float64(got[i]) - want[i])
		if d <= worst {
			continue
		}
		worst, at = d, i
		if math.IsNaN(d) {
			break
		}
	}
	if at >= 0 && !(worst <= tolerance*scale) {
		return fmt.Errorf("entry %d is %g, plain Go says %g", at, got[at], want[at])
	}
	return nil
}

// sameBits tells where two runs differ, −0 and NaN patterns included.
func sameBits(a, b []float32) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d and %d numbers", len(a), len(b))
	}
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return fmt.Errorf("entry %d is %g, then %g", i, a[i], b[i])
		}
	}
	return nil
}
