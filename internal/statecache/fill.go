package statecache

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// batchTokens is about how many tokens are computed between two moments from which a kill takes nothing back. With
// 1,024 numbers a token in float16 that is 64 MB a batch.
const batchTokens = 1 << 15

// lockWait is the time between two looks at a lock that another process holds. Filling takes minutes, so a fifth of a
// second more is nothing.
const lockWait = 200 * time.Millisecond

// Work is how missing states are made. The cache knows no model: Compute is where one is.
type Work struct {
	// Compute makes the states of texts and hands each to put: [tokens, H] in the key's type, little-endian.
	Compute func(ctx context.Context, texts [][]int32, put func(text int, states []byte) error) error
	// Damaged is told, before Begin, of how many of the missing texts there are states that cannot be used; of none
	// it is not called.
	Damaged func(texts int)
	// Begin is told how much is missing before it is computed; Done of every batch that is on disk.
	Begin func(texts int, tokens int64)
	Done  func(texts int)
	// Waiting is called once where another process is filling the same cache.
	Waiting func()
}

// Fill adds the states of those texts that lack them. While another process does so it waits.
//
//	look → lock → look again, since another may have filled it → compute and write → look: is it all there?
//
// A stop keeps every batch that was committed. The last look costs a read of the file, and catches a disk that lies.
func (c *Cache) Fill(ctx context.Context, texts [][]int32, w Work) (err error) {
	if missing, _ := c.Missing(texts); len(missing) == 0 {
		return nil
	}
	lock, err := c.hold(ctx, w.Waiting)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if err := c.load(); err != nil { // another process may have added some meanwhile
		return err
	}
	missing, tokens := c.Missing(texts)
	if len(missing) == 0 {
		return nil
	}
	if damaged := c.recorded(texts, missing); damaged > 0 {
		w.Damaged(damaged)
	}
	w.Begin(len(missing), tokens)
	if err := c.extend(ctx, texts, missing, w); err != nil {
		return err
	}
	if err := c.load(); err != nil {
		return err
	}
	if left, _ := c.Missing(texts); len(left) > 0 {
		return fault.New(fault.Corrupt, "%s: %d texts just written cannot be read back", c.Path(), len(left))
	}
	return nil
}

// recorded counts those of some texts that the index speaks of. They are missing all the same, so what is recorded of
// them is damaged.
func (c *Cache) recorded(texts [][]int32, some []int) (n int) {
	for _, i := range some {
		if _, ok := c.entries[idOf(texts[i])]; ok {
			n++
		}
	}
	return n
}

// hold takes the lock of those who add states. Readers need none. They see what the index names, and that is whole;
// it is on disk before its record. The lock is the kernel's, so a process that is killed leaves none behind.
func (c *Cache) hold(ctx context.Context, waiting func()) (*flock.Flock, error) {
	lock := flock.New(c.path+".lock", flock.SetPermissions(0o644))
	held, err := lock.TryLock()
	if err == nil && !held {
		waiting()
		_, err = lock.TryLockContext(ctx, lockWait)
	}
	if err != nil {
		return nil, fsutil.Classify(err, c.path+".lock")
	}
	return lock, nil
}

// extend writes the missing texts, batch after batch.
//
//	texts of 20,000, 9,000, 5,000 and 8,000 tokens     batches (20,000 + 9,000 + 5,000) and (8,000)
func (c *Cache) extend(ctx context.Context, texts [][]int32, missing []int, w Work) (err error) {
	out, err := c.openWriter()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	for len(missing) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		var batch [][]int32
		for tokens := 0; len(missing) > 0 && tokens < batchTokens; missing = missing[1:] {
			batch = append(batch, texts[missing[0]])
			tokens += len(texts[missing[0]])
		}
		err := w.Compute(ctx, batch, func(text int, states []byte) error { return out.add(batch[text], states) })
		if err != nil {
			return err
		}
		if err := out.commit(); err != nil {
			return err
		}
		w.Done(len(batch))
	}
	return nil
}

// writer appends to both files.
//
// Invariant: end is where the next states go, and len(records) is a multiple of recordBytes.
type writer struct {
	key           Key
	states, index *os.File
	end           int64  // of the states' file
	records       []byte // of states that are not known to be on disk yet
}

// openWriter begins the files or goes on behind what is whole in them. States without a record, left by a kill, stay
// where they are: someone may have mapped the file. What is damaged in the index is cut off, as nothing behind it
// could be found.
func (c *Cache) openWriter() (w *writer, err error) {
	w = &writer{key: c.key}
	if w.states, err = openAt(c.Path(), c.key.header(kindStates)); err == nil {
		w.index, err = openAt(c.path+".idx", c.key.header(kindIndex))
	}
	if err == nil {
		err = fsutil.SyncDir(filepath.Dir(c.path))
	}
	if err == nil {
		err = w.index.Truncate(max(c.good, headerBytes))
	}
	if err == nil {
		_, err = w.index.Seek(0, 2)
	}
	if err == nil {
		w.end, err = w.states.Seek(0, 2)
	}
	if err != nil {
		return nil, errors.Join(fsutil.Classify(err, c.Path()), w.close())
	}
	return w, nil
}

// openAt opens a file for writing and gives one that has not got that far its header, which is on disk before
// anything behind it. A file of another kind keeps its own header, and checkHeader refuses it.
func openAt(path string, header []byte) (*os.File, error) {
	if err := fsutil.CheckRegular(path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if begun, unread := begun(file); unread != nil {
		err = unread
	} else if !begun {
		if _, err = file.WriteAt(header, 0); err == nil {
			err = fsutil.SyncFile(file)
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// begun tells whether a file has a header, be it that of something else. Shorter than a header, or of zeros, it is a
// write that a power cut ended.
func begun(file *os.File) (bool, error) {
	head := make([]byte, headerBytes)
	_, err := file.ReadAt(head, 0)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return !blank(head), err
}

// add appends one text's states and notes its record, which only commit writes. States of a wrong length are refused
// before a byte is written: a reader takes H numbers a token, and would run into the states of the next text.
func (w *writer) add(tokens []int32, states []byte) error {
	if want := w.key.bytesOf(int64(len(tokens))); int64(len(states)) != want {
		return fault.New(fault.Invalid, "%d bytes of states for %d tokens, want %d", len(states), len(tokens), want)
	}
	if _, err := w.states.Write(states); err != nil {
		return fsutil.Classify(err, w.states.Name())
	}
	e := entry{w.end, uint32(len(tokens)), crc32.Checksum(states, castagnoli)}
	w.records = append(w.records, record(idOf(tokens), e)...)
	w.end += int64(len(states))
	return nil
}

// commit makes the states durable, then their records. In the other order a power cut could leave a record of states
// that never came.
func (w *writer) commit() error {
	err := fsutil.SyncFile(w.states)
	if err == nil {
		_, err = w.index.Write(w.records)
	}
	if err == nil {
		err = fsutil.SyncFile(w.index)
	}
	w.records = w.records[:0]
	return fsutil.Classify(err, w.states.Name())
}

// close takes a writer that was opened in part.
func (w *writer) close() (err error) {
	for _, file := range []*os.File{w.states, w.index} {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}
	return err
}
