package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/x448/float16"

	"hives/internal/fault"
)

// Entry is one key of the metadata. Value is a uint32, float32, bool, string, []string or []int32. llama.cpp wants
// certain types for certain keys, so they are the caller's to choose: a count as uint32, an ε as float32.
type Entry struct {
	Key   string
	Value any
}

// Source is a tensor to be written as F32, F16, BF16 or Q8_0. Its rows are asked for once, in order. Row fills dst,
// of Shape's last length; an error of it ends the writing.
type Source struct {
	Name  string
	Type  Type
	Shape []int // outermost axis first
	Row   func(i int, dst []float32) error
}

// Write writes a file of version 3. What it holds at a time is one row. Sizes follow from types and shapes, so the
// offsets are known before a row is asked for: the header goes out first and nothing is put back.
//
// Invariant: the same entries, sources and rows give the same bytes; there is no time and no name of a program in
// them.
func Write(w io.Writer, metadata []Entry, tensors []Source) error {
	b := bufio.NewWriterSize(w, 1<<20)
	head := append([]byte(magic), 3, 0, 0, 0)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(tensors)))
	head = binary.LittleEndian.AppendUint64(head, uint64(len(metadata)))
	for _, e := range metadata {
		var err error
		if head, err = e.append(head); err != nil {
			return err
		}
	}
	// Offsets count from the first tensor's byte and are multiples of the alignment.
	offset := uint64(0)
	for _, t := range tensors {
		size, err := t.tensor().size()
		if err != nil {
			return fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		head = t.appendInfo(head, offset)
		offset += padded(size)
	}
	// its error comes out at the end
	b.Write(append(head, make([]byte, padded(uint64(len(head)))-uint64(len(head)))...))
	for _, t := range tensors {
		if err := t.write(b); err != nil {
			return fmt.Errorf("tensor %s: %w", t.Name, err)
		}
	}
	return b.Flush()
}

// padded is the next multiple of the alignment.
//
//	padded(0) 0     padded(1) 32     padded(32) 32     padded(33) 64
func padded(n uint64) uint64 { return (n + defaultAlignment - 1) / defaultAlignment * defaultAlignment }

// appendString writes a length of 8 bytes and the bytes.
func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// append writes key, type and value.
//
//	general.alignment uint32 32     11 00 … "general.alignment" 04 00 00 00 20 00 00 00
func (e Entry) append(b []byte) ([]byte, error) {
	kindOf := func(k kind) { b = binary.LittleEndian.AppendUint32(b, uint32(k)) }
	arrayOf := func(k kind, n int) {
		kindOf(kindArray)
		kindOf(k)
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	b = appendString(b, e.Key)
	switch v := e.Value.(type) {
	case uint32:
		kindOf(kindU32)
		return binary.LittleEndian.AppendUint32(b, v), nil
	case float32:
		kindOf(kindF32)
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(v)), nil
	case bool:
		kindOf(kindBool)
		if v {
			return append(b, 1), nil
		}
		return append(b, 0), nil
	case string:
		kindOf(kindString)
		return appendString(b, v), nil
	// An array is its elements' type, their number, and the elements, each as it would stand alone but without a
	// type.
	case []string:
		arrayOf(kindString, len(v))
		for _, s := range v {
			b = appendString(b, s)
		}
		return b, nil
	case []int32:
		arrayOf(kindI32, len(v))
		for _, n := range v {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
		return b, nil
	}
	return nil, fault.New(fault.Invalid, "metadata key %s: a value of type %T is not written", e.Key, e.Value)
}

// tensor describes the source as a reader would see it, for its size and its rows.
func (t Source) tensor() Tensor { return Tensor{Name: t.Name, Type: t.Type, Shape: t.Shape} }

// appendInfo writes the tensor's line, axes innermost first. rank, axes, type, offset: what readTensor reads.
func (t Source) appendInfo(b []byte, offset uint64) []byte {
	b = binary.LittleEndian.AppendUint32(appendString(b, t.Name), uint32(len(t.Shape)))
	for _, d := range slices.Backward(t.Shape) {
		b = binary.LittleEndian.AppendUint64(b, uint64(d))
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(t.Type))
	return binary.LittleEndian.AppendUint64(b, offset)
}

// write encodes the rows and fills up to the alignment. What is written must be exactly what size has promised: the
// offsets of all tensors behind it rest on that.
func (t Source) write(w *bufio.Writer) error {
	shape := t.tensor()
	// One row and its encoding are all that is held, and both are used again for the next row.
	row, raw, written := make([]float32, shape.Width()), []byte(nil), uint64(0)
	for i := range shape.Rows() {
		if err := t.Row(i, row); err != nil {
			return err
		}
		var err error
		if raw, err = encode(raw[:0], t.Type, row); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
		if _, err := w.Write(raw); err != nil {
			return err
		}
		written += uint64(len(raw))
	}
	_, err := w.Write(make([]byte, padded(written)-written))
	return err
}

// encode appends a row. A number that is finite stays so, or is an error. BF16 adds half of what is cut off, or a
// little less where the last bit that stays is 0: that rounds a tie to the even side. For 0x3F808000, a tie whose
// last bit is 0, it adds 0x7FFF and the upper half stays 0x3F80.
func encode(b []byte, t Type, row []float32) ([]byte, error) {
	switch t {
	case F32:
		for _, x := range row {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	case BF16:
		for _, x := range row {
			bits := math.Float32bits(x)
			bits += 0x7FFF + bits>>16&1 // to the nearest, ties to even
			b = binary.LittleEndian.AppendUint16(b, uint16(bits>>16))
		}
	case F16:
		for _, x := range row {
			half := float16.Fromfloat32(x)
			if half.IsInf(0) {
				return nil, tooLarge(x)
			}
			b = binary.LittleEndian.AppendUint16(b, half.Bits())
		}
	case Q8_0:
		for block := range slices.Chunk(row, layouts[Q8_0].block) {
			var err error
			if b, err = appendQ8_0(b, block); err != nil {
				return nil, err
			}
		}
	default:
		return nil, fault.New(fault.Invalid, "%s is not written: want F32, F16, BF16 or Q8_0", t)
	}
	return b, nil
}

// tooLarge is said where a number would become infinite: 65,504 is the largest float16.
func tooLarge(x float32) error {
	return fault.New(fault.Invalid, "%g is too large for a float16: write F32 or BF16", x)
}

// appendQ8_0 writes 32 numbers as a scale d in float16 and q = round(x/d) in an int8 each, d = max|x|/127. The
// quotient is by the scale before its rounding, as ggml's reference does.
//
//	x = 12.7, −6.4, 0 …     d = .1 (float16 .09998), q = 127, −64, 0     read back 12.697, −6.398, 0
func appendQ8_0(b []byte, x []float32) ([]byte, error) {
	largest := float32(0)
	for _, v := range x {
		largest = max(largest, float32(math.Abs(float64(v))))
	}
	// A block of zeros has a scale of 0; its quotients would be NaN.
	d, inverse := largest/127, float32(0)
	if d > 0 {
		inverse = 1 / d
	}
	scale := float16.Fromfloat32(d)
	if scale.IsInf(0) {
		return nil, tooLarge(d)
	}
	b = binary.LittleEndian.AppendUint16(b, scale.Bits())
	for _, v := range x {
		b = append(b, byte(int8(math.Round(float64(v*inverse)))))
	}
	return b, nil
}
