package fsutil

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"hives/internal/fault"
)

// CheckWritable refuses a path at which no file or folder could be made: something that is no folder stands above it,
// or the nearest folder that there is may not be written to. It leaves nothing behind; what is at path itself does not
// matter.
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
