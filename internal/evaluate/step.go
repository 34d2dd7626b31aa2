//go:build !goexperiment.simd || !amd64

package evaluate

// stepLanes does nothing where processors, or the compiler, have no lanes.
func stepLanes(w, history, x []float64, miss float64) (done int) { return 0 }
