// Package npy writes matrices in NumPy's .npy format, version 1.0.
//
// A matrix of 2 × 3 begins like this, and its 24 bytes of numbers follow:
//
//	93 4e 55 4d 50 59 01 00                    magic, version 1.0
//	76 00                                      118 bytes of header follow
//	{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }    blanks, a line break
//
// It is the one array format that needs no library to be read: a dictionary as Python writes it, and then numbers.
package npy

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"hives/internal/fault"
)

// headerAlign is what NumPy pads the header to, so that the data can be mapped.
const headerAlign = 64

// WriteFloat32 writes rows [N][d] as a little-endian float32 array in C order. It refuses ragged rows;
// no rows give shape (0, 0).
//
// Invariant: the numbers begin at a multiple of 64, so a reader may map the file (TestWriteFloat32).
func WriteFloat32(w io.Writer, rows [][]float32) error {
	d := 0
	if len(rows) > 0 {
		d = len(rows[0])
	}
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", len(rows), d)
	const before = 10 // magic, version, header length
	pad := headerAlign - (before+len(header)+1)%headerAlign
	header += strings.Repeat(" ", pad%headerAlign) + "\n"

	out := bufio.NewWriterSize(w, 1<<20)
	out.WriteString("\x93NUMPY\x01\x00")
	binary.Write(out, binary.LittleEndian, uint16(len(header)))
	out.WriteString(header)
	for i, row := range rows {
		if len(row) != d {
			return fault.New(fault.Invalid, "row %d has %d numbers, row 0 has %d", i, len(row), d)
		}
		if err := binary.Write(out, binary.LittleEndian, row); err != nil {
			return err
		}
	}
	return out.Flush()
}
