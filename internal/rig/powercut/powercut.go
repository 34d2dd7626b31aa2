//go:build unix

// Package powercut tells tests what a power cut would leave of a folder. It keeps account of what fsutil has
// synced: the content of a file, or the names in a folder, as they were at their last sync. Nothing else is on the
// disk for sure.
//
// Only what goes through fsutil.SyncFile, SyncDir and its renames is seen; one disk is watched at a time. The
// caller owes a folder that was durable when Watch began, and looks that write to the images only.
//
//	d := powercut.Watch(t, dir)
//	d.EachCut(func(image string) {
//	    if _, err := checkpoints.Latest(image); err != nil { … }   // what is there must be whole
//	})
//	… // the work, as usual
//
// Why is content that was not synced not simply there? A file system may write a name before what the name stands
// for: after a cut there is a file, with its length, and zeros in it. A rename without a sync of the file before it
// is how that happens.
package powercut

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"hives/internal/fsutil"
)

// inode is a file or folder, whatever its name: a sync is of the file, and a rename afterwards takes its content
// along.
type inode uint64

// Disk is what is known to be durable below root. files holds contents, folders the names in them, each as of its
// last sync.
type Disk struct {
	t       testing.TB
	root    string
	mu      sync.Mutex // of those who sync at one time
	files   map[inode][]byte
	folders map[inode]map[string]os.FileInfo
	held    []*os.File // everything that was noted: what is open keeps its number, and no other file gets it
	each    func(image string)
	unseen  []string // images of the moment after a rename
}

// Watch begins with what is in root, which counts as durable, and ends with the test.
func Watch(t testing.TB, root string) *Disk {
	d := &Disk{t: t, root: root, files: map[inode][]byte{}, folders: map[inode]map[string]os.FileInfo{}}
	filepath.WalkDir(root, func(path string, _ os.DirEntry, _ error) error { d.note(path); return nil })
	t.Cleanup(fsutil.Observe(d.happened))
	t.Cleanup(func() {
		for _, f := range d.held {
			f.Close()
		}
	})
	return d
}

// happened is told of every sync and rename, those of other folders and of looks into images too. A sync is noted
// and looked at; a rename changes nothing that is durable, but a cut right after it may show the new name.
func (d *Disk) happened(path string, synced bool) {
	path, err := filepath.Abs(path)
	if err != nil || path != d.root && !strings.HasPrefix(path, d.root+string(filepath.Separator)) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !synced && d.each != nil: // fsutil moves things under a lock, which a look may need
		d.unseen = append(d.unseen, d.images()...)
	case synced:
		d.note(path)
		if d.each != nil {
			d.cut(d.each)
		}
	}
}

// EachCut lets look be called as by Cut of every sync and every rename from now on, and of none with nil. Those of a
// rename are looked at with the next sync.
func (d *Disk) EachCut(look func(image string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.each = look
}

// Cut shows three disks after a power cut at this moment: one that lost all that was not synced; one that has all names
// as they are now, and of files only what was synced; and one where files have their present length too, with zeros
// where the content was not synced.
func (d *Disk) Cut(look func(image string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut(look)
}

func (d *Disk) cut(look func(image string)) {
	images := append(d.unseen, d.images()...)
	d.unseen = nil
	for _, image := range images {
		look(image)
	}
}

// images writes the three disks of Cut into folders of the test.
//
//	a.tmp written, synced, renamed to a; the folder not synced yet
//
//	what was synced alone       neither name, or the old a
//	names as they are now       a, with all of its content: it was synced
//	the same with lengths       the same
func (d *Disk) images() (all []string) {
	synced := func(_ string, i inode) map[string]os.FileInfo { return d.folders[i] }
	now := func(path string, _ inode) map[string]os.FileInfo { return d.list(path) }
	for _, l := range []left{{synced, false}, {now, false}, {now, true}} {
		image := d.t.TempDir()
		d.restore(d.root, d.stat(d.root), image, l)
		all = append(all, image)
	}
	return all
}

// left says what of the disk is there after a power cut.
type left struct {
	names func(path string, i inode) map[string]os.FileInfo
	holes bool // files have their present length
}

// restore puts a folder and all below it at to. path is where the folder stands now, if it stands at all. A file
// that was never synced is there and empty.
func (d *Disk) restore(path string, of os.FileInfo, to string, l left) {
	for name, info := range l.names(path, number(of)) {
		at := filepath.Join(to, name)
		var err error
		if !info.IsDir() {
			err = os.WriteFile(at, d.files[number(info)], 0o644)
			if err == nil && l.holes {
				err = os.Truncate(at, info.Size())
			}
		} else if err = os.Mkdir(at, 0o755); err == nil {
			d.restore(filepath.Join(path, name), info, at, l)
		}
		if err != nil {
			d.t.Error(err)
		}
	}
}

// note takes in what a path holds as durable. The file is kept open: otherwise its number could be given to a new
// file, whose content would then be taken for synced.
func (d *Disk) note(path string) {
	f, err := os.Open(path)
	if err != nil {
		return // of a folder that is gone again
	}
	info, err := f.Stat()
	if err != nil {
		d.t.Error(err)
		return
	}
	i := number(info)
	if d.files[i] == nil && d.folders[i] == nil {
		d.held = append(d.held, f)
	} else {
		defer f.Close()
	}
	if info.IsDir() {
		d.folders[i] = d.list(path)
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		d.t.Error(err)
	}
	d.files[i] = append([]byte{}, raw...) // not nil, where it is empty
}

// list is what stands in a folder now, by name.
func (d *Disk) list(path string) map[string]os.FileInfo {
	entries, err := os.ReadDir(path)
	if err != nil {
		d.t.Error(err)
	}
	names := map[string]os.FileInfo{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil { // else it is gone again
			names[e.Name()] = info
		}
	}
	return names
}

// stat does not follow links: none is part of what is watched.
func (d *Disk) stat(path string) os.FileInfo {
	info, err := os.Lstat(path)
	if err != nil {
		d.t.Fatal(err)
	}
	return info
}

// number tells files apart within one file system, which a test's folder is.
func number(info os.FileInfo) inode { return inode(info.Sys().(*syscall.Stat_t).Ino) }
