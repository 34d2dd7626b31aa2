//go:build goexperiment.simd && amd64

package evaluate

import "simd/archsimd"

var hasLanes = archsimd.X86.AVX2()

// stepLanes is step for the first of the weights, four at a time and equal to the bit, and says how many it has done:
// roots and divisions of four numbers take hardly longer than those of one.
func stepLanes(w, history, x []float64, miss float64) (done int) {
	if !hasLanes {
		return 0
	}
	missing, decay := archsimd.BroadcastFloat64x4(miss), archsimd.BroadcastFloat64x4(logisticDecay)
	rate, one := archsimd.BroadcastFloat64x4(logisticRate), archsimd.BroadcastFloat64x4(1)
	w, history = w[:len(x)], history[:len(x)]
	for ; done+4 <= len(x); done += 4 {
		weight := archsimd.LoadFloat64x4Slice(w[done : done+4])
		g := missing.Mul(archsimd.LoadFloat64x4Slice(x[done : done+4])).Add(decay.Mul(weight))
		h := archsimd.LoadFloat64x4Slice(history[done : done+4]).Add(g.Mul(g))
		h.StoreSlice(history[done : done+4])
		weight.Sub(rate.Mul(g).Div(h.Sqrt().Add(one))).StoreSlice(w[done : done+4])
	}
	archsimd.ClearAVXUpperBits()
	return done
}
