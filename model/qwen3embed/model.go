package qwen3embed

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Model is a config with its weights as variables of a GoMLX store, under Scope.
type Model struct {
	Config *Config
	Store  *model.Store

	adapters map[string]Adapter // by module; nil without any
}

// Random makes a model with fresh weights: matrices from N(0, initializer_range²), gains 1.
// Each tensor has its own stream, drawn from the seed and its name, so that a model of more layers
// shares the weights of the layers below. The weights are float32.
func Random(cfg *Config, seed uint64) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	m := &Model{Config: cfg, Store: model.NewStore()}
	for _, spec := range cfg.Layout() {
		values := make([]float32, size(spec.Dims))
		fillRandom(values, spec.Name, seed, cfg.InitializerRange)
		if err := m.set(spec.Name, tensors.FromFlatDataAndDimensions(values, spec.Dims...)); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func fillRandom(values []float32, name string, seed uint64, deviation float64) {
	if IsNorm(name) {
		for i := range values {
			values[i] = 1
		}
		return
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	draw := rand.New(rand.NewPCG(seed, h.Sum64()))
	for i := range values {
		values[i] = float32(draw.NormFloat64() * deviation)
	}
}

// set stores the value of one tensor, replacing an earlier one.
func (m *Model) set(name string, value *tensors.Tensor) error {
	if v := m.Store.GetVariable(VariablePath(name)); v != nil {
		return v.SetValue(value)
	}
	_, err := m.Store.CreateVariable(VariablePath(name), value)
	return err
}

// Variable returns the variable that holds a tensor of the weights file, nil if there is none.
func (m *Model) Variable(name string) *model.Variable {
	return m.Store.GetVariable(VariablePath(name))
}

// Close frees the weights.
func (m *Model) Close() { m.Store.Finalize() }

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
