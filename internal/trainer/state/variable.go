package state

import (
	"crypto/sha256"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
)

// fileTypes are safetensors' names of the types that a training state holds.
var fileTypes = map[dtypes.DType]string{
	dtypes.Float32: "F32", dtypes.Float64: "F64", dtypes.BFloat16: "BF16", dtypes.Float16: "F16",
}

// Set gives the variable of a tensor's name its value. A variable that is not there is made: of a moment, which begins
// with the first step.
func Set(store *model.Store, t safetensorsio.Tensor) error {
	for dtype, name := range fileTypes {
		if name == t.DType {
			return set(store, t, dtype)
		}
	}
	return fault.New(fault.Mismatch, "type %s", t.DType)
}

func set(store *model.Store, t safetensorsio.Tensor, dtype dtypes.DType) error {
	// Bytes are taken as they are. Resumed weights must have the same bits, so nothing is decoded on the way.
	value := tensors.FromShape(shapes.Make(dtype, t.Shape...))
	if err := value.MutableBytes(func(raw []byte) { copy(raw, t.Data) }); err != nil {
		return err
	}
	if v := store.GetVariable(t.Name); v != nil {
		if !v.Shape().Equal(value.Shape()) {
			return fault.New(fault.Mismatch, "%s, the model has %s", value.Shape(), v.Shape())
		}
		return v.SetValue(value)
	}
	v, err := store.CreateVariable(t.Name, value)
	if err == nil {
		// Only a moment is not there yet, and a moment is not trained.
		v.SetTrainable(false)
	}
	return err
}

// Hash is the SHA-256 of variables' names, types, shapes and values, "" of none.
func Hash(variables []*model.Variable) (string, error) {
	if len(variables) == 0 {
		return "", nil
	}
	// Names and shapes are hashed too: the same numbers under other names are another model.
	h := sha256.New()
	for _, v := range variables {
		fmt.Fprintf(h, "%s %s\n", v.Path(), v.Shape())
		if err := withBytes(v, func(b []byte) { h.Write(b) }); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// withBytes shows a variable's value, little-endian row-major.
func withBytes(v *model.Variable, look func([]byte)) error {
	value, err := valueOf(v)
	if err != nil {
		return err
	}
	local := value.IsLocal()
	err = value.ConstBytes(look)
	if !local && value.IsOnAnyDevice() {
		value.FinalizeLocal() // ConstBytes leaves a copy of every tensor behind otherwise
	}
	return err
}

// valueOf is a variable's value to be read. One that steps on several devices have used lies whole on each
// of them, and the first's copy is it; Value would leave a merged copy in host memory until the next step.
func valueOf(v *model.Variable) (*tensors.Tensor, error) {
	if v.ShardingSpec() == nil {
		return v.Value()
	}
	d, err := v.DistributedValue()
	if err != nil {
		return nil, err
	}
	return d.Shards()[0], nil
}
