package hub

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Folders below the staging folder.
const (
	partsDir = "parts" // files on their way
	filesDir = "files" // whole and verified, under the names of the model folder
	lockName = "lock"
)

// staging is the folder beside the target in which a download lies until it is whole. All that is written into it
// goes through root, which lets no name lead out of it, and over no symlink. Whoever opens it owes close, or remove
// when all is installed.
//
//	out/NAME                         the target
//	out/.NAME.partial/lock           held while a process works
//	out/.NAME.partial/parts/KEY.*    files on their way
//	out/.NAME.partial/files/…        whole ones
//
// It lies on the target's own disk, so that a file is renamed into place and never copied.
type staging struct {
	dir  string
	root *os.Root
	lock *flock.Flock
}

// openStaging makes the folder or takes up the one an earlier start left, and keeps other processes out. Errors:
// Unavailable where another process holds the lock, Invalid where a symlink or a file stands in its place.
func openStaging(out string) (*staging, error) {
	s := &staging{dir: filepath.Join(filepath.Dir(out), "."+filepath.Base(out)+".partial")}
	if err := fsutil.MakeFolders(filepath.Dir(out)); err != nil {
		return nil, fsutil.Classify(err, out)
	}
	if err := os.Mkdir(s.dir, 0o755); err != nil && !os.IsExist(err) {
		return nil, fsutil.Classify(err, s.dir)
	}
	if err := fsutil.SyncName(s.dir); err != nil {
		return nil, fsutil.Classify(err, s.dir)
	}
	info, err := os.Lstat(s.dir)
	if err != nil {
		return nil, fsutil.Classify(err, s.dir)
	}
	if !info.IsDir() {
		return nil, notPlain(s.dir)
	}
	if s.root, err = os.OpenRoot(s.dir); err != nil {
		return nil, fsutil.Classify(err, s.dir)
	}
	if err := s.prepare(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// prepare looks at the lock's place before it opens it, since flock would follow a symlink and create its target.
func (s *staging) prepare() error {
	if err := plainBelow(s.root, lockName); err != nil {
		return err
	}
	if err := fsutil.CheckRegular(filepath.Join(s.dir, lockName)); err != nil {
		return err
	}
	s.lock = flock.New(filepath.Join(s.dir, lockName), flock.SetPermissions(0o644))
	held, err := s.lock.TryLock()
	if err != nil {
		return fsutil.Classify(err, s.dir)
	}
	if !held {
		return fault.New(fault.Unavailable, "%s: another process downloads into this folder: wait for it", s.dir)
	}
	for _, name := range []string{partsDir, filesDir} {
		if err := makeFolders(s.root, name); err != nil {
			return err
		}
	}
	return nil
}

// close leaves the folder: it is what a later start goes on from. The kernel frees the lock of a process that dies,
// so no stale one need be cleared away.
func (s *staging) close() {
	if s.lock != nil {
		s.lock.Close()
	}
	s.root.Close()
}

// remove clears the folder away after the model folder stands. The lock goes with it, so it is given back first.
func (s *staging) remove() error {
	s.close()
	return fsutil.RemoveFolder(s.dir)
}

// finish puts a verified part under its name; a part that is not ok stays. It is made durable when it is installed,
// and verified again by a later start. A rename within one folder's disk costs nothing, however large the file.
func (s *staging) finish(p *part, ok bool) error {
	if !ok {
		return nil
	}
	to := filepath.Join(filesDir, filepath.FromSlash(p.Name))
	if err := makeFolders(s.root, filepath.Dir(to)); err != nil {
		return err
	}
	if err := plainBelow(s.root, to); err != nil {
		return err
	}
	if err := s.root.Rename(p.name+".part", to); err != nil {
		return writeFault(err, p.Name)
	}
	if err := s.root.Remove(p.name + ".json"); err != nil && !os.IsNotExist(err) {
		return fsutil.Classify(err, p.Name)
	}
	return nil
}

// makeFolders is fsutil.MakeFolders that goes over no symlink.
func makeFolders(root *os.Root, name string) error {
	return eachPart(name, func(path string) error {
		info, err := root.Lstat(path)
		switch {
		case err == nil && info.IsDir():
			return nil
		case err == nil:
			return notPlain(path)
		}
		// another file's goroutine was quicker
		if err := root.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return writeFault(err, name)
		}
		return writeFault(syncBelow(root, filepath.Dir(path)), name)
	})
}

// syncBelow makes the names in a folder durable.
func syncBelow(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return fsutil.SyncFile(d)
}

// plainBelow refuses a name on whose way a symlink stands, or that is something other than a file. Between the look
// and the writing somebody could still put a link there; os.Root then keeps it from leading out of the folder.
func plainBelow(root *os.Root, name string) error {
	return eachPart(name, func(path string) error {
		info, err := root.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fsutil.Classify(err, path)
		case path == name && !info.Mode().IsRegular(), path != name && !info.IsDir():
			return notPlain(path)
		}
		return nil
	})
}

// eachPart calls f with every folder on the way to name, then with name.
//
//	1_Pooling/config.json     f(1_Pooling), f(1_Pooling/config.json)
func eachPart(name string, f func(path string) error) error {
	for i, r := range name {
		if r == filepath.Separator {
			if err := f(name[:i]); err != nil {
				return err
			}
		}
	}
	return f(strings.TrimRight(name, string(filepath.Separator)))
}

// notPlain is the refusal, with what would help.
func notPlain(path string) error {
	return fault.New(fault.Invalid, "%s is a symlink, or no plain file or folder: nothing is written over or "+
		"through it; remove it, or name another --out", path)
}
