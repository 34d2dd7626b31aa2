package export

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hives/internal/fault"
)

// TestFullDisk: the folder does not fit, nothing is left of it, and the error says what to do.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	dir := modelFolder(t, "qwen3", same)
	for _, o := range []Options{
		{Model: dir, Out: filepath.Join(disk, "st"), Format: SentenceTransformers},
		{Model: dir, Out: filepath.Join(disk, "m.gguf"), Format: GGUF},
	} {
		_, err := Run(o)
		if fault.Of(err) != fault.Exhausted || !strings.Contains(err.Error(), "free space") {
			t.Errorf("%s: %v (%s)", o.Format, err, fault.Of(err))
		}
		if left, _ := os.ReadDir(disk); len(left) != 0 {
			t.Errorf("%s left %v", o.Format, left)
		}
	}
}
