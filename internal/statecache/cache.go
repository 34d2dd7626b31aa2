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

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/mapfile"
	"hives/pack"
)

// Cache is one key's states. Gather may be called concurrently, once all that it needs has been filled in. entries
// are those of the last load: what another process adds afterwards is seen by the next Fill.
type Cache struct {
	key     Key
	dtype   dtypes.DType
	path    string // without ending
	entries map[textID]entry
	good    int64         // bytes of the index that can be read
	mapped  *mapfile.File // the states, nil where there are none
}

// Open finds what a folder holds of a key's states; there may be none yet. The caller owes Close. Errors: Mismatch
// for states of the earlier format, Corrupt for files of another key.
func Open(dir string, k Key) (*Cache, error) {
	dtype, err := ParseType(k.Type)
	if err != nil {
		return nil, err
	}
	if err := fsutil.MakeFolders(dir); err != nil {
		return nil, fsutil.Classify(err, dir)
	}
	if err := refuseElder(dir, k); err != nil {
		return nil, err
	}
	c := &Cache{key: k, dtype: dtype, path: filepath.Join(dir, k.name())}
	return c, c.load()
}

// Layers is how many layers the states have behind them.
func (c *Cache) Layers() int { return c.key.Layers }

// Path is the file of the states. It is what errors name, since it is what one would remove.
func (c *Cache) Path() string { return c.path + ".bin" }

// Close unmaps the file. Views of it are gone with it; it may be called again.
func (c *Cache) Close() error {
	c.entries = nil
	if c.mapped == nil {
		return nil
	}
	mapped := c.mapped
	c.mapped = nil
	return mapped.Close()
}

// load reads the index and maps the states as they are now. A mapping does not grow with its file, so it is made anew
// after each Fill.
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

// mapStates maps a whole file of states, or nothing where it has none. nil without an error is "none yet", which Fill
// puts right.
func mapStates(path string, k Key) (*mapfile.File, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() < headerBytes {
		return nil, nil // not begun, or killed in its first write
	}
	mapped, err := mapfile.Open(path, headerBytes)
	if err != nil {
		return nil, err
	}
	begun := true
	err = mapped.Catch(func() error {
		if begun = !blank(mapped.Data[:headerBytes]); !begun {
			return nil
		}
		return checkHeader(path, mapped.Data, k.header(kindStates))
	})
	if err != nil || !begun {
		return nil, errors.Join(err, mapped.Close())
	}
	return mapped, nil
}

// view is the states of a text, nil where the cache has none for it. The index's numbers are held to the file: a
// record whose states were cut off counts as none.
func (c *Cache) view(tokens []int32) ([]byte, entry) {
	e, ok := c.entries[idOf(tokens)]
	end := e.offset + c.key.bytesOf(int64(e.tokens))
	if !ok || c.mapped == nil || int(e.tokens) != len(tokens) || e.offset < headerBytes || end < e.offset ||
		end > int64(len(c.mapped.Data)) {
		return nil, e
	}
	return c.mapped.Data[e.offset:end], e
}

// whole tells whether states are those that were written. A file that was cut since it was mapped cannot be read at
// all, or reads as zeros. It reads every byte, in a mapping that may fault, hence Catch.
func (c *Cache) whole(states []byte, e entry) (same bool) {
	if states == nil {
		return false
	}
	err := c.mapped.Catch(func() error {
		same = crc32.Checksum(states, castagnoli) == e.sum
		return nil
	})
	return err == nil && same
}

// Missing lists the distinct texts, by position, whose states are not there or not whole, and their tokens. It reads
// all that is there. So it takes as long as reading the states from the disk, once a start.
//
//	texts a b a c, of which b is there     missing 0, 3; tokens those of a and c
func (c *Cache) Missing(texts [][]int32) (missing []int, tokens int64) {
	seen := map[textID]bool{}
	for i, t := range texts {
		id := idOf(t)
		if seen[id] {
			continue
		}
		seen[id] = true
		if !c.whole(c.view(t)) {
			missing, tokens = append(missing, i), tokens+int64(len(t))
		}
	}
	return missing, tokens
}

// Size is how many bytes the states of some tokens take. It is for saying so before they are computed.
func (c *Cache) Size(tokens int64) int64 { return c.key.bytesOf(tokens) }

// Gather puts the states of a batch's texts where its tokens stand: [R, S, H], 0 at padding. Their checksums are
// compared each time, for the file may be cut or written over during a run: 4 MB of states take under a millisecond.
//
//	row 0   text 3 (2 tokens), text 5 (1), padding     states of 3, states of 5, zeros
func (c *Cache) Gather(b *pack.Batch) (*tensors.Tensor, error) {
	t := tensors.FromShape(shapes.Make(c.dtype, b.Rows, b.Length, c.key.Width))
	token := c.key.bytesOf(1)
	var lost error
	err := t.MutableBytes(func(raw []byte) {
		clear(raw)
		for _, s := range Spans(b) {
			states, e := c.view(b.IDs[s.From:s.To])
			if states == nil {
				lost = fault.New(fault.NotFound, "%s has no states for a text of %d tokens", c.Path(), s.To-s.From)
				return
			}
			if lost = c.copyOut(raw[int64(s.From)*token:], states, e); lost != nil {
				return
			}
		}
	})
	return t, errors.Join(err, lost)
}

// copyOut copies the states of a text and looks at the copy: the file may change between two looks at it. A file that
// is cut under the mapping faults, which Catch makes an error of. The error is of kind Corrupt where the bytes are
// others.
func (c *Cache) copyOut(to, states []byte, e entry) error {
	err := c.mapped.Catch(func() error {
		copy(to, states)
		return nil
	})
	if err == nil && crc32.Checksum(to[:len(states)], castagnoli) != e.sum {
		err = fault.New(fault.Corrupt, "%s: the states of a text of %d tokens are no longer those that were written",
			c.Path(), e.tokens)
	}
	if err != nil {
		return fmt.Errorf("%w; what is damaged is computed anew when a run begins or is resumed", err)
	}
	return nil
}

// Span is where a text stands in a batch. The positions of a tensor of states are the same, times H numbers.
type Span struct{ Slot, From, To int } // flat positions, row·S + column

// Spans lists a batch's texts from left to right.
//
//	Texts, rows of 4     3 3 5 −1 | 5 5 −1 −1
//	Spans                {3 0 2} {5 2 3} {5 4 6}: a text ends with its row, whatever begins the next
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

// Digest is the SHA-256 of which states the texts have, in the order of their ids: of two caches with the same one
// all numbers are the same, but for a collision of checksums. A run keeps it, so that a resumed one knows whether it
// stands on the same states.
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
