package data

import (
	"bufio"
	"errors"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// numBuckets parts what does not fit in memory. A bucket is held at a time, so memory is 1/256 of the whole; each
// has a file open while it is filled, which stays below the usual limit of 1,024.
const numBuckets = 256

// bucketBuffer is each bucket's buffer in bytes: 2 MiB for all of them.
const bucketBuffer = 8 << 10

// buckets deals records to files by a hash of their key, so that all records of one key meet in one file.
type buckets struct {
	dir   string
	files [numBuckets]*os.File
	out   [numBuckets]*bufio.Writer
}

// bucketOf is where a key belongs.
func bucketOf(key string) int {
	h := fnv.New32a()
	io.WriteString(h, key)
	return int(h.Sum32() % numBuckets)
}

// newBuckets makes a folder for temporary files; TMPDIR says where.
func newBuckets() (*buckets, error) {
	dir, err := os.MkdirTemp("", "hives-rows-")
	if err != nil {
		return nil, err
	}
	return &buckets{dir: dir}, nil
}

// write appends a record to a bucket.
func (b *buckets) write(at int, record []byte) error {
	if b.files[at] == nil {
		f, err := os.Create(filepath.Join(b.dir, strconv.Itoa(at)))
		if err != nil {
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
	if err := b.out[at].Flush(); err != nil {
		return nil, err
	}
	_, err := b.files[at].Seek(0, io.SeekStart)
	return bufio.NewReaderSize(b.files[at], bucketBuffer), err
}

// drop frees one bucket's disk.
func (b *buckets) drop(at int) error {
	if b.files[at] == nil {
		return nil
	}
	err := errors.Join(b.files[at].Close(), os.Remove(b.files[at].Name()))
	b.files[at], b.out[at] = nil, nil
	return err
}

// close removes everything; b may be nil.
func (b *buckets) close() error {
	if b == nil {
		return nil
	}
	for _, f := range b.files {
		if f != nil {
			f.Close() // the files go with the folder: nothing in them is wanted
		}
	}
	return os.RemoveAll(b.dir)
}
