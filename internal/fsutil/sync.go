package fsutil

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
)

// synced, if set, is told of every path that was made durable: a test keeps account of what a power cut would leave.
var synced atomic.Pointer[func(path string)]

// ObserveSyncs lets look be called after every sync, with the path of the file or folder, until the end is called.
func ObserveSyncs(look func(path string)) (end func()) {
	synced.Store(&look)
	return func() { synced.Store(nil) }
}

// SyncFile makes what was written to a file durable, and not its name: that is its folder's. A file that was synced
// may still be gone after a power cut if its folder was not: two syncs belong to every new file.
func SyncFile(f *os.File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if look := synced.Load(); look != nil {
		(*look)(f.Name())
	}
	return nil
}

// SyncDir makes the names inside dir durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return SyncFile(d)
}

// MakeFolders is os.MkdirAll that lets no new folder be lost to a power cut, and with it all that is written into
// it: its name is made durable in the folder above. For a/b/c, of which only a is there: make b, sync a, make c,
// sync b. The sync is of the folder above each time, since that is where a name is written down.
func MakeFolders(dir string) error {
	dir = filepath.Clean(dir)
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MakeFolders(parent); err != nil {
			return err
		}
	}
	// MkdirAll says what is wrong where a file stands there, and nothing where another process was quicker.
	return errors.Join(os.MkdirAll(dir, 0o755), SyncDir(parent))
}
