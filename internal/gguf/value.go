package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// kind is a metadata value's type, numbered as in the file.
type kind uint32

// The numbers are the format's; the order of this list is their meaning.
const (
	kindU8 kind = iota
	kindI8
	kindU16
	kindI16
	kindU32
	kindI32
	kindF32
	kindBool
	kindString
	kindArray
	kindU64
	kindI64
	kindF64
)

// widths are the bytes of one value; 0 where its length stands in the file.
var widths = [...]uint64{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}

// check comes before widths is looked at: the number is the file's.
func (k kind) check() error {
	if int(k) >= len(widths) {
		return fmt.Errorf("value type %d is not known", uint32(k))
	}
	return nil
}

// value is one metadata entry: a view of its bytes, which are known to be whole.
//
//	u32 7                  kind U32, count 1, raw 07 00 00 00
//	["a", "bc"]            kind String, array, count 2, raw (1) "a" (2) "bc", each length 8 bytes
type value struct {
	kind  kind   // of the value, or of an array's elements
	array bool   //
	count uint64 // elements of an array, else 1
	raw   []byte // numbers side by side; strings each after its length, a string that is no array without it
}

// readValue walks over one value and so proves that the file holds all of it. The product count·width is bounded
// before it is taken: it could wrap around to a length that is there.
func readValue(c *cursor) (value, error) {
	t, err := c.u32()
	if err != nil {
		return value{}, err
	}
	v := value{kind: kind(t), count: 1}
	if v.kind == kindArray {
		if v, err = readArrayHead(c); err != nil {
			return value{}, err
		}
	}
	if err := v.kind.check(); err != nil {
		return value{}, err
	}
	switch width := widths[v.kind]; {
	case v.kind == kindString && !v.array:
		v.raw, err = c.str()
	case v.kind == kindString:
		v.raw, err = walkStrings(c, v.count)
	case v.count > math.MaxUint64/width:
		err = fmt.Errorf("an array of %d elements", v.count)
	default:
		v.raw, err = c.take(v.count * width)
	}
	return v, err
}

// readArrayHead reads the type and the number of an array's elements. Arrays of arrays are in the format and in no
// model; without them a value's walk has no depth to bound.
func readArrayHead(c *cursor) (value, error) {
	t, err := c.u32()
	if err != nil {
		return value{}, err
	}
	n, err := c.u64()
	if err != nil {
		return value{}, err
	}
	if kind(t) == kindArray {
		return value{}, fmt.Errorf("an array of arrays is not supported")
	}
	return value{kind: kind(t), array: true, count: n}, nil
}

// walkStrings returns the bytes of n strings with their lengths. A count beyond the bytes ends at the file's end,
// not before: no slice is made from it. Nine bytes that announce 2⁶⁴ strings therefore cost one step, as the first
// length is not there.
func walkStrings(c *cursor, n uint64) ([]byte, error) {
	from := c.at
	for range n {
		if _, err := c.str(); err != nil {
			return nil, err
		}
	}
	return c.data[from:c.at], nil
}

// integer returns element i of whole numbers that fit an int. Which width a writer chose does not matter:
// llama.cpp's tools write a count as u32, others as u64 or i32.
func (v value) integer(i int) (int, bool) {
	if uint64(i) >= v.count { // an empty array
		return 0, false
	}
	b := v.raw[uint64(i)*widths[v.kind]:]
	switch v.kind {
	case kindU8:
		return int(b[0]), true
	case kindI8:
		return int(int8(b[0])), true
	case kindU16:
		return int(binary.LittleEndian.Uint16(b)), true
	case kindI16:
		return int(int16(binary.LittleEndian.Uint16(b))), true
	case kindU32:
		return int(binary.LittleEndian.Uint32(b)), true
	case kindI32:
		return int(int32(binary.LittleEndian.Uint32(b))), true
	case kindU64, kindI64: // a U64 beyond MaxInt64 turns negative here, and no size is
		return int(binary.LittleEndian.Uint64(b)), v.kind == kindI64 || int64(binary.LittleEndian.Uint64(b)) >= 0
	}
	return 0, false
}

// float returns a number that is no array. A float32 becomes the shortest decimal that means it, so that 1e-5
// stays 1e-5.
func (v value) float() (float64, bool) {
	switch v.kind {
	case kindF32:
		return shortest(math.Float32frombits(binary.LittleEndian.Uint32(v.raw))), true
	case kindF64:
		return math.Float64frombits(binary.LittleEndian.Uint64(v.raw)), true
	}
	n, ok := v.integer(0)
	return float64(n), ok
}

// strings returns the elements of an array of strings. They are copies, and outlive the file.
func (v value) strings() []string {
	c := cursor{data: v.raw}
	out := make([]string, 0, v.count) // every string takes 8 bytes at least, all of which were seen
	for range v.count {
		s, err := c.str()
		if err != nil { // readValue has walked here before
			break
		}
		out = append(out, string(s))
	}
	return out
}
