package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A step of several weights at a time is the formula for each, to the bit: a control's figures must not depend on the
// processor.
func TestStepEqualsTheFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 1))
	for n := range 70 {
		w, history, x := make([]float64, n), make([]float64, n), make([]float64, n)
		for k := range x {
			w[k], history[k], x[k] = r.NormFloat64(), r.Float64(), r.NormFloat64()
		}
		want, squares, miss := slices.Clone(w), slices.Clone(history), r.NormFloat64()
		for k, f := range x {
			g := float64(miss*f) + float64(1e-5*want[k])
			squares[k] += float64(g * g)
			want[k] -= float64(.5*g) / (math.Sqrt(squares[k]) + 1)
		}
		if step(w, history, x, miss); !slices.Equal(w, want) || !slices.Equal(history, squares) {
			t.Errorf("%d weights differ from the formula's", n)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	w, history, x := make([]float64, 65), make([]float64, 65), make([]float64, 65)
	for k := range x {
		w[k], history[k], x[k] = float64(k), 1, 1/float64(k+1)
	}
	for b.Loop() {
		step(w, history, x, .1)
	}
}
