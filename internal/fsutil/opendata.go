package fsutil

import (
	"errors"
	"io/fs"
	"os"

	"hives/internal/fault"
)

// OpenData opens a file of rows for reading. That it is absent, closed to the caller or a folder is the user's to
// mend, and is said in these words. A pipe is allowed, unlike with OpenRegular: rows may come through one (<(zcat
// rows.gz)).
func OpenData(path string) (*os.File, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "%s: there is no such file", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, fault.New(fault.Invalid, "%s: may not be read", path)
	case err != nil:
		return nil, Classify(err, path)
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		f.Close()
		return nil, fault.New(fault.Invalid, "%s: is a folder, not a file", path)
	}
	return f, nil
}
