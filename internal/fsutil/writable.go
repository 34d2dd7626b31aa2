package fsutil

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"hives/internal/fault"
)

// CheckWritable refuses a path at which no file or folder could be made: something that is no folder stands above
// it, or the nearest folder that there is may not be written to. It leaves nothing behind; what is at path itself
// does not matter. Commands ask it before hours of work whose result could not be written. It tries by making a
// file: rights alone do not tell, since a disk may be mounted read-only or be another machine's.
func CheckWritable(path string) error {
	dir := filepath.Dir(filepath.Clean(path))
	if stat, err := os.Stat(path); err == nil && stat.IsDir() {
		dir = path
	}
	for {
		stat, err := os.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir):
			dir = filepath.Dir(dir)
			continue
		case err != nil:
			return Classify(err, path)
		case !stat.IsDir():
			return fault.New(fault.Invalid, "%s: %s is a file, not a folder: choose another place", path, dir)
		}
		probe, err := os.CreateTemp(dir, ".writable-*")
		if err != nil {
			return Classify(err, path)
		}
		return errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
}

// CheckReadable refuses an input that is no file, is empty, or may not be read. A pipe has no size to tell before it
// is read, so it counts as readable.
func CheckReadable(path string) error {
	f, err := OpenRegular(path)
	if err != nil {
		return Classify(err, path)
	}
	defer f.Close()
	stat, err := f.Stat()
	if err == nil && stat.Size() == 0 {
		err = fault.New(fault.Invalid, "%s is empty", path)
	}
	return Classify(err, path)
}

// CheckWritableFile is CheckWritable for a path that a file is to take.
func CheckWritableFile(path string) error {
	if stat, err := os.Stat(path); err == nil && stat.IsDir() {
		return fault.New(fault.Invalid, "%s is a folder: name a file", path)
	}
	if err := checkTarget(path); err != nil {
		return err
	}
	return CheckWritable(path)
}

// CheckWritableFolder is CheckWritable for a path that a folder is to take.
func CheckWritableFolder(path string) error {
	if stat, err := os.Stat(path); err == nil && !stat.IsDir() {
		return fault.New(fault.Invalid, "%s is a file: name a folder", path)
	}
	return CheckWritable(path)
}
