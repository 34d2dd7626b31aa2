package gguf

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// builder assembles files, right or wrong, from the format's definition.
type builder struct {
	version       uint32
	keys, tensors [][]byte
	keyCount      int // announced; -1 for the true number
	tensorCount   int
	data          []byte
}

func newBuilder() *builder { return &builder{version: 3, keyCount: -1, tensorCount: -1} }

func u32(n uint32) []byte  { return binary.LittleEndian.AppendUint32(nil, n) }
func u64(n uint64) []byte  { return binary.LittleEndian.AppendUint64(nil, n) }
func f32(x float32) []byte { return u32(math.Float32bits(x)) }
func text(s string) []byte { return append(u64(uint64(len(s))), s...) }
func join(p ...[]byte) (b []byte) {
	for _, part := range p {
		b = append(b, part...)
	}
	return b
}

// key adds a metadata entry of the given type; array adds one of an array.
func (b *builder) key(name string, k kind, value ...[]byte) *builder {
	b.keys = append(b.keys, join(text(name), u32(uint32(k)), join(value...)))
	return b
}

func (b *builder) array(name string, k kind, n uint64, values ...[]byte) *builder {
	return b.key(name, kindArray, u32(uint32(k)), u64(n), join(values...))
}

// tensor adds a tensor's line; dims are innermost first, as in the file.
func (b *builder) tensor(name string, t Type, offset uint64, dims ...uint64) *builder {
	line := join(text(name), u32(uint32(len(dims))))
	for _, d := range dims {
		line = append(line, u64(d)...)
	}
	b.tensors = append(b.tensors, join(line, u32(uint32(t)), u64(offset)))
	return b
}

func (b *builder) bytes(n int) *builder {
	b.data = make([]byte, n)
	return b
}

func (b *builder) file() []byte {
	count := func(announced, n int) []byte {
		if announced >= 0 {
			n = announced
		}
		return u64(uint64(n))
	}
	out := join([]byte(magic), u32(b.version), count(b.tensorCount, len(b.tensors)), count(b.keyCount, len(b.keys)),
		join(b.keys...), join(b.tensors...))
	if len(b.data) > 0 {
		out = append(out, make([]byte, (defaultAlignment-len(out)%defaultAlignment)%defaultAlignment)...)
	}
	return append(out, b.data...)
}

func save(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.gguf")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustOpen(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
