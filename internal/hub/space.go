package hub

import (
	"os"
	"path/filepath"
	"syscall"

	"hives/internal/fault"
)

// checkSpace refuses a download that cannot fit, before the first byte. What an earlier start left counts as there; a
// disk that tells no free space is believed. It is a look before the start, not a promise: others write to the disk
// too, and a full one ends the download with what came kept. Files that come from the hub cache are copied, so they
// need their place too.
func checkSpace(out string, plan []Planned) error {
	dir := filepath.Dir(out)
	// The folder itself may not be there yet: the nearest one above it lies on the same disk.
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	var disk syscall.Statfs_t
	if syscall.Statfs(dir, &disk) != nil {
		return nil
	}
	free := int64(disk.Bavail) * int64(disk.Bsize)
	need := -staged(filepath.Join(filepath.Dir(out), "."+filepath.Base(out)+".partial"))
	for _, p := range plan {
		need += p.Size
	}
	if need > free {
		return fault.New(fault.Exhausted, "%s: the download needs %d MB, %d MB are free: free space or name "+
			"another --out", out, need>>20, free>>20)
	}
	return nil
}

// staged counts the blocks that a staging folder takes; parts have holes. A part of 1 GB of which one segment of 32
// MB came is 32 MB here and 1 GB by its length.
func staged(dir string) (n int64) {
	filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil {
			if stat, ok := info.Sys().(*syscall.Stat_t); ok {
				// Blocks of 512 bytes whatever the disk's own are: that is what stat counts in.
				n += int64(stat.Blocks) * 512
			}
		}
		return nil
	})
	return n
}
