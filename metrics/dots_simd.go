//go:build goexperiment.simd && amd64

package metrics

import "simd/archsimd"

// hasLanes tells whether the processor adds four numbers at once.
var hasLanes = archsimd.X86.AVX2()

// dots fills dst with the inner products of four rows with x, all of one length. Each is summed as gonum's Ddot sums
// it, number k in lane k mod 4, and is equal to it to the bit. An addition takes four cycles; four sums at once keep
// the processor busy meanwhile, and x is loaded once for all of them. (With a second x the registers do not do.)
func dots(dst *[4]float64, rows *[4][]float64, x []float64) {
	n := len(x)
	a, b, c, d := rows[0][:n], rows[1][:n], rows[2][:n], rows[3][:n]
	var sa, sb, sc, sd archsimd.Float64x4
	k := 0
	for ; k+4 <= n; k += 4 {
		f := archsimd.LoadFloat64x4Slice(x[k : k+4])
		sa = sa.Add(archsimd.LoadFloat64x4Slice(a[k : k+4]).Mul(f))
		sb = sb.Add(archsimd.LoadFloat64x4Slice(b[k : k+4]).Mul(f))
		sc = sc.Add(archsimd.LoadFloat64x4Slice(c[k : k+4]).Mul(f))
		sd = sd.Add(archsimd.LoadFloat64x4Slice(d[k : k+4]).Mul(f))
	}
	var lane [4][4]float64
	sa.Store(&lane[0])
	sb.Store(&lane[1])
	sc.Store(&lane[2])
	sd.Store(&lane[3])
	archsimd.ClearAVXUpperBits()
	for r := range lane {
		l := &lane[r]
		for j := k; j < n; j++ { // what is left goes into the first lane
			l[0] += rows[r][j] * x[j]
		}
		dst[r] = (l[0] + l[2]) + (l[1] + l[3])
	}
}
