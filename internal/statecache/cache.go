package statecache

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/edsrzf/mmap-go"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/pack"
)

// Cache is one key's states. Gather may be called concurrently, once all that it needs has been filled in.
type Cache struct {
	key     Key
	dtype   dtypes.DType
	path    string // without ending
	entries map[textID]entry
	good    int64     // bytes of the index that can be read
	mapped  mmap.MMap // the states, nil where there are none
}

// Open finds what a folder holds of a key's states; there may be none yet.
func Open(dir string, k Key) (*Cache, error) {
	dtype, err := ParseType(k.Type)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fsutil.Classify(err, dir)
	}
	c := &Cache{key: k, dtype: dtype, path: filepath.Join(dir, k.name())}
	return c, c.load()
}

// Layers is how many layers the states have behind them.
func (c *Cache) Layers() int { return c.key.Layers }

// Path is the file of the states.
func (c *Cache) Path() string { return c.path + ".bin" }

// Close unmaps the file.
func (c *Cache) Close() error {
	c.entries = nil
	if c.mapped == nil {
		return nil
	}
	mapped := c.mapped
	c.mapped = nil
	return mapped.Unmap()
}

// load reads the index and maps the states as they are now.
func (c *Cache) load() error {
	if err := c.Close(); err != nil {
		return err
	}
	var err error
	if c.entries, c.good, err = readIndex(c.path+".idx", c.key); err != nil {
		return err
	}
	c.mapped, err = mapStates(c.Path(), c.key)
	return err
}

// mapStates maps a whole file of states, or nothing where it has none.
func mapStates(path string, k Key) (mmap.MMap, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fsutil.Classify(err, path)
	}
	defer file.Close() // a mapping outlives its descriptor
	info, err := file.Stat()
	if err != nil || info.Size() < headerBytes {
		return nil, err
	}
	mapped, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, fault.New(fault.Exhausted, "map %s: %w", path, err)
	}
	if err := checkHeader(path, mapped, k.header(kindStates)); err != nil {
		return nil, errors.Join(err, mapped.Unmap())
	}
	return mapped, nil
}

// view is the states of a text, nil where the cache has none for it.
func (c *Cache) view(tokens []int32) ([]byte, entry) {
	e, ok := c.entries[idOf(tokens)]
	end := e.offset + c.key.bytesOf(int64(e.tokens))
	if !ok || int(e.tokens) != len(tokens) || e.offset < headerBytes || end < e.offset || end > int64(len(c.mapped)) {
		return nil, e
	}
	return c.mapped[e.offset:end], e
}

// Missing lists the distinct texts, by position, whose states are not there or not whole, and their tokens. It
// reads all that is there.
func (c *Cache) Missing(texts [][]int32) (missing []int, tokens int64) {
	seen := map[textID]bool{}
	for i, t := range texts {
		id := idOf(t)
		if seen[id] {
			continue
		}
		seen[id] = true
		if raw, e := c.view(t); raw == nil || crc32.Checksum(raw, castagnoli) != e.sum {
			missing, tokens = append(missing, i), tokens+int64(len(t))
		}
	}
	return missing, tokens
}

// Size is how many bytes the states of some tokens take.
func (c *Cache) Size(tokens int64) int64 { return c.key.bytesOf(tokens) }

// Gather puts the states of a batch's texts where its tokens stand: [R, S, H], 0 at padding.
func (c *Cache) Gather(b *pack.Batch) (*tensors.Tensor, error) {
	t := tensors.FromShape(shapes.Make(c.dtype, b.Rows, b.Length, c.key.Width))
	token := c.key.bytesOf(1)
	var lost error
	err := t.MutableBytes(func(raw []byte) {
		clear(raw)
		for _, s := range Spans(b) {
			states, _ := c.view(b.IDs[s.From:s.To])
			if states == nil {
				lost = fault.New(fault.NotFound, "%s has no states for a text of %d tokens", c.Path(), s.To-s.From)
				return
			}
			copy(raw[int64(s.From)*token:], states)
		}
	})
	return t, errors.Join(err, lost)
}

// Span is where a text stands in a batch.
type Span struct{ Slot, From, To int } // flat positions, row·S + column

// Spans lists a batch's texts from left to right.
func Spans(b *pack.Batch) (spans []Span) {
	for from := 0; from < len(b.Texts); {
		to := from + 1
		for to < len(b.Texts) && to%b.Length != 0 && b.Texts[to] == b.Texts[from] {
			to++
		}
		if slot := int(b.Texts[from]); slot >= 0 {
			spans = append(spans, Span{slot, from, to})
		}
		from = to
	}
	return spans
}

// Digest is the SHA-256 of which states the texts have, in the order of their ids: of two caches with the same
// one all numbers are the same, but for a collision of checksums.
func (c *Cache) Digest(texts [][]int32) (string, error) {
	var records [][]byte
	for _, t := range texts {
		raw, e := c.view(t)
		if raw == nil {
			return "", fault.New(fault.NotFound, "%s has no states for a text of %d tokens", c.Path(), len(t))
		}
		e.offset = 0 // where they lie does not matter
		records = append(records, record(idOf(t), e))
	}
	slices.SortFunc(records, bytes.Compare)
	h := sha256.New()
	for _, r := range slices.CompactFunc(records, bytes.Equal) {
		h.Write(r)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
