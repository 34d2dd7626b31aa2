package transformer

import (
	"hives/internal/fault"
	"hives/internal/safetensorsio"
)

// Tensor is a stored tensor: name, element type in safetensors' words, shape, bytes.
type Tensor = safetensorsio.Tensor

// Floats decodes a stored tensor of F32, BF16 or F16 and refuses numbers that are not finite.
func Floats(t Tensor) ([]float32, error) {
	read, width := reader(t.DType)
	if read == nil {
		return nil, fault.New(fault.Invalid, "tensor %s is of type %s: want F32, BF16 or F16", t.Name, t.DType)
	}
	out := make([]float32, len(t.Data)/width)
	read(out, t.Data)
	if at := notFinite(out); at >= 0 {
		return nil, fault.New(fault.Corrupt, "%w", &NonFiniteError{Tensor: t.Name, Index: at})
	}
	return out, nil
}
