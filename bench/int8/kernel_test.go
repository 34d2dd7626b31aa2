//go:build goexperiment.simd && amd64

package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/cpu"
)

// Both kernels of every tile hold to sums in float64 of numbers that were rounded one by one, written from the words
// "±127 steps a row" without a helper of the kernels'.
func TestKernelsHoldToPlainSums(t *testing.T) {
	if !cpu.X86.HasAVX512VNNI {
		t.Skip("this processor has no AVX512_VNNI")
	}
	const out, in = 128, 96
	for _, tokens := range []int{1, 3, 4, 8, 16, 48} {
		draw := rand.New(rand.NewPCG(22, uint64(tokens)))
		w, x := numbers(draw, out, in), numbers(draw, tokens, in)
		if tokens > 1 {
			clear(x[in : 2*in]) // a token of zeros has no scale
		}
		var p inputs
		y := make([]float32, tokens*out)

		m := packInt8(w, out, in)
		p.int8(x, tokens)
		m.multiply(y, &p)
		hold(t, "int8", y, plain(steps(w, in), steps(x, in), tokens, in))
		rows := slices.Clone(y)

		g := packGroups(w, out, in)
		var q groupInputs
		q.fill(x, tokens)
		g.multiply(y, &q)
		hold(t, "int8 in groups", y, plain(steps(w, group), steps(x, group), tokens, in))
		if apart(y, wide(rows)) < 1e-4 {
			t.Errorf("%d tokens: groups and rows give the same: the check sees nothing", tokens)
		}
		copy(y, rows)
		// Negative control: weights that were not rounded are told from those that were.
		if apart(y, plain(wide(w), steps(x, in), tokens, in)) < 1e-4 {
			t.Errorf("%d tokens: rounding the weights to int8 changes nothing: the check sees nothing", tokens)
		}

	}
}

// numbers lie at most .4 of a step from a whole number of steps, of which the largest of every group is 127: which step
// is nearest is never a matter of the last digit. Every second group is half as large, so that groups and rows differ.
func numbers(draw *rand.Rand, rows, in int) []float32 {
	v := make([]float32, rows*in)
	for i := range v {
		v[i] = (float32(draw.IntN(253)-126) + .8*draw.Float32() - .4) / 64
	}
	for g := 0; g < rows*in; g += group {
		v[g+draw.IntN(group)] = 127. / 64
		if g/group%2 == 1 {
			for i := g; i < g+group; i++ {
				v[i] /= 2
			}
		}
	}
	return v
}

func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// steps rounds each row of in numbers to a whole number of 127ths of its largest one.
func steps(v []float32, in int) []float64 {
	out := wide(v)
	for r := 0; r < len(v); r += in {
		top := 0.0
		for _, x := range out[r : r+in] {
			top = max(top, math.Abs(x))
		}
		for i := r; top > 0 && i < r+in; i++ {
			out[i] = math.RoundToEven(out[i]/top*127) * top / 127
		}
	}
	return out
}

func plain(w, x []float64, tokens, in int) []float64 {
	var y []float64
	for t := range tokens {
		for o := range len(w) / in {
			sum := 0.0
			for i := range in {
				sum += w[o*in+i] * x[t*in+i]
			}
			y = append(y, sum)
		}
	}
	return y
}

// apart is the largest difference of two.
func apart(y []float32, want []float64) float64 {
	most := 0.0
	for i, v := range y {
		most = max(most, math.Abs(float64(v)-want[i]))
	}
	return most
}

func hold(t *testing.T, what string, y []float32, want []float64) {
	t.Helper()
	if d := apart(y, want); d > 1e-4 {
		t.Errorf("%s: a sum differs by %g from the plain one", what, d)
	}
}
