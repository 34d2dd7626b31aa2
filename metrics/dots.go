//go:build !goexperiment.simd || !amd64

package metrics

// hasLanes says that this program was built for processors that add one number at a time: gonum multiplies for it.
const hasLanes = false

func dots(*[4]float64, *[4][]float64, []float64) { panic("metrics: no lanes") }
