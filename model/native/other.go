//go:build !(goexperiment.simd && amd64)

package native

import (
	"context"

	"hives/internal/fault"
	"hives/model/transformer"
	"hives/pack"
)

// Model stands for one that cannot be: Load refuses, and no method is ever reached.
type Model struct{}

// Cache, Part, Place and Hook stand for those of a Model.
type Cache struct{}

type Part struct {
	IDs   []int32
	Asked int
	Cache *Cache
}

type Place struct{ Part, Position int }

type Hook func(behind int, x []float32, at []Place)

const never = "native: no model"

// Fits is false: there are no kernels for this processor, or for a program built without GOEXPERIMENT=simd.
func Fits(transformer.Architecture) bool { return false }

// Load refuses.
func Load(_ string, arch transformer.Architecture, _ transformer.Pooling, _ int) (*Model, error) {
	return nil, fault.New(fault.Unavailable, "a %s model cannot be computed without an engine here", arch.Family())
}

func (*Model) Vectors(context.Context, *pack.Batch) ([]float32, error) { panic(never) }
func (*Model) States(context.Context, []Part, Hook) ([]float32, error) { panic(never) }
func (*Model) Logits([]float32) []float32                              { panic(never) }
func (*Model) NewCache(int) *Cache                                     { panic(never) }
func (*Model) Close()                                                  { panic(never) }
func (*Cache) Slots() int                                              { panic(never) }
func (*Cache) Back(int)                                                { panic(never) }
func LogSum([]float32) float64                                         { panic(never) }
