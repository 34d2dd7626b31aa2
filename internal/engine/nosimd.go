//go:build !goexperiment.simd

package engine

// simdText tells how the Go engine was built; with GOEXPERIMENT=simd it is several times quicker.
const simdText = "pure Go without SIMD: build with GOEXPERIMENT=simd for speed"
