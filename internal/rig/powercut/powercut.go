//go:build unix

// Package powercut tells tests what a power cut would leave of a folder. It keeps account of what fsutil has synced: the
// content of a file, or the names in a folder, as they were at their last sync. Nothing else is on the disk for sure.
//
// Only what goes through fsutil.SyncFile and SyncDir is seen; one disk is watched at a time. The caller owes a folder
// that was durable when Watch began.
package powercut

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"hives/internal/fsutil"
)

// inode is a file or folder, whatever its name.
type inode uint64

// Disk is what is known to be durable below root.
type Disk struct {
	t       testing.TB
	root    string
	files   map[inode][]byte
	folders map[inode]map[string]os.FileInfo
	each    func(image string)
}

// Watch begins with what is in root.
func Watch(t testing.TB, root string) *Disk {
	d := &Disk{t: t, root: root, files: map[inode][]byte{}, folders: map[inode]map[string]os.FileInfo{}}
	filepath.WalkDir(root, func(path string, _ os.DirEntry, _ error) error { d.note(path); return nil })
	t.Cleanup(fsutil.ObserveSyncs(func(path string) {
		d.note(path)
		if d.each != nil {
			d.Cut(d.each)
		}
	}))
	return d
}

// EachCut lets look be called as by Cut after every sync from now on.
func (d *Disk) EachCut(look func(image string)) { d.each = look }

// Cut shows two disks after a power cut at this moment: one that lost all that was not synced, and one that has all
// names as they are now, and of files only what was synced.
func (d *Disk) Cut(look func(image string)) {
	for _, names := range []func(path string, i inode) map[string]os.FileInfo{
		func(_ string, i inode) map[string]os.FileInfo { return d.folders[i] },
		func(path string, _ inode) map[string]os.FileInfo { return d.list(path) },
	} {
		image := d.t.TempDir()
		d.restore(d.root, d.stat(d.root), image, names)
		look(image)
	}
}

// restore puts a folder and all below it at to. path is where the folder stands now, if it stands at all.
func (d *Disk) restore(path string, of os.FileInfo, to string, names func(string, inode) map[string]os.FileInfo) {
	for name, info := range names(path, number(of)) {
		at := filepath.Join(to, name)
		var err error
		if !info.IsDir() {
			err = os.WriteFile(at, d.files[number(info)], 0o644)
		} else if err = os.Mkdir(at, 0o755); err == nil {
			d.restore(filepath.Join(path, name), info, at, names)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

// note takes in what a path holds as durable.
func (d *Disk) note(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil: // of a folder that is gone again
	case info.IsDir():
		d.folders[number(info)] = d.list(path)
	default:
		if d.files[number(info)], err = os.ReadFile(path); err != nil {
			d.t.Error(err)
		}
	}
}

func (d *Disk) list(path string) map[string]os.FileInfo {
	entries, err := os.ReadDir(path)
	if err != nil {
		d.t.Error(err)
	}
	names := map[string]os.FileInfo{}
	for _, e := range entries {
		names[e.Name()] = d.stat(filepath.Join(path, e.Name()))
	}
	return names
}

func (d *Disk) stat(path string) os.FileInfo {
	info, err := os.Lstat(path)
	if err != nil {
		d.t.Fatal(err)
	}
	return info
}

func number(info os.FileInfo) inode { return inode(info.Sys().(*syscall.Stat_t).Ino) }
