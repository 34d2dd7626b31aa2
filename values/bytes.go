package values

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
)

// column is a vector as a column's content: NULL where there is none. An empty blob would read back as a vector
// of no numbers.
//
//	nil          NULL                              nothing is known
//	[.5, −1]     00 00 00 3f 00 00 80 bf           four bytes a number
func column(x []float32) any {
	if x == nil {
		return nil
	}
	return blob(x)
}

// blob writes float32 little-endian. 1,024 numbers are 4,096 bytes. The order of bytes is fixed, so a file may go to
// another kind of machine.
func blob(x []float32) []byte {
	out := make([]byte, 0, 4*len(x))
	for _, f := range x {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
	}
	return out
}

// floats reads a blob of d numbers; NULL is nil. A blob of another length is of another model's width, or torn.
func floats(raw []byte, d int) ([]float32, error) {
	if raw == nil {
		return nil, nil
	}
	if len(raw) != 4*d {
		return nil, fmt.Errorf("a vector has %d bytes, %d numbers need %d", len(raw), d, 4*d)
	}
	out := make([]float32, d)
	for k := range out {
		out[k] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*k:]))
	}
	return out, nil
}

// digest is the SHA-256 of the whole content: what SQLite's own checks let pass, such as a number changed inside a
// vector, is seen by it. JSON leaves the vectors out, so they are hashed after it, in a fixed order. The file's own
// SHA-256 names it to others, but cannot stand in it.
func (s *Set) digest() (string, error) {
	h := sha256.New()
	e := json.NewEncoder(h)
	if err := e.Encode(s); err != nil {
		return "", err
	}
	if err := e.Encode(s.Anchors); err != nil {
		return "", err
	}
	for _, t := range s.Theories {
		h.Write(blob(t.Mean))
	}
	// Every list has its own fixed order, and a nil vector adds no bytes, as a column of NULL. That a vector moved from
	// one value to the next is seen nonetheless: the values' kinds, which say who has one, are in the JSON.
	for i := range s.Values {
		v := &s.Values[i]
		h.Write(blob(v.Vector))
		for _, head := range []*Head{v.About, v.Support} {
			if head != nil {
				h.Write(blob(head.Weights))
			}
		}
		h.Write(blob(v.Background))
	}
	for _, t := range s.Theories {
		if t.Guard != nil {
			h.Write(blob(t.Guard.Weights))
		}
	}
	for i := range s.Anchors {
		h.Write(blob(s.Anchors[i].Vector))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
