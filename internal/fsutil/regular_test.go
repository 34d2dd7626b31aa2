package fsutil

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hives/internal/fault"
)

// TestOnlyRegularFilesAreRead: nothing here may wait or read without end; a link to a file is a file.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(syscall.Mkfifo(at("fifo"), 0o600), os.Symlink("/dev/zero", at("zero")),
		os.Symlink(at("fifo"), at("to-fifo")), os.WriteFile(at("file"), []byte("content"), 0o600),
		os.Symlink(at("file"), at("to-file"))); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, path := range []string{at("fifo"), at("zero"), at("to-fifo"), "/dev/null", dir} {
		_, whole := ReadRegular(path)
		_, rows := OpenData(path)
		_, hash := SHA256(path)
		for k, err := range []error{whole, rows, hash, CheckReadable(path), CheckRegular(at("file"), path)} {
			if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), path) {
				t.Errorf("%s, reader %d: %v", path, k, err)
			}
		}
	}
	for _, name := range []string{"fifo", "to-fifo", "."} {
		if _, err := ReadRegularIn(root, name); err == nil { // a root lets no absolute link pass at all
			t.Errorf("%s below a root was read", name)
		}
	}
	if raw, err := ReadRegularIn(root, "file"); err != nil || string(raw) != "content" {
		t.Errorf("below a root: %q, %v", raw, err)
	}
	for _, path := range []string{at("file"), at("to-file")} {
		if raw, err := ReadRegular(path); err != nil || string(raw) != "content" {
			t.Errorf("%s: %q, %v", path, raw, err)
		}
	}
	if _, err := ReadRegular(at("none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.Truncate(at("file"), MaxWhole+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRegular(at("file")); fault.Of(err) != fault.Invalid {
		t.Errorf("a file beyond the bound: %v", err)
	}
}
