//go:build !(goexperiment.simd && amd64)

package bf16

// Supported is false: there are no kernels for this processor, or for a program built without GOEXPERIMENT=simd.
func Supported() bool { return false }
