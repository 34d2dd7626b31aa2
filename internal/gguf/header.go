package gguf

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"hives/internal/fault"
)

const (
	magic = "GGUF"

	// The largest files have some thousand tensors and some dozen keys; what is far beyond is no model.
	maxTensors, maxKeys = 1 << 16, 1 << 16

	maxRank          = 4 // ggml's
	maxAlignment     = 1 << 16
	defaultAlignment = 32
	keyAlignment     = "general.alignment"
)

// parse reads the header of a whole file. Errors without a kind mean that the bytes are damaged.
//
//	byte 0    47 47 55 46                       "GGUF"
//	     4    03 00 00 00                       version 3
//	     8    01 00 00 00 00 00 00 00           one tensor
//	    16    02 00 00 00 00 00 00 00           two keys
//	    24    length, key, type, value          twice
//	     …    length, name, 2, 64, 10, 8, 0     a tensor: rank, axes innermost first, type Q8_0, offset
//	     …    00 00 …                           up to a multiple of the alignment
//	     …    10 rows of 2 blocks of 34 bytes   the tensor; offset 0 is here
//
// Invariant: a header costs no more memory than its own bytes, whatever it announces
// (TestHostileHeadersCostNothing), and a file that is cut anywhere is refused (TestCutAnywhere).
func parse(data []byte) (*File, error) {
	c := &cursor{data: data}
	f := &File{metadata: map[string]value{}, index: map[string]int{}}
	tensors, keys, err := readHead(c)
	if err != nil {
		return nil, err
	}
	for range keys {
		if err := f.readKey(c); err != nil {
			return nil, err
		}
	}
	// Offsets are kept beside the tensors and not in them: once Data is cut, nobody needs them.
	offsets := map[string]uint64{}
	for range tensors {
		if err := f.readTensor(c, offsets); err != nil {
			return nil, err
		}
	}
	return f, f.place(c, offsets)
}

// readHead reads magic, version and the two counts. The version tells the byte order too: 3 read the wrong way round
// is 0x03000000, whose low half is 0.
func readHead(c *cursor) (tensors, keys uint64, err error) {
	head, err := c.take(headBytes)
	if err != nil {
		return 0, 0, err
	}
	if string(head[:4]) != magic {
		return 0, 0, fault.New(fault.Invalid, "does not begin with %s: not a GGUF file", magic)
	}
	// The head is whole, so reading numbers from it cannot fail.
	h := cursor{data: head[4:]}
	version, _ := h.u32()
	tensors, _ = h.u64()
	keys, _ = h.u64()
	switch {
	case version != 0 && version&0xFFFF == 0:
		return 0, 0, fault.New(fault.Invalid, "a big-endian GGUF file is not supported: convert the model again")
	case version != 2 && version != 3:
		return 0, 0, fault.New(fault.Invalid, "GGUF version %d: want 2 or 3; convert the model again", version)
	case tensors > maxTensors, keys > maxKeys:
		return 0, 0, fmt.Errorf("%d tensors and %d metadata keys are announced, at most %d and %d are read", tensors,
			keys, maxTensors, maxKeys)
	}
	return tensors, keys, nil
}

// readKey reads one metadata entry. A key that stands twice is refused: which of the two values a reader takes would
// be its own affair.
func (f *File) readKey(c *cursor) error {
	raw, err := c.str()
	if err != nil {
		return fmt.Errorf("metadata key %d: %w", len(f.keys), err)
	}
	key := string(raw)
	if f.Has(key) {
		return fmt.Errorf("metadata key %s stands twice", clip(key))
	}
	if f.metadata[key], err = readValue(c); err != nil {
		return fmt.Errorf("metadata key %s: %w", clip(key), err)
	}
	f.keys = append(f.keys, key)
	return nil
}

// readTensor reads one tensor's line; its offset is kept aside until it is known where the data begin. Its type may
// be one that is not read; that is said with the tensor's name, when it is cut.
func (f *File) readTensor(c *cursor, offsets map[string]uint64) error {
	raw, err := c.str()
	if err != nil {
		return fmt.Errorf("tensor %d: %w", len(f.tensors), err)
	}
	t := Tensor{Name: string(raw)}
	if _, twice := offsets[t.Name]; twice {
		return fmt.Errorf("tensor %s stands twice", clip(t.Name))
	}
	if err = t.readShape(c); err != nil {
		return fmt.Errorf("tensor %s: %w", clip(t.Name), err)
	}
	kind, err := c.u32()
	if err == nil {
		t.Type = Type(kind)
		offsets[t.Name], err = c.u64()
	}
	if err != nil {
		return fmt.Errorf("tensor %s: %w", clip(t.Name), err)
	}
	f.tensors = append(f.tensors, t)
	return nil
}

// readShape reads the axes and turns them round. The file has [width, rows], this project [rows, width]. An axis of
// 0 is refused, since no model has one and rows of no numbers would divide by 0.
func (t *Tensor) readShape(c *cursor) error {
	rank, err := c.u32()
	if err != nil {
		return err
	}
	if rank > maxRank {
		return fmt.Errorf("%d axes, at most %d are read", rank, maxRank)
	}
	for range rank {
		d, err := c.u64()
		if err != nil {
			return err
		}
		if d == 0 || d > math.MaxInt32 {
			return fmt.Errorf("an axis of %d", d)
		}
		t.Shape = append(t.Shape, int(d))
	}
	slices.Reverse(t.Shape)
	return nil
}

// place cuts every tensor's bytes out of the section behind the header. Offsets count from the end of the padding,
// which is known only after the last line is read.
func (f *File) place(c *cursor, offsets map[string]uint64) error {
	align, err := f.alignment()
	if err != nil {
		return err
	}
	begin := min((c.at+align-1)/align*align, len(c.data)) // a file without tensors may end before its padding
	data := c.data[begin:]
	for i := range f.tensors {
		t := &f.tensors[i]
		if err := t.cut(data, offsets[t.Name], uint64(align)); err != nil {
			return fmt.Errorf("tensor %s: %w", clip(t.Name), err)
		}
	}
	slices.SortFunc(f.tensors, func(a, b Tensor) int {
		if x, y := offsets[a.Name], offsets[b.Name]; x != y {
			return int(int64(x) - int64(y)) // both lie in the file
		}
		return strings.Compare(a.Name, b.Name)
	})
	return f.number(offsets)
}

// number fills the index and refuses tensors that share bytes. Tensors are sorted by offset here, so each needs a
// look at the one before only. Gaps are allowed, unlike in safetensors: alignment makes them.
//
//	a at 0, 100 bytes; b at 128     fine, 28 bytes between them are padding
//	a at 0, 100 bytes; b at 64      refused: they overlap
func (f *File) number(offsets map[string]uint64) error {
	end := uint64(0)
	for i, t := range f.tensors {
		if offsets[t.Name] < end {
			return fmt.Errorf("tensor %s: its bytes overlap those of %s", clip(t.Name), clip(f.tensors[i-1].Name))
		}
		end = offsets[t.Name] + uint64(len(t.Data))
		f.index[t.Name] = i
	}
	return nil
}

// cut checks a tensor's range and makes Data a view of it. The comparison subtracts and does not add: offset + size
// could wrap around.
func (t *Tensor) cut(data []byte, offset, align uint64) error {
	size, err := t.size()
	switch {
	case err != nil:
		return err
	case offset%align != 0:
		return fmt.Errorf("offset %d is no multiple of %d", offset, align)
	case offset > uint64(len(data)) || size > uint64(len(data))-offset:
		return fmt.Errorf("%d bytes at offset %d, the file holds %d: it was cut off or is damaged", size, offset,
			len(data))
	}
	// The third index keeps an append by the caller out of the next tensor.
	t.Data = data[offset : offset+size : offset+size]
	return nil
}

// alignment returns what offsets and the data section are multiples of. A power of two, as memory is aligned; 0 would
// divide by it.
func (f *File) alignment() (int, error) {
	v, ok := f.metadata[keyAlignment]
	if !ok {
		return defaultAlignment, nil
	}
	n, ok := v.integer(0)
	if v.array || !ok || n < 1 || n > maxAlignment || n&(n-1) != 0 {
		return 0, fmt.Errorf("%s is no power of two up to %d", keyAlignment, maxAlignment)
	}
	return n, nil
}
