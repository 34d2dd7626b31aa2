package fsutil_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"hives/internal/fsutil"
	"hives/internal/rig/powercut"
)

// TestNoFolderIsLost writes below folders that are new, or that a process made which was killed before it could sync.
func TestNoFolderIsLost(t *testing.T) {
	root := t.TempDir()
	disk := powercut.Watch(t, root)
	left := filepath.Join(root, "left")
	for _, dir := range []string{left, filepath.Join(root, "new", "deep"), filepath.Join(left, "deeper")} {
		if dir == left {
			if err := os.Mkdir(left, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := fsutil.WriteBytes(filepath.Join(dir, "a"), []byte("x")); err != nil {
			t.Fatal(err)
		}
		rel, _ := filepath.Rel(root, filepath.Join(dir, "a"))
		disk.Cut(func(image string) {
			if raw, err := os.ReadFile(filepath.Join(image, rel)); err != nil || string(raw) != "x" {
				t.Errorf("%s: %q, %v", rel, raw, err)
			}
		})
	}
}

// TestFolderAboveMayNotBeRead makes folders below one of all users, which may be entered and written to, and not read.
func TestFolderAboveMayNotBeRead(t *testing.T) {
	above := t.TempDir()
	if err := os.Chmod(above, 0o733); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	if os.Getuid() == 0 {
		for dir := above; len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o733); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0); errno != 0 {
			t.Fatal(errno)
		}
		defer syscall.RawSyscall(syscall.SYS_SETFSUID, 0, 0, 0)
	}
	if _, err := os.ReadDir(above); !os.IsPermission(err) {
		t.Fatalf("the folder can be read: %v", err)
	}
	for range 2 {
		if err := fsutil.MakeFolders(filepath.Join(above, "run", "checkpoints")); err != nil {
			t.Error(err)
		}
	}
}
