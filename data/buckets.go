package data

import (
	"bufio"
	"hash/fnv"
	"io"
	"os"
)

// bucketBuffer is each bucket's buffer in bytes: 2 MiB for the 256 of a Merger.
const bucketBuffer = 8 << 10

// buckets deals records to temporary files, so that what belongs together meets in one file and one file at a
// time fits in memory. Each bucket keeps a file open: a few hundred stay below the usual limit of 1,024.
//
// The caller owes a key that is the same for all that belongs together, and reads a bucket only after its last
// write.
type buckets struct {
	files []*os.File // [n] nil where nothing was dealt
	out   []*bufio.Writer
}

// newBuckets makes n buckets; a file is opened when something is dealt to it.
func newBuckets(n int) *buckets {
	return &buckets{files: make([]*os.File, n), out: make([]*bufio.Writer, n)}
}

// of is where a key belongs: its hash, so that buckets come out of like size whatever the keys look like. FNV is
// enough; nobody gains by crowding a bucket of files of their own.
func (b *buckets) of(key string) int {
	h := fnv.New32a()
	io.WriteString(h, key) // never fails
	return int(h.Sum32() % uint32(len(b.files)))
}

// write appends a record to a bucket.
func (b *buckets) write(at int, record []byte) error {
	if b.files[at] == nil {
		f, err := os.CreateTemp("", "hives-rows-*") // TMPDIR says where
		if err != nil {
			return err
		}
		// Without its name the file lasts as long as it is open: a killed command leaves nothing behind.
		if err := os.Remove(f.Name()); err != nil {
			f.Close()
			return err
		}
		b.files[at], b.out[at] = f, bufio.NewWriterSize(f, bucketBuffer)
	}
	_, err := b.out[at].Write(record)
	return err
}

// read gives one bucket from its beginning; nil where nothing was dealt to it.
func (b *buckets) read(at int) (*bufio.Reader, error) {
	if b.files[at] == nil {
		return nil, nil
	}
	// What buffering held back is on disk only now; a full disk shows here at the latest.
	if err := b.out[at].Flush(); err != nil {
		return nil, err
	}
	_, err := b.files[at].Seek(0, io.SeekStart)
	return bufio.NewReaderSize(b.files[at], bucketBuffer), err
}

// drop frees one bucket's disk.
func (b *buckets) drop(at int) error {
	f := b.files[at]
	if f == nil {
		return nil
	}
	b.files[at], b.out[at] = nil, nil
	return f.Close()
}

// close removes everything; b may be nil. Nothing in the files is wanted any more, so how closing goes is no matter.
func (b *buckets) close() {
	if b == nil {
		return
	}
	for at := range b.files {
		b.drop(at)
	}
}
