package mapfile

import (
	"errors"
	"io/fs"
	"os"
	"unsafe"

	"github.com/edsrzf/mmap-go"
	"golang.org/x/sys/unix"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// File is a mapped file. Its methods but Close may be called concurrently. Whoever opens it owes Close, after the
// last reader of Data.
type File struct {
	Data   mmap.MMap // the whole file
	file   *os.File  // the mapped one, whatever its path names meanwhile
	opened os.FileInfo
}

// Open maps the regular file at path, which must hold at least least bytes, 1 or more: an empty file cannot be
// mapped, and a caller wants to read a fixed head without looking at the length first.
func Open(path string, least int64) (*File, error) {
	file, err := fsutil.OpenRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "tensors: %w", err)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "tensors: %w", err)
	}
	f, err := mapOpen(file, least)
	if err != nil {
		file.Close()
	}
	return f, err
}

// mapOpen maps an open file, which is then the mapping's to close.
func mapOpen(file *os.File, least int64) (*File, error) {
	path := file.Name()
	// Of the open file, not of the path: between the two a rename could come.
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fault.New(fault.Invalid, "%s: not a regular file", path)
	}
	if info.Size() < least {
		return nil, fault.New(fault.Corrupt, "%s: %d bytes are no file of tensors", path, info.Size())
	}
	data, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, fault.New(fault.Exhausted, "map %s: %w", path, err)
	}
	return &File{data, file, info}, nil
}

// Forget gives the whole pages of part, a piece of Data, back to the system. Reading them again is allowed and
// reads the file again. A piece of other memory is left alone: the system would fill that with zeros.
//
// Pages are 4,096 bytes as a rule. For part = bytes 5,000 to 20,000: the page from 4,096 is shared with what lies
// before part, and that from 16,384 with what lies behind, so the pages from 8,192 to 16,384 are given back. The
// mapping is read-only and of a file, so nothing is lost: a later read takes the page from the file again.
func (f *File) Forget(part []byte) {
	if len(part) == 0 || len(f.Data) == 0 {
		return
	}
	begin := int(uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(f.Data))))
	end := begin + len(part)
	if begin < 0 || end > len(f.Data) {
		return
	}
	page := os.Getpagesize()
	first := (begin + page - 1) / page * page
	if end != len(f.Data) { // a page that others share stays
		end = end / page * page
	}
	if first < end {
		// Advice that is not taken costs memory and nothing else.
		_ = unix.Madvise(f.Data[first:end], unix.MADV_DONTNEED)
	}
}

// Close ends the mapping; every piece of Data is gone with it. A second call does nothing.
func (f *File) Close() error {
	if f.Data == nil {
		return nil
	}
	return errors.Join(f.Data.Unmap(), f.file.Close()) // Unmap sets Data to nil
}
