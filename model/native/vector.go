//go:build goexperiment.simd && amd64

package native

import (
	"math"
	"simd/archsimd"
	"slices"

	"hives/model/decoder"
)

const lanes = 16

func load(v []float32, i int) archsimd.Float32x16 { return archsimd.LoadFloat32x16SlicePart(v[i:]) }

func all(v float64) archsimd.Float32x16 { return archsimd.BroadcastFloat32x16(float32(v)) }

// sum adds the 16 numbers up in one order.
func sum(v archsimd.Float32x16) float32 {
	var each [lanes]float32
	v.Store(&each)
	for step := lanes / 2; step > 0; step /= 2 {
		for i := range step {
			each[i] += each[i+step]
		}
	}
	return each[0]
}

// norm is x / √(mean x² + ε), times a gain. to may be x.
func norm(to, x, gain []float32, epsilon float64) {
	var squares archsimd.Float32x16
	for i := 0; i < len(x); i += lanes {
		v := load(x, i)
		squares = v.MulAdd(v, squares)
	}
	scale := all(1 / math.Sqrt(float64(sum(squares))/float64(len(x))+epsilon))
	for i := 0; i < len(x); i += lanes {
		load(x, i).Mul(scale).Mul(load(gain, i)).StoreSlicePart(to[i:])
	}
}

// gated is σ(gate)·gate·up: SiLU of the gate, times what it lets through.
func gated(to, gate, up []float32) {
	one := all(1)
	for i := 0; i < len(to); i += lanes {
		g := load(gate, i)
		open := g.Div(one.Add(exp(archsimd.Float32x16{}.Sub(g))))
		open.Mul(load(up, i)).StoreSlicePart(to[i:])
	}
}

// softmax replaces x by e^(scale·(x − max)) over their sum.
func softmax(x []float32, scale float64) {
	none := all(math.Inf(-1))
	top := none
	for i := 0; i < len(x); i += lanes {
		top = top.Max(filled(x, i, none))
	}
	var each [lanes]float32
	top.Store(&each)
	most := each[0]
	for _, v := range each {
		most = max(most, v)
	}
	by, largest := all(scale), archsimd.BroadcastFloat32x16(most)
	var total archsimd.Float32x16
	for i := 0; i < len(x); i += lanes {
		e := exp(filled(x, i, none).Sub(largest).Mul(by))
		total = total.Add(e)
		e.StoreSlicePart(x[i:])
	}
	share := all(1 / float64(sum(total)))
	for i := 0; i < len(x); i += lanes {
		load(x, i).Mul(share).StoreSlicePart(x[i:])
	}
}

// LogSum is log Σ e^x, over all numbers of x.
func LogSum(x []float32) float64 {
	const block = 1024 // numbers that are summed in float32
	top, total := slices.Max(x), 0.0
	largest, none := archsimd.BroadcastFloat32x16(top), all(math.Inf(-1))
	for from := 0; from < len(x); from += block {
		part, sums := x[from:min(from+block, len(x))], archsimd.Float32x16{}
		for i := 0; i < len(part); i += lanes {
			sums = sums.Add(exp(filled(part, i, none).Sub(largest)))
		}
		total += float64(sum(sums))
	}
	return float64(top) + math.Log(total)
}

// filled loads 16 numbers, with another in place of those beyond the end.
func filled(x []float32, i int, beyond archsimd.Float32x16) archsimd.Float32x16 {
	left := len(x) - i
	if left >= lanes {
		return archsimd.LoadFloat32x16Slice(x[i:])
	}
	return archsimd.LoadFloat32x16SlicePart(x[i:]).Merge(beyond, archsimd.Mask32x16FromBits(0xffff>>(lanes-left)))
}

// exp is e^x, right to 2 units of the last place from −87 to 88; beyond them it stays at their values, but for −∞, of
// which it is 0. NaN stays NaN, which Max and Min would lose: a score that is no number must spoil its vector.
//
// x = n·ln 2 + r with a whole n and |r| ≤ ½·ln 2, so that e^x = 2^n · e^r. ln 2 is taken off in two parts, of which n
// times the first is exact. e^r is its Taylor series to r⁷; what is left out is below 6e-9 of it.
func exp(x archsimd.Float32x16) archsimd.Float32x16 {
	given, gone := x, x.Equal(all(math.Inf(-1)))
	x = x.Max(all(-87)).Min(all(88))
	n := x.Mul(all(math.Log2E)).RoundToEvenScaled(0)
	r := n.MulAdd(all(-0.693359375), x)
	r = n.MulAdd(all(2.12194440e-4), r)
	p := all(1. / 5040)
	for _, c := range [...]float64{1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2, 1, 1} {
		p = p.MulAdd(r, all(c))
	}
	return given.Merge(archsimd.Float32x16{}.Merge(p.Scale(n), gone), given.IsNaN())
}

// rotary holds cosines and sines of positions, each of D/2 pairs, computed in float64.
type rotary struct {
	half     int
	by       []float64 // a pair's turn from one position to the next, in radians
	cos, sin []float32 // [positions, D/2]
}

func (r *rotary) of(c *decoder.Config) {
	r.half = c.HeadDim / 2
	for j := range r.half {
		r.by = append(r.by, c.Frequency(j))
	}
}

// upTo makes the table long enough for so many positions.
func (r *rotary) upTo(positions int) {
	for at := len(r.cos) / max(1, r.half); at < positions; at++ {
		for _, by := range r.by {
			r.cos = append(r.cos, float32(math.Cos(float64(at)*by)))
			r.sin = append(r.sin, float32(math.Sin(float64(at)*by)))
		}
	}
}

// turn turns each pair (j, j + D/2): (a, b) becomes (a·cos − b·sin, b·cos + a·sin). to may be x.
func (r *rotary) turn(to, x []float32, position int) {
	cos, sin := r.cos[position*r.half:][:r.half], r.sin[position*r.half:][:r.half]
	first, second := x[:r.half], x[r.half:]
	for j := 0; j < r.half; j += lanes {
		a, b, c, s := load(first, j), load(second, j), load(cos, j), load(sin, j)
		a.Mul(c).Sub(b.Mul(s)).StoreSlicePart(to[j:r.half])
		b.Mul(c).Add(a.Mul(s)).StoreSlicePart(to[r.half+j:])
	}
}
