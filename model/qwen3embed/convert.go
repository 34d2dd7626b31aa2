package qwen3embed

import (
	"encoding/binary"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
)

// convert makes a tensor of the loader's type from stored bytes and refuses values that are not finite.
func (l *loader) convert(t safetensorsio.Tensor) (*tensors.Tensor, error) {
	read, width := reader(t.DType)
	write, outWidth := writer(l.dtype)
	if read == nil || write == nil {
		return nil, fault.New(fault.Invalid, "type %s cannot become %s: weights are F32, BF16 or F16", t.DType, l.dtype)
	}
	bad := -1
	out, err := newTensor(l.dtype, t.Shape, func(raw []byte) {
		for i := range len(t.Data) / width {
			v := read(t.Data[i*width:])
			if v-v != 0 {
				bad = i
				return
			}
			write(raw[i*outWidth:], v)
		}
	})
	if err == nil && bad >= 0 {
		err = &NonFiniteError{Tensor: t.Name, Index: bad}
	}
	return out, err
}

// reader decodes one little-endian number of a stored type.
func reader(dtype string) (read func([]byte) float32, width int) {
	switch dtype {
	case "F32":
		return func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }, 4
	case "BF16":
		return func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }, 2
	case "F16":
		return func(b []byte) float32 { return float16.FromBits(binary.LittleEndian.Uint16(b)).Float32() }, 2
	}
	return nil, 0
}

// writer encodes one number of a variable's type.
func writer(dtype dtypes.DType) (write func([]byte, float32), width int) {
	switch dtype {
	case dtypes.Float32:
		return func(b []byte, v float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(v)) }, 4
	case dtypes.BFloat16:
		return func(b []byte, v float32) { binary.LittleEndian.PutUint16(b, bfloat16.FromFloat32(v).Bits()) }, 2
	case dtypes.Float16:
		return func(b []byte, v float32) { binary.LittleEndian.PutUint16(b, float16.FromFloat32(v).Bits()) }, 2
	case dtypes.Float64:
		return func(b []byte, v float32) { binary.LittleEndian.PutUint64(b, math.Float64bits(float64(v))) }, 8
	}
	return nil, 0
}
