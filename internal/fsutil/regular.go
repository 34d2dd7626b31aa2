package fsutil

import (
	"io"
	"os"
	"syscall"

	"hives/internal/fault"
)

// MaxWhole bounds in bytes a file that is read whole: the largest tokenizer.json is a tenth of it.
const MaxWhole = 512 << 20

// OpenRegular opens a regular file, also by way of links. Opening a FIFO would wait for a writer for ever, and a
// device may have no end: what is no regular file is refused, at once. O_NONBLOCK is what keeps the opening from
// waiting; for a regular file it changes nothing.
func OpenRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat() // of the open file: between a look at the path and the opening it could be replaced
	if err == nil && !info.Mode().IsRegular() {
		err = fault.New(fault.Invalid, "%s: is no regular file but a folder, a device or a pipe: name a file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ReadRegular is os.ReadFile for a regular file of at most MaxWhole bytes. Its caller need not know how large the
// file is: /dev/zero, or a model's weights in a tokenizer's place, end in an error and not in all of memory.
func ReadRegular(path string) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxWhole+1))
	if len(raw) > MaxWhole {
		return nil, fault.New(fault.Invalid, "%s: holds more than %d bytes: is it the right file?", path, MaxWhole)
	}
	return raw, err
}
