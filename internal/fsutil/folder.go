package fsutil

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hives/internal/fault"
)

// Marks of names that a kill may leave behind.
const (
	tmpMark = ".tmp-" // being written
	oldMark = ".old-" // being replaced
)

// WriteFolder lets fill write a folder under a temporary name beside path, makes every file in it
// durable and renames it to path. A folder that stood there is replaced; it is there again after
// Restore if the machine stops between the two renames. On any error path is as it was.
//
// What the disk holds after each step of replacing runs/final, and what Restore makes of it:
//
//  1. .final.tmp-1 is filled and synced    a kill here: it goes, final is the old one
//  2. final → .final.old-1                 a kill here: .final.old-1 comes back as final
//  3. .final.tmp-1 → final                 a kill here: final is new, .final.old-1 goes
//  4. the parent is synced                 a power cut before this may undo 2 and 3, never half of one file
//  5. .final.old-1 is removed
//
// Invariant: under path stands the whole old folder, the whole new one, or nothing until Restore
// (TestWriteFolderReplacesWholeOrNotAtAll, TestRestore).
func WriteFolder(path string, fill func(tmp string) error) (err error) {
	parent := filepath.Dir(path)
	if err := MakeFolders(parent); err != nil {
		return Classify(err, path)
	}
	tmp, err := beside(path)
	if err != nil {
		return Classify(err, path)
	}
	defer func() {
		if err != nil {
			drop(tmp)
			err = Classify(err, path)
		}
	}()
	if err := fill(tmp); err != nil {
		return err
	}
	// MkdirTemp makes folders that nobody else may enter.
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := syncTree(tmp); err != nil {
		return err
	}
	return replaceFolder(tmp, path)
}

// beside makes a folder for work in progress beside path. Beside it and not in the system's place for passing files:
// rename(2) works within one file system only.
func beside(path string) (tmp string, err error) {
	err = begin(func() (string, error) {
		tmp, err = os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+tmpMark+"*")
		return tmp, err
	})
	return tmp, err
}

// syncTree makes every file and folder under root durable. Without it a rename may survive a power cut
// that the files' contents do not.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return SyncDir(path) // fsync of a file works through any descriptor
	})
}

// replaceFolder renames tmp to path. rename(2) does not replace a folder that has entries, so an earlier one steps
// aside first. A link to a folder counts as something that is no folder, and is left alone.
func replaceFolder(tmp, path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.IsDir() {
		return fault.New(fault.Exists, "%s: a file stands where a folder is to be written", path)
	}
	old := ""
	if err == nil {
		old = filepath.Join(filepath.Dir(tmp), strings.Replace(filepath.Base(tmp), tmpMark, oldMark, 1))
	}
	if err := end(func() error { return swap(tmp, path, old) }, tmp); err != nil {
		return err
	}
	if err := SyncDir(filepath.Dir(path)); err != nil {
		return err
	}
	if old != "" {
		return drop(old)
	}
	return nil
}

// swap renames tmp to path, and what stood there to old, if that is named. The caller holds the lock of unfinished.
// From here on the old folder is a leftover to be removed, also by Abandon: its successor has the name.
func swap(tmp, path, old string) error {
	if old == "" {
		return rename(tmp, path)
	}
	if err := rename(path, old); err != nil {
		return err
	}
	if err := rename(tmp, path); err != nil {
		os.Rename(old, path) // as it was
		return err
	}
	unfinished.paths[old] = true
	return nil
}

// RemoveFolder removes a folder so that a kill leaves no half of it under its name: it is renamed into a
// temporary one first, which Restore clears away.
func RemoveFolder(path string) error {
	aside, err := beside(path)
	if err != nil {
		return Classify(err, path)
	}
	if err := rename(path, filepath.Join(aside, "x")); err != nil {
		drop(aside)
		return Classify(err, path)
	}
	return Classify(drop(aside), path)
}

// Restore clears what a kill left in dir: temporary names go, and a folder that was being replaced comes back under
// its own name if its successor did not get there. Nobody else may be writing into dir. It takes one pass, whatever
// the order of the names: the old folder's fate depends on whether the right name is there, and nothing in this pass
// takes that name away.
func Restore(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Classify(err, dir)
	}
	for _, e := range entries {
		name, aside := e.Name(), filepath.Join(dir, e.Name())
		// Its successor is complete only under the right name, so the temporary one goes and this returns.
		if base, _, found := strings.Cut(name, oldMark); found && strings.HasPrefix(name, ".") {
			home := filepath.Join(dir, base[1:])
			if _, err := os.Lstat(home); os.IsNotExist(err) {
				if err := os.Rename(aside, home); err != nil {
					return Classify(err, home)
				}
				continue
			}
		}
		if IsLeftover(name) {
			if err := os.RemoveAll(aside); err != nil {
				return Classify(err, aside)
			}
		}
	}
	return nil
}

// IsLeftover tells whether a name is one that this package uses while it writes. Users' own files may begin with a
// dot, but hardly hold both the dot and one of the marks.
func IsLeftover(name string) bool {
	return strings.HasPrefix(name, ".") && (strings.Contains(name, tmpMark) || strings.Contains(name, oldMark))
}
