//go:build goexperiment.simd && amd64

package bf16

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkMultiply says how many operations a second a product of n tokens makes: from the first cache, where the
// instruction is the limit, up to matrices that come from memory.
func BenchmarkMultiply(b *testing.B) {
	if !Supported() {
		b.Skip("this processor has no AVX512_BF16")
	}
	draw := rand.New(rand.NewPCG(1, 1))
	for _, c := range [][3]int{
		{16, 64, 128}, {1, 3072, 1024}, {16, 3072, 1024}, {128, 3072, 1024}, {256, 3072, 1024}, {128, 1024, 3072},
	} {
		tokens, out, in := c[0], c[1], c[2]
		b.Run(fmt.Sprintf("%dx%dx%d", tokens, out, in), func(b *testing.B) {
			m, p := packed(numbers(draw, out*in), out, in), inputs(numbers(draw, tokens*in), in)
			y := make([]float32, tokens*out)
			for b.Loop() {
				m.Multiply(y, out, p, 0, m.Groups(), false)
			}
			b.ReportMetric(2*float64(tokens*out*in)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
