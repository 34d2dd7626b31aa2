package transformer

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
)

// Weights are the tensors of an architecture as variables of a GoMLX store, under Scope, and its adapters. They are
// the part of a Model that families share.
type Weights struct {
	Store *model.Store

	arch     Architecture
	head     *head              // that goes along; nil without one
	adapters map[string]Adapter // by module; nil without any
	beside   string             // whose adapters these are, of several sets over one base; see Beside
}

// Random draws fresh weights: matrices from N(0, deviation²), gains 1, biases 0.
// Each tensor has its own stream, drawn from the seed and its name, so that a model of more layers
// shares the weights of the layers below. The weights are float32.
//
// Invariant: a tensor's numbers depend on the seed, its name and its shape, and on no other tensor. A family that gains
// a tensor leaves the fresh weights of all others as they were, and runs that began from them can be told again.
func Random(arch Architecture, seed uint64) (*Weights, error) {
	if err := arch.Validate(); err != nil {
		return nil, err
	}
	w := &Weights{arch: arch, Store: model.NewStore()}
	for _, spec := range arch.Layout() {
		values := make([]float32, size(spec.Dims))
		fillRandom(values, &spec, seed, arch.Deviation())
		if err := w.set(spec.Name, tensors.FromFlatDataAndDimensions(values, spec.Dims...)); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func fillRandom(values []float32, spec *Spec, seed uint64, deviation float64) {
	switch spec.Kind {
	case Bias:
		return
	case Gain:
		for i := range values {
			values[i] = 1
		}
		return
	}
	h := fnv.New64a()
	h.Write([]byte(spec.Name))
	draw := rand.New(rand.NewPCG(seed, h.Sum64()))
	for i := range values {
		values[i] = float32(draw.NormFloat64() * deviation)
	}
}

// Architecture, Sizes, Layout and Variables are Model's.
func (w *Weights) Architecture() Architecture { return w.arch }
func (w *Weights) Sizes() Sizes               { return w.arch.Sizes() }
func (w *Weights) Layout() []Spec             { return w.arch.Layout() }
func (w *Weights) Variables() *model.Store    { return w.Store }

// set stores the value of one tensor, replacing an earlier one.
func (w *Weights) set(name string, value *tensors.Tensor) error {
	if v := w.Variable(name); v != nil {
		return v.SetValue(value)
	}
	_, err := w.Store.CreateVariable(VariablePath(name), value)
	return err
}

// Variable returns the variable that holds a tensor of the weights file, nil if there is none.
func (w *Weights) Variable(name string) *model.Variable {
	return w.Store.GetVariable(VariablePath(name))
}

// Close frees the weights.
func (w *Weights) Close() { w.Store.Finalize() }

// First drops all layers but the first and returns what is left. What stands above them, as a last norm, stays: it is
// in the layout of the smaller model too.
func (w *Weights) First(layers int) (Architecture, error) {
	if n := w.Sizes().Layers; layers < 1 || layers > n {
		return nil, fault.New(fault.Invalid, "%d layers asked for, the model has %d", layers, n)
	}
	kept, left := w.arch.First(layers), map[string]bool{}
	for _, spec := range kept.Layout() {
		left[spec.Name] = true
	}
	for _, spec := range w.Layout() {
		if left[spec.Name] {
			continue
		}
		if err := w.Store.DeleteVariable(VariablePath(spec.Name)); err != nil {
			return nil, err
		}
	}
	if layers < w.Sizes().Layers {
		w.head = nil // it makes tokens of the states of layers that are gone
	}
	w.arch = kept
	return kept, nil
}

// NonFiniteError says where weights stopped being numbers.
type NonFiniteError struct {
	Tensor string
	Index  int // into the row-major values
}

func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("tensor %s holds a value that is not finite at index %d", e.Tensor, e.Index)
}

// newTensor allocates a tensor of the given type and hands its bytes to fill, little-endian row-major.
func newTensor(dtype dtypes.DType, dims []int, fill func(raw []byte)) (*tensors.Tensor, error) {
	t := tensors.FromShape(shapes.Make(dtype, dims...))
	if err := t.MutableBytes(fill); err != nil {
		return nil, err
	}
	return t, nil
}
