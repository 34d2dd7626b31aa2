package data

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Digest tells whether two sets of rows are the same whatever their order or file format: the sum of the rows'
// SHA-256 hashes, in four lanes modulo 2⁶⁴. It shows accidents; it is no signature, since sums can be forged. A
// sum and not an exclusive or, under which a row that stands twice would vanish.
type Digest struct {
	lanes  [4]uint64
	buffer []byte
}

// Add counts a row with all of its columns. Its place does not count (0), or order would.
func (d *Digest) Add(r *Row) {
	d.buffer = appendRow(d.buffer[:0], 0, r)
	sum := sha256.Sum256(d.buffer)
	for i := range d.lanes {
		d.lanes[i] += binary.LittleEndian.Uint64(sum[8*i:])
	}
}

// String is the digest in hex.
func (d *Digest) String() string {
	return fmt.Sprintf("%016x%016x%016x%016x", d.lanes[0], d.lanes[1], d.lanes[2], d.lanes[3])
}
