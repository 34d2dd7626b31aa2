//go:build goexperiment.simd && amd64

package bf16

import (
	"math"

	"hives/internal/fault"
)

// Check holds the kernels to plain sums on this processor, in some microseconds: 21 tokens take every tile. Numbers are
// small whole ones, which bfloat16 and the sums keep as they are, so that nothing is forgiven.
func Check() error {
	const out, in, tokens = 80, 66, 21
	weight := func(o, i int) float32 { return float32((7*o+3*i)%17 - 8) }
	input := func(t, i int) float32 { return float32((5*t+11*i)%13 - 6) }
	var w Matrix
	w.Reset(out, in)
	var p Inputs
	p.Begin(tokens, in)
	row := make([]float32, in)
	for o := range out {
		for i := range row {
			row[i] = weight(o, i)
		}
		w.Set(o, row)
	}
	for t := range tokens {
		for i := range row {
			row[i] = input(t, i)
		}
		p.Set(t, row)
	}
	y := make([]float32, tokens*out)
	w.Multiply(y, out, &p, 0, w.Groups(), false)
	for n, got := range y {
		want := 0.0
		for i := range in {
			want += float64(weight(n%out, i)) * float64(input(n/out, i))
		}
		if math.Float32bits(got) != math.Float32bits(float32(want)) {
			return fault.New(fault.Mismatch, "self-test of the bf16 kernels: token %d, row %d is %g and not %g: this "+
				"processor computes wrongly; HIVES_BF16_KERNELS=off goes by the engine", n/out, n%out, got, want)
		}
	}
	return nil
}
