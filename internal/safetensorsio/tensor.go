package safetensorsio

import (
	"fmt"
	"math"
	"math/bits"
)

// Info describes a tensor: its name, its dtype by safetensors' name and its shape; [] is a scalar.
type Info struct {
	Name  string
	DType string
	Shape []int
}

// Tensor is a tensor with its elements: row-major, little-endian.
type Tensor struct {
	Name  string
	DType string
	Shape []int
	Data  []byte
}

// Info returns t without its elements.
func (t Tensor) Info() Info { return Info{t.Name, t.DType, t.Shape} }

// dtype is one element type of the format.
type dtype struct {
	rank  int // place in the file: higher first, as the reference implementation orders them
	bytes int64
}

// dtypes are the element types that may be read and written.
var dtypes = map[string]dtype{
	"BOOL": {0, 1}, "U8": {1, 1}, "I8": {2, 1},
	"I16": {3, 2}, "U16": {4, 2}, "F16": {5, 2}, "BF16": {6, 2},
	"I32": {7, 4}, "U32": {8, 4}, "F32": {9, 4},
	"F64": {10, 8}, "I64": {11, 8}, "U64": {12, 8},
}

// maxRank bounds what a hostile shape may hold; weights and moments have at most 4 axes.
const maxRank = 16

// Bytes returns the size of the tensor's elements, or why it has none. The product is taken in 128 bits: [2⁶², 16]
// of F32 would be 0 bytes in 64, and fit any file.
func (in Info) Bytes() (int64, error) {
	kind, ok := dtypes[in.DType]
	if !ok {
		return 0, fmt.Errorf("dtype %s is not supported", clip(in.DType))
	}
	if len(in.Shape) > maxRank {
		return 0, fmt.Errorf("shape has %d axes, more than %d", len(in.Shape), maxRank)
	}
	size := uint64(kind.bytes)
	for _, d := range in.Shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative axis", in.Shape)
		}
		high, low := bits.Mul64(size, uint64(d))
		if high != 0 || low > math.MaxInt64 {
			return 0, fmt.Errorf("shape %v of %s overflows", in.Shape, in.DType)
		}
		size = low
	}
	return int64(size), nil
}

// clip quotes a string from a file for an error message, which must stay readable whatever it holds.
func clip(s string) string {
	const most = 120
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
