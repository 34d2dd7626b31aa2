package npy_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"regexp"
	"slices"
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

func TestReadFloat32(t *testing.T) {
	rows := [][]float32{{1, -2, .5}, {0, float32(math.Inf(1)), 3}}
	var out bytes.Buffer
	if err := npy.WriteFloat32(&out, rows); err != nil {
		t.Fatal(err)
	}
	raw := out.Bytes()
	got, err := npy.ReadFloat32(bytes.NewReader(raw))
	if err != nil || len(got) != 2 || !slices.Equal(got[0], rows[0]) || !slices.Equal(got[1], rows[1]) {
		t.Fatalf("%v, %v", got, err)
	}
	change := func(from, to string) []byte { return bytes.Replace(raw, []byte(from), []byte(to), 1) }
	for _, c := range []struct {
		name string
		raw  []byte
	}{
		{"empty", nil},
		{"not an array", change("NUMPY", "NUMPX")},
		{"header cut", raw[:40]},
		{"data cut", raw[:len(raw)-1]},
		{"more than the header says", append(slices.Clone(raw), 0)},
		{"float64", change("<f4", "<f8")},
		{"by columns", change("False", "True ")},
		{"fewer than none", change("(2, 3)", "(-2,3)")},
		{"more than memory", change("(2, 3), } ", "(9, 999999999), }")},
	} {
		if got, err := npy.ReadFloat32(bytes.NewReader(c.raw)); err == nil {
			t.Errorf("%s: read as %v", c.name, got)
		}
	}
}
