//go:build !(goexperiment.simd && amd64)

package native

import (
	"context"

	"hives/internal/fault"
	"hives/model/transformer"
	"hives/pack"
)

// Model stands for one that cannot be.
type Model struct{}

// Fits is false: there are no kernels for this processor, or for a program built without GOEXPERIMENT=simd.
func Fits(transformer.Architecture) bool { return false }

// Load refuses.
func Load(_ string, arch transformer.Architecture, _ transformer.Pooling, _ int) (*Model, error) {
	return nil, fault.New(fault.Unavailable, "a %s model cannot be computed without an engine here", arch.Family())
}

// Vectors is never reached.
func (*Model) Vectors(context.Context, *pack.Batch) ([]float32, error) { panic("native: no model") }

// Close does nothing.
func (*Model) Close() {}
