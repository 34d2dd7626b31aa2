package gguf

import (
	"encoding/binary"
	"fmt"
)

// cursor reads a header from its beginning. It never allocates: what it returns are views.
//
// Invariant: at never exceeds len(data), so a view is within the file whatever its length field says.
type cursor struct {
	data []byte
	at   int
}

// take returns the next n bytes. n comes from the file, so it is compared before it is converted. Compared as
// unsigned numbers: a length of 2⁶⁴−1 is then simply too large, where an int would be −1 and pass.
func (c *cursor) take(n uint64) ([]byte, error) {
	if left := uint64(len(c.data) - c.at); n > left {
		return nil, fmt.Errorf("%d bytes are announced at byte %d and %d are left: the file was cut off or is damaged",
			n, c.at, left)
	}
	b := c.data[c.at : c.at+int(n)]
	c.at += int(n)
	return b, nil
}

// u32 and u64 read a little-endian number.
func (c *cursor) u32() (uint32, error) {
	b, err := c.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (c *cursor) u64() (uint64, error) {
	b, err := c.take(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// str reads a length and that many bytes.
//
//	03 00 00 00 00 00 00 00 61 62 63     "abc"
func (c *cursor) str() ([]byte, error) {
	n, err := c.u64()
	if err != nil {
		return nil, err
	}
	return c.take(n)
}

// clip quotes a string from a file for an error message, which must stay readable whatever it holds. Control
// characters come out as escapes.
func clip(s string) string {
	const most = 120
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
