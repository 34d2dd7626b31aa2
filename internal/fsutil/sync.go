package fsutil

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
)

// observer, if set, is told what happens to the disk: a test keeps account of what a power cut would leave.
var observer atomic.Pointer[func(path string, synced bool)]

// Observe lets look be called after every sync, with the path of the file or folder, and after every rename, with
// synced false and the new path, until the end is called.
func Observe(look func(path string, synced bool)) (end func()) {
	observer.Store(&look)
	return func() { observer.Store(nil) }
}

func tell(path string, synced bool) {
	if look := observer.Load(); look != nil {
		(*look)(path, synced)
	}
}

// SyncFile makes what was written to a file durable, and not its name: that is its folder's. A file that was synced
// may still be gone after a power cut if its folder was not: two syncs belong to every new file.
func SyncFile(f *os.File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	tell(f.Name(), true)
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

// rename is os.Rename. Its effect is durable once the folder is synced.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	tell(to, false)
	return nil
}

// named are the folders whose names this process has made durable.
var named sync.Map

// MakeFolders is os.MkdirAll that lets no new folder be lost to a power cut, and with it all that is written into
// it: its name is made durable in the folder above. For a/b/c, of which only a is there: make b, sync a, make c,
// sync b. The sync is of the folder above each time, since that is where a name is written down. So is done, once a
// process, for a folder that stands: whoever made it may not have got that far.
func MakeFolders(dir string) error {
	dir = filepath.Clean(dir)
	info, err := os.Stat(dir)
	stands := err == nil && info.IsDir()
	if _, done := named.Load(dir); stands && done {
		return nil
	}
	if parent := filepath.Dir(dir); !stands && parent != dir {
		if err := MakeFolders(parent); err != nil {
			return err
		}
	}
	// MkdirAll says what is wrong where a file stands there, and nothing where another process was quicker.
	if err := errors.Join(os.MkdirAll(dir, 0o755), SyncName(dir)); err != nil {
		return err
	}
	named.Store(dir, true)
	return nil
}

// SyncName makes the name of a file or folder durable. A folder above that may be entered but not read, as folders of
// all users often are, cannot be synced, nor can one of a file system that knows no sync of folders; the name then is
// as durable as whoever made it saw to.
func SyncName(path string) error {
	err := SyncDir(filepath.Dir(filepath.Clean(path)))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}
