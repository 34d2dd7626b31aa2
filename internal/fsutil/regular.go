package fsutil

import (
	"errors"
	"io"
	"io/fs"
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
	if err := CheckRegular(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, readNow, 0)
	return regular(f, err, path)
}

// OpenRegularIn is OpenRegular for a name below a root that no link leads out of.
func OpenRegularIn(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, readNow, 0)
	return regular(f, err, name)
}

// readNow opens a FIFO without waiting for its writer.
const readNow = os.O_RDONLY | syscall.O_NONBLOCK

// regular looks at the open file: between a look at the path and the opening it could be replaced.
func regular(f *os.File, err error, name string) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = refuse(info, name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// CheckRegular refuses what is there and is no regular file, without opening it: opening some devices does something.
// It is all that can be done before a library that opens a path by itself.
func CheckRegular(paths ...string) error {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil { // else whoever opens it says why it cannot
			if err := refuse(info, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckSQLite is CheckRegular for a database and for the files that SQLite puts beside it.
func CheckSQLite(path string) error {
	return CheckRegular(path, path+"-wal", path+"-shm", path+"-journal")
}

func refuse(info fs.FileInfo, name string) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return fault.New(fault.Invalid, "%s is %s, not a regular file: name a file", name, kind(info.Mode()))
}

// kind is what stands where a file should.
func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// ReadRegular is os.ReadFile for a regular file of at most MaxWhole bytes. Its caller need not know how large the
// file is: /dev/zero, or a model's weights in a tokenizer's place, end in an error and not in all of memory.
func ReadRegular(path string) ([]byte, error) {
	f, err := OpenRegular(path)
	return readWhole(f, err, path)
}

// ReadRegularIn is ReadRegular for a name below a root.
func ReadRegularIn(root *os.Root, name string) ([]byte, error) {
	f, err := OpenRegularIn(root, name)
	return readWhole(f, err, name)
}

func readWhole(f *os.File, err error, name string) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var raw []byte
	if info.Size() <= MaxWhole { // files of the system say that they are empty
		raw, err = io.ReadAll(io.LimitReader(f, MaxWhole+1))
	}
	if max(info.Size(), int64(len(raw))) > MaxWhole {
		return nil, fault.New(fault.Invalid, "%s: holds more than %d bytes: is it the right file?", name, MaxWhole)
	}
	return raw, err
}

// OpenData is OpenRegular for a file of rows. That it is absent or closed to the caller is the user's to mend, and is
// said in these words. A pipe is refused since rows are read twice; commands that take - put it into a file first.
func OpenData(path string) (*os.File, error) {
	f, err := OpenRegular(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "%s: there is no such file", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, fault.New(fault.Invalid, "%s: may not be read", path)
	case err != nil:
		return nil, Classify(err, path)
	}
	return f, nil
}
