package safetensorsio

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"unicode/utf8"

	"hives/internal/fault"
)

// Write writes tensors that are in memory. Their order does not matter to the bytes.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	infos := make([]Info, len(tensors))
	byName := make(map[string][]byte, len(tensors))
	for i, t := range tensors {
		infos[i] = t.Info()
		byName[t.Name] = t.Data
	}
	return WriteStream(w, infos, metadata, func(in Info) ([]byte, error) { return byName[in.Name], nil })
}

// WriteStream writes tensors whose elements are fetched one at a time, so that a checkpoint of a model on a device
// never lies in host memory as a whole. fetch may reuse its slice from call to call. The header must come first and
// holds every range, so shapes and types are given before any element is fetched.
func WriteStream(w io.Writer, infos []Info, metadata map[string]string, fetch func(Info) ([]byte, error)) error {
	entries, err := layOut(infos)
	if err != nil {
		return err
	}
	header, err := encodeHeader(entries, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, e := range entries {
		data, err := fetch(e.Info)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", clip(e.Name), err)
		}
		// The header is out already: a wrong length here would shift every later tensor.
		if int64(len(data)) != e.end-e.begin {
			return fault.New(fault.Invalid, "tensor %s: shape %v of %s needs %d bytes, got %d",
				clip(e.Name), e.Shape, e.DType, e.end-e.begin, len(data))
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return nil
}

// layOut orders the tensors, widest elements first, and gives each its range. The widest first means that nothing
// needs padding: after all 8-byte elements the position is a multiple of 8, hence of 4, and so on down.
//
// Invariant: every tensor begins at a multiple of its element's size, and the bytes are those of the reference
// implementation (TestTensorsAreAligned, TestGoldenBytesAreThoseOfTheReference).
func layOut(infos []Info) ([]entry, error) {
	entries := make([]entry, len(infos))
	seen := make(map[string]bool, len(infos))
	for i, in := range infos {
		if err := checkName(in.Name, seen); err != nil {
			return nil, err
		}
		size, err := in.Bytes()
		if err != nil {
			return nil, fault.New(fault.Invalid, "tensor %s: %w", clip(in.Name), err)
		}
		entries[i] = entry{Info: in, end: size}
	}
	sort.Slice(entries, func(i, j int) bool {
		a, b := entries[i], entries[j]
		if ra, rb := dtypes[a.DType].rank, dtypes[b.DType].rank; ra != rb {
			return ra > rb
		}
		return a.Name < b.Name
	})
	var at int64 // until here end holds the size
	for i := range entries {
		entries[i].begin = at
		at += entries[i].end
		entries[i].end = at
	}
	return entries, nil
}

// checkName refuses what the header could not hold, or could not tell apart.
func checkName(name string, seen map[string]bool) error {
	switch {
	case name == metadataKey, !utf8.ValidString(name):
		return fault.New(fault.Invalid, "tensor name %s cannot be written", clip(name))
	case seen[name]:
		return fault.New(fault.Invalid, "tensor %s stands twice", clip(name))
	}
	seen[name] = true
	return nil
}

// encodeHeader returns the length and the JSON, padded with blanks to a multiple of 8 bytes. The JSON is put
// together by hand because the order of its keys is part of the bytes.
func encodeHeader(entries []entry, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, lengthBytes))
	b.WriteByte('{')
	if len(metadata) > 0 {
		text, err := json.Marshal(metadata) // encoding/json sorts the keys
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", metadataKey, text)
	}
	for _, e := range entries {
		if b.Len() > lengthBytes+1 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(e.Name)                       // a string always encodes
		shape, _ := json.Marshal(append([]int{}, e.Shape...)) // nil would become null
		fmt.Fprintf(&b, `%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, name, e.DType, shape, e.begin, e.end)
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	n := b.Len() - lengthBytes
	if n > maxHeaderBytes {
		return nil, fault.New(fault.Invalid, "a header of %d bytes would not be read again, at most %d are", n,
			maxHeaderBytes)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(n))
	return b.Bytes(), nil
}
