//go:build goexperiment.simd

package engine

// simdText tells how the Go engine was built; without SIMD it is several times slower.
const simdText = "pure Go, SIMD"
