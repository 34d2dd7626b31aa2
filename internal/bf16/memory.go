//go:build goexperiment.simd && amd64

package bf16

import (
	"encoding/binary"
	"math"

	"golang.org/x/sys/unix"
)

// Room is memory for weights, zeros at first. It is not of Go's heap: a gigabyte there that stays would let as much of
// what does not stay pile up before it is collected.
//
// Large pages were tried (MADV_HUGEPAGE): a text of 16 tokens took 4 % less, and loading 1.2 GB 1.4 s more, in which a
// virtual machine got them.
func Room(size int) []byte {
	if size == 0 {
		return nil
	}
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		panic(err) // as where the heap has no room
	}
	return b
}

// Free gives memory of Room back. Whoever still reads it is ended by the system.
func Free(b []byte) {
	if b != nil {
		_ = unix.Munmap(b)
	}
}

// Put writes a row as bfloat16, little-endian, 2 bytes a number.
func Put(to []byte, row []float32) {
	for i := 0; i < len(row); i += lanes {
		var half [lanes]int16
		narrow(load(row, i)).TruncateToInt16().Store(&half)
		for k := range min(lanes, len(row)-i) {
			binary.LittleEndian.PutUint16(to[2*(i+k):], uint16(half[k]))
		}
	}
}

// Get reads what Put wrote.
func Get(row []float32, from []byte) {
	for i := range row {
		row[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(from[2*i:])) << 16)
	}
}
