package transformer

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
)

// forgetNumbers is after how many numbers the pages they were read from are given back: few calls, little memory.
const forgetNumbers = 1 << 18

// convert makes a tensor of the loader's type from stored rows and refuses values that are not finite.
//
// It goes row by row through one buffer, and gives pages of the file back behind it, so that a model is never in memory
// twice: of 1.2 GB in bfloat16 that become 2.4 GB in float32, the most that is resident is those 2.4 GB, one row, and
// the pages of the last forgetNumbers numbers.
//
// Invariant: every number that leaves here is finite. A later NaN is then made by arithmetic, not by the file.
func (l *loader) convert(s Stored) (out *tensors.Tensor, err error) {
	write, outWidth := writer(l.dtype)
	if write == nil {
		return nil, fault.New(fault.Invalid, "tensor %s: weights cannot become %s", s.Name, l.dtype)
	}
	if out, err = l.allocate(s.Shape); err != nil {
		return nil, fmt.Errorf("tensor %s: %w", s.Name, err)
	}
	var read error
	err = out.MutableBytes(func(raw []byte) {
		read = s.Rows(func(i int, row []float32) { write(raw[i*len(row)*outWidth:], row) })
	})
	if err == nil {
		err = read
	}
	if err == nil && l.backend != nil {
		err = out.ToDevice(l.backend, 0) // to a GPU, keeping no copy here; nothing where memory is shared
	}
	return out, err
}

// allocate makes room where the weights are to stay.
func (l *loader) allocate(dims []int) (*tensors.Tensor, error) {
	shape := shapes.Make(l.dtype, dims...)
	if l.backend == nil || !l.backend.HasSharedBuffers() {
		return tensors.FromShape(shape), nil
	}
	return tensors.FromShapeForBackend(l.backend, 0, shape)
}

// notFinite is the place of the first number that is not finite, or −1. Infinity minus itself is NaN, as is NaN's, and
// only of finite numbers the difference is 0: one comparison for both. Four sums of differences at a time, which do not
// wait for each other, say in a third of the time that there is nothing to look for.
func notFinite(row []float32) int {
	var a, b, c, d float32
	rest := row
	for ; len(rest) >= 4; rest = rest[4:] {
		a, b = a+(rest[0]-rest[0]), b+(rest[1]-rest[1])
		c, d = c+(rest[2]-rest[2]), d+(rest[3]-rest[3])
	}
	if len(rest) == 0 && a+b+c+d == 0 {
		return -1
	}
	for i, v := range row {
		if v-v != 0 {
			return i
		}
	}
	return -1
}

// fromSafetensors views a tensor of a safetensors file; a tensor of one axis is one row.
func fromSafetensors(file *safetensorsio.File, t safetensorsio.Tensor, name string) (Stored, error) {
	read, width := reader(t.DType)
	if read == nil {
		return Stored{}, fault.New(fault.Invalid, "tensor %s: type %s is not supported: weights are F32, BF16 or F16",
			t.Name, t.DType)
	}
	rowBytes := width
	if len(t.Shape) > 0 {
		rowBytes *= t.Shape[len(t.Shape)-1]
	}
	return Stored{
		Name: name, Shape: t.Shape,
		Row:    func(i int, dst []float32) { read(dst, t.Data[i*rowBytes:]) },
		Forget: func(from, to int) { file.Forget(t.Data[from*rowBytes : to*rowBytes]) },
	}, nil
}

// reader decodes little-endian numbers of a stored type.
func reader(dtype string) (read func(dst []float32, src []byte), width int) {
	switch dtype {
	case "F32":
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
			}
		}, 4
	case "BF16": // the upper half of a float32: sign, all 8 bits of exponent, 7 of fraction
		return func(dst []float32, src []byte) {
			for ; len(dst) >= 4; dst, src = dst[4:], src[8:] { // four at a time take a third of the time
				four := binary.LittleEndian.Uint64(src)
				dst[0], dst[1] = math.Float32frombits(uint32(four<<16)), math.Float32frombits(uint32(four)&0xffff0000)
				dst[2], dst[3] = math.Float32frombits(uint32(four>>32<<16)), math.Float32frombits(uint32(four>>32)&0xffff0000)
			}
			for i := range dst {
				dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
			}
		}, 2
	case "F16":
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = float16.FromBits(binary.LittleEndian.Uint16(src[2*i:])).Float32()
			}
		}, 2
	}
	return nil, 0
}

// writer encodes numbers of a variable's type.
func writer(dtype dtypes.DType) (write func(dst []byte, src []float32), width int) {
	switch dtype {
	case dtypes.Float32:
		return func(dst []byte, src []float32) {
			for i, v := range src {
				binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
			}
		}, 4
	case dtypes.BFloat16:
		return func(dst []byte, src []float32) {
			for i, v := range src {
				binary.LittleEndian.PutUint16(dst[2*i:], bfloat16.FromFloat32(v).Bits())
			}
		}, 2
	case dtypes.Float16:
		return func(dst []byte, src []float32) {
			for i, v := range src {
				binary.LittleEndian.PutUint16(dst[2*i:], float16.FromFloat32(v).Bits())
			}
		}, 2
	case dtypes.Float64:
		return func(dst []byte, src []float32) {
			for i, v := range src {
				binary.LittleEndian.PutUint64(dst[8*i:], math.Float64bits(float64(v)))
			}
		}, 8
	}
	return nil, 0
}
