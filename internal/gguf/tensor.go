package gguf

import (
	"fmt"
	"math"
	"math/bits"

	"hives/internal/fault"
)

// Type is how a tensor's numbers are stored, numbered as in the file. A name such as Q4_K_M is a recipe for files
// that mix them, and no type.
type Type uint32

// The types that are read. Others of the format are refused by number.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q8_0 Type = 8
	Q4_K Type = 12
	Q6_K Type = 14
	BF16 Type = 30
)

// layout of one type: numbers are decoded a block at a time. The quotient bytes/block is what a number costs: 34/32
// bytes for Q8_0, 18/32 for Q4_0.
//
// Invariant: decode is given whole blocks only, and fills as many numbers.
type layout struct {
	name   string
	block  int // numbers of a block
	bytes  int // of a block
	decode func(dst []float32, block []byte)
}

var layouts = map[Type]layout{
	F32: {"F32", 1, 4, decodeF32}, F16: {"F16", 1, 2, decodeF16}, BF16: {"BF16", 1, 2, decodeBF16},
	Q8_0: {"Q8_0", 32, 34, decodeQ8_0}, Q4_0: {"Q4_0", 32, 18, decodeQ4_0}, Q4_1: {"Q4_1", 32, 20, decodeQ4_1},
	Q4_K: {"Q4_K", 256, 144, decodeQ4K}, Q6_K: {"Q6_K", 256, 210, decodeQ6K},
}

// readable lists the types for error messages.
const readable = "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K and Q6_K are read"

// String is the format's own name of a type, or its number where it is not read here.
func (t Type) String() string {
	if l, ok := layouts[t]; ok {
		return l.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Tensor is a tensor with its stored bytes, which are a read-only view of the file.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int // outermost axis first, as everywhere in this project; the file has it the other way round
	Data  []byte
}

// Width is the number of numbers of a row, the innermost axis. A scalar, which has no axis, is a row of one number.
func (t Tensor) Width() int {
	if len(t.Shape) == 0 {
		return 1
	}
	return t.Shape[len(t.Shape)-1]
}

// Rows is the number of rows: all axes but the innermost.
//
//	[64] 1     [10, 64] 10     [2, 10, 64] 20
func (t Tensor) Rows() int {
	n := 1
	for _, d := range t.Shape[:max(0, len(t.Shape)-1)] {
		n *= d
	}
	return n
}

// RowBytes is the size of a stored row; blocks never cross rows. A row of 128 numbers in Q8_0 is 4 blocks of 34
// bytes, 136 in all. size has seen to it that the width is whole blocks.
func (t Tensor) RowBytes() int {
	l := layouts[t.Type]
	return t.Width() / l.block * l.bytes
}

// Row decodes row i into dst, which holds Width numbers. It allocates nothing, so a loader calls it for each row
// with one buffer. i is not checked: callers count to Rows.
func (t Tensor) Row(i int, dst []float32) {
	l := layouts[t.Type]
	stored := t.Data[i*t.RowBytes() : (i+1)*t.RowBytes()]
	if l.block == 1 { // plain types decode a row at once
		l.decode(dst, stored)
		return
	}
	for b := range t.Width() / l.block {
		l.decode(dst[b*l.block:(b+1)*l.block], stored[b*l.bytes:(b+1)*l.bytes])
	}
}

// size returns the bytes of a tensor's numbers, or why it has none. Only then may a range be sliced: the
// multiplication cannot wrap around to a number that fits.
func (t Tensor) size() (uint64, error) {
	l, ok := layouts[t.Type]
	if !ok {
		return 0, fault.New(fault.Invalid, "%s is not supported: %s; quantise the model again to one of them", t.Type,
			readable)
	}
	if t.Width()%l.block != 0 {
		return 0, fmt.Errorf("rows of %d numbers are not whole blocks of %d, as %s needs", t.Width(), l.block, l.name)
	}
	n := uint64(t.RowBytes())
	for _, d := range t.Shape[:max(0, len(t.Shape)-1)] {
		high, low := bits.Mul64(n, uint64(d))
		if high != 0 || low > math.MaxInt64 {
			return 0, fmt.Errorf("shape %v of %s overflows", t.Shape, l.name)
		}
		n = low
	}
	return n, nil
}
