package transformer

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/dtypes/gotype"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/floats"
)

// Merge adds every adapter's product into the weight of its layer and takes the adapters away. Sums are
// float64, rounded once to the type that the weight is kept in. Graphs compiled before must not be run again.
//
// Merged and unmerged models differ by that one rounding: (W + s·B·A)·x here, W·x + s·B·(A·x) there. In bfloat16 an
// entry of W keeps 8 bits, so that what an adapter adds below a 256th of it is lost; who trains on goes on unmerged.
func (w *Weights) Merge() error {
	for _, a := range w.Adapters() {
		value, err := w.merged(a)
		if err == nil {
			err = w.set(a.Module+".weight", value)
		}
		if err != nil {
			return fmt.Errorf("merge %s: %w", a.Module, err)
		}
		delete(w.adapters, a.Module)
		for _, path := range []string{a.A(), a.B()} {
			if err := w.Store.DeleteVariable(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// effective is the value of a tensor of the weights file as an adapted model uses it.
func (w *Weights) effective(name string) (*tensors.Tensor, error) {
	if a, ok := w.adapters[strings.TrimSuffix(name, ".weight")]; ok {
		return w.merged(a)
	}
	return w.Variable(name).Value()
}

// merged is W + Scale·B·A in W's type.
func (w *Weights) merged(a Adapter) (*tensors.Tensor, error) {
	v := w.Variable(a.Module + ".weight")
	weights, err := hostFloats(v)
	if err != nil {
		return nil, err
	}
	down, err := hostFloats(w.Store.GetVariable(a.A()))
	if err != nil {
		return nil, err
	}
	up, err := hostFloats(w.Store.GetVariable(a.B()))
	if err != nil {
		return nil, err
	}
	out, in := v.Shape().Dim(0), v.Shape().Dim(1)
	for o := range out {
		row := weights[o*in : (o+1)*in]
		for r := range a.Rank {
			floats.AddScaled(row, a.Scale*up[o*a.Rank+r], down[r*in:(r+1)*in])
		}
	}
	return fromFloats(v.DType(), weights, out, in)
}

// hostFloats copies a variable's numbers, leaving no copy of them in host memory beside a device's. Asking a value on a
// device for its numbers makes a local copy that lives as long as the value, which for weights is as long as the model.
func hostFloats(v *model.Variable) ([]float64, error) {
	value, err := v.Value()
	if err != nil {
		return nil, err
	}
	if local := value.IsLocal(); !local && value.IsOnAnyDevice() {
		defer value.FinalizeLocal()
	}
	switch value.DType() {
	case dtypes.Float64:
		return tensors.CopyFlatData[float64](value)
	case dtypes.BFloat16:
		return widen(value, bfloat16.BFloat16.Float64)
	case dtypes.Float16:
		return widen(value, float16.Float16.Float64)
	}
	return widen(value, func(x float32) float64 { return float64(x) })
}

func widen[T gotype.Supported](value *tensors.Tensor, wide func(T) float64) ([]float64, error) {
	narrow, err := tensors.CopyFlatData[T](value)
	out := make([]float64, len(narrow))
	for i, x := range narrow {
		out[i] = wide(x)
	}
	return out, err
}

// fromFloats rounds numbers to a type.
func fromFloats(dtype dtypes.DType, values []float64, dims ...int) (*tensors.Tensor, error) {
	if dtype == dtypes.Float64 {
		return tensors.FromFlatDataAndDimensions(values, dims...), nil
	}
	write, width := writer(dtype)
	return newTensor(dtype, dims, func(raw []byte) {
		number := make([]float32, 1)
		for i, v := range values {
			number[0] = float32(v)
			write(raw[i*width:], number)
		}
	})
}
