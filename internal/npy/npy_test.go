package npy_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"regexp"
	"testing"

	"hives/internal/npy"
)

// TestWriteFloat32 reads the bytes back by the format's description: magic, version, header, data.
func TestWriteFloat32(t *testing.T) {
	rows := [][]float32{{1, -2, .5}, {0, float32(math.Inf(1)), 3}}
	var out bytes.Buffer
	if err := npy.WriteFloat32(&out, rows); err != nil {
		t.Fatal(err)
	}
	raw := out.Bytes()
	n := int(binary.LittleEndian.Uint16(raw[8:]))
	if string(raw[:8]) != "\x93NUMPY\x01\x00" || (10+n)%64 != 0 || raw[10+n-1] != '\n' {
		t.Fatalf("header: %q", raw[:10+n])
	}
	if !regexp.MustCompile(`^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n$`).Match(raw[10 : 10+n]) {
		t.Errorf("header: %q", raw[10:10+n])
	}
	data := raw[10+n:]
	if len(data) != 24 {
		t.Fatalf("%d bytes of data, want 24", len(data))
	}
	for i, want := range append(rows[0], rows[1]...) {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])); got != want {
			t.Errorf("number %d is %g, want %g", i, got, want)
		}
	}
	if err := npy.WriteFloat32(&out, [][]float32{{1}, {1, 2}}); err == nil {
		t.Error("ragged rows were written")
	}
}
