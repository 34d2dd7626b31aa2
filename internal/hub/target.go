package hub

import (
	"context"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// target is the model folder that a download is for. What it says is a look: install makes no use of names that stood
// there then without looking again.
type target struct {
	path  string
	fresh bool   // absent or empty: it will appear as a whole
	old   Record // of the download that stands there
}

// lookAt refuses a folder that holds anything but an earlier download of the same commit. Files of the user's own
// may lie in a folder of ours: they stay. A folder of anything else is never written into.
//
//	absent, or an empty folder                          fresh
//	download.json of the same id and commit             added to
//	download.json of another, or none beside files      refused: Exists
//	a file or a symlink                                 refused: Invalid
func lookAt(out, id, commit string) (target, error) {
	t := target{path: out}
	info, err := os.Lstat(out)
	switch {
	case os.IsNotExist(err):
		t.fresh = true
		return t, nil
	case err != nil:
		return t, fsutil.Classify(err, out)
	case !info.IsDir():
		return t, notPlain(out)
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		return t, fsutil.Classify(err, out)
	}
	if t.fresh = len(entries) == 0; t.fresh {
		return t, nil
	}
	if t.old, err = readRecord(out); err != nil {
		return t, err
	}
	switch {
	case t.old.ID == "":
		return t, fault.New(fault.Exists, "%s holds something else: name another --out", out)
	case t.old.ID != id || t.old.Commit != commit:
		return t, fault.New(fault.Exists, "%s holds %s at %s, not %s at %s: name another --out, or remove the folder",
			out, t.old.ID, t.old.Commit, id, commit)
	}
	return t, nil
}

// open returns a plain file of the folder with the announced size, else nil. Whether its bytes are the right ones is
// for who reads it.
func (t target) open(f File) *os.File {
	if t.fresh {
		return nil
	}
	root, err := os.OpenRoot(t.path)
	if err != nil {
		return nil
	}
	defer root.Close()
	return openPlain(root, filepath.FromSlash(f.Name), f.Size)
}

// openPlain opens name if no symlink is on its way and it is a file of that size.
func openPlain(root *os.Root, name string, size int64) *os.File {
	if plainBelow(root, name) != nil {
		return nil
	}
	file, err := fsutil.OpenRegularIn(root, name)
	if err != nil {
		return nil
	}
	if info, err := file.Stat(); err != nil || info.Size() != size {
		file.Close()
		return nil
	}
	return file
}

// install lets the staged files appear: all at once in a fresh folder, one whole file after another in one that
// stands, where the record is written last.
//
// A fresh folder is filled beside its name with links to the staged files and renamed, so a loader never sees half
// of it. In a folder that stands each file is renamed into place by itself; a loader may then see new weights beside
// an old configuration for a moment, but the record that names them is older than either.
func (t target) install(ctx context.Context, s *staging, staged []string, r Record) error {
	if t.fresh {
		return fsutil.WriteFolder(t.path, func(tmp string) error {
			for _, name := range staged {
				if err := place(ctx, s, name, filepath.Join(tmp, filepath.FromSlash(name)), os.Link); err != nil {
					return err
				}
			}
			return r.write(tmp)
		})
	}
	root, err := os.OpenRoot(t.path)
	if err != nil {
		return fsutil.Classify(err, t.path)
	}
	defer root.Close()
	for _, name := range staged {
		if err := makeFolders(root, filepath.Dir(filepath.FromSlash(name))); err != nil {
			return err
		}
		if err := plainBelow(root, filepath.FromSlash(name)); err != nil {
			return err
		}
		if err := fsutil.SyncDir(filepath.Join(s.dir, filesDir, filepath.FromSlash(name))); err != nil { // a file here
			return writeFault(err, name)
		}
		if err := place(ctx, s, name, filepath.Join(t.path, filepath.FromSlash(name)), os.Rename); err != nil {
			return err
		}
	}
	return r.write(t.path)
}

// place puts a staged file to its name. A link leaves the staged file where it is, so that a kill before the folder
// appears costs nothing; disks without links get a rename. The folder is synced, so the name outlives a power cut.
func place(ctx context.Context, s *staging, name, to string, way func(from, to string) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	from := filepath.Join(s.dir, filesDir, filepath.FromSlash(name))
	if err := fsutil.MakeFolders(filepath.Dir(to)); err != nil {
		return err
	}
	if way(from, to) != nil {
		if err := os.Rename(from, to); err != nil {
			return writeFault(err, name)
		}
	}
	return fsutil.SyncDir(filepath.Dir(to))
}

// record is what the new one adds to: files of an earlier download that this one did not ask for stay in it.
func (t target) record(r Record) Record {
	r.Files = t.old.Files
	return r
}
