//go:build goexperiment.simd && amd64

package native

import (
	"math"
	"math/rand/v2"
	"simd/archsimd"
	"slices"
	"strings"
	"testing"

	"hives/internal/bf16"
	"hives/model/decoder"
	"hives/model/transformer"
)

// TestNoNumberIsLost: what is no number, or infinite where a difference is taken, makes all shares of a softmax none,
// wherever it stands. A share of 0 in its place would give a vector that looks sound.
func TestNoNumberIsLost(t *testing.T) {
	if !bf16.Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	isNaN := func(v float32) bool { return v != v }
	for _, n := range []int{1, 3, 16, 20, 33} {
		for at := range n {
			for _, bad := range []float32{nan, -nan, inf} {
				x := make([]float32, n)
				x[at] = bad
				if total := LogSum(x); !math.IsNaN(total) {
					t.Errorf("%g at %d of %d: the logarithm of the sum is %g", bad, at, n, total)
				}
				if softmax(x, .5); !slices.ContainsFunc(x, isNaN) || n > 1 && bad != inf && !isNaN(x[(at+1)%n]) {
					t.Errorf("%g at %d of %d: shares %v", bad, at, n, x)
				}
			}
			x := make([]float32, n)
			x[at] = -inf
			if softmax(x, .5); n > 1 && (x[at] != 0 || slices.ContainsFunc(x, isNaN)) {
				t.Errorf("−∞ at %d of %d is no share, and not %v", at, n, x)
			}
		}
		for _, bad := range []float32{nan, inf} {
			to, one := make([]float32, n), slices.Repeat([]float32{1}, n)
			bent := slices.Clone(one)
			bent[n-1] = bad
			if gated(to, bent, one); !isNaN(to[n-1] - to[n-1]) {
				t.Errorf("a gate of %g gives %g", bad, to[n-1])
			}
			if gated(to, one, bent); !isNaN(to[n-1] - to[n-1]) {
				t.Errorf("%g behind a gate gives %g", bad, to[n-1])
			}
			if norm(to, bent, one, 1e-6); !slices.ContainsFunc(to, isNaN) {
				t.Errorf("the norm of %v is %v", bent, to)
			}
		}
	}
}

// TestAnOverflowIsSeenAndStaysWithItsText: a vector is not finite then, as the engine's, and its caller names the text.
// A neighbour's vector keeps its bits.
func TestAnOverflowIsSeenAndStaysWithItsText(t *testing.T) {
	if !bf16.Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	m, _ := loaded(t, config(decoder.Llama), transformer.LastToken)
	good, bad := []int32{3, 4, 5, 6, 7}, []int32{3, 4, 96, 6, 7}
	finite := func(v []float32) bool {
		return !slices.ContainsFunc(v, func(x float32) bool { return x-x != 0 })
	}
	want := vectors(t, m, [][]int32{good}, 16)[0]
	huge := slices.Repeat([]float32{math.MaxFloat32}, m.cfg.HiddenSize) // rounds to infinity
	bf16.Put(m.table[2*96*len(huge):], huge)
	for i, v := range vectors(t, m, [][]int32{good, bad, good}, 16) {
		if i == 1 && finite(v) || i != 1 && !slices.Equal(v, want) {
			t.Errorf("text %d is %v beside one that overflows", i, v)
		}
	}
	// Where keys alone overflow, nothing but the scores tells: values are sound.
	for k := range m.cfg.NumKVHeads * m.cfg.HeadDim {
		m.layers[1].keyValue.Set(k, huge)
	}
	if v := vectors(t, m, [][]int32{good}, 16)[0]; finite(v) {
		t.Errorf("keys that overflow give the vector %v", v)
	}
}

// TestAPanicOfAWorkerIsTheCallers: in a goroutine of its own it would end a daemon that serves others.
func TestAPanicOfAWorkerIsTheCallers(t *testing.T) {
	if !bf16.Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	m, _ := loaded(t, config(decoder.Llama), transformer.LastToken)
	want := vectors(t, m, [][]int32{{1, 2, 3}}, 16)[0]
	for _, threads := range []int{1, 4} {
		m.threads = threads
		func() {
			defer func() {
				if r := recover(); r == nil || threads > 1 && !strings.Contains(r.(string), "numbers_test.go") {
					t.Errorf("%d threads: recovered %v, which does not say where", threads, r)
				}
			}()
			m.workers(64, 1, func(_, _, to int) {
				if to > 32 {
					panic("some mistake")
				}
			})
		}()
		if got := vectors(t, m, [][]int32{{1, 2, 3}}, 16)[0]; !slices.Equal(got, want) {
			t.Errorf("%d threads: another vector after a panic", threads)
		}
	}
}

// TestFunctionsOfNumbers holds exp, softmax and the gate to the standard library's.
func TestFunctionsOfNumbers(t *testing.T) {
	if !bf16.Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	draw := rand.New(rand.NewPCG(2, 3))
	for _, n := range []int{1, 7, 16, 33} {
		x, gate, up, to := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range n {
			x[i], gate[i], up[i] = float32(40*draw.NormFloat64()), float32(9*draw.NormFloat64()), float32(draw.NormFloat64())
		}
		gated(to, gate, up)
		most, total := slices.Max(x), 0.0
		for i, v := range x {
			want := float64(gate[i]) / (1 + math.Exp(-float64(gate[i]))) * float64(up[i])
			if math.Abs(float64(to[i])-want) > 1e-6*math.Abs(want) {
				t.Errorf("gate %g, up %g: %g, want %g", gate[i], up[i], to[i], want)
			}
			total += math.Exp(.1 * float64(v-most))
		}
		shares := slices.Clone(x)
		softmax(shares, .1)
		for i, v := range x {
			want := math.Exp(.1*float64(v-most)) / total
			if math.Abs(float64(shares[i])-want) > 2e-6*want {
				t.Errorf("softmax of %d: %g, want %g", n, shares[i], want)
			}
		}
	}
	for v := -86.5; v < 88; v += .0937 {
		each := [16]float32{float32(v)}
		exp(archsimd.LoadFloat32x16(&each)).Store(&each)
		want := math.Exp(float64(float32(v)))
		if math.Abs(float64(each[0])-want) > 2.5e-7*want {
			t.Fatalf("exp %g: %g, want %g", v, each[0], want)
		}
	}
}
