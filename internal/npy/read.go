package npy

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"hives/internal/fault"
)

// maxNumbers bounds what a header may ask for: 4 GiB of float32.
const maxNumbers = 1 << 30

// ReadFloat32 reads what WriteFloat32 wrote: a little-endian float32 matrix in C order, version 1.0. Anything else,
// and a file that is shorter or longer than its header says, is an error. Rows are made as they come, not all at
// once from the header: a header of 128 bytes can ask for 4 GiB.
func ReadFloat32(r io.Reader) ([][]float32, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	n, d, err := readHeader(in)
	if err != nil {
		return nil, err
	}
	out := make([][]float32, 0, min(n, 1<<20)) // a header alone takes no memory
	for i := range n {
		row := make([]float32, d)
		if err := binary.Read(in, binary.LittleEndian, row); err != nil {
			return nil, fault.New(fault.Corrupt, "npy: row %d of %d: %w", i, n, err)
		}
		out = append(out, row)
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return nil, fault.New(fault.Corrupt, "npy: more than the %d rows of the header", n)
	}
	return out, nil
}

// readHeader returns the shape [n][d].
func readHeader(in io.Reader) (n, d int, err error) {
	var head [10]byte // magic, version, length of the rest
	if _, err := io.ReadFull(in, head[:]); err != nil || string(head[:8]) != "\x93NUMPY\x01\x00" {
		return 0, 0, fault.New(fault.Corrupt, "npy: not an array of version 1.0")
	}
	header := make([]byte, binary.LittleEndian.Uint16(head[8:]))
	if _, err := io.ReadFull(in, header); err != nil {
		return 0, 0, fault.New(fault.Corrupt, "npy: header: %w", err)
	}
	if _, err := fmt.Sscanf(string(header), "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", &n,
		&d); err != nil {
		return 0, 0, fault.New(fault.Invalid, "npy: not a float32 matrix in C order")
	}
	if n < 0 || d < 0 || d > maxNumbers || n > maxNumbers/max(d, 1) || d == 0 && n > 0 {
		return 0, 0, fault.New(fault.Corrupt, "npy: shape (%d, %d)", n, d)
	}
	return n, d, nil
}
