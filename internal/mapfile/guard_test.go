package mapfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/mapfile"
)

// pages maps a file of some pages of ones.
func pages(t *testing.T, n int) (*mapfile.File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights")
	write(t, path, n)
	f, err := mapfile.Open(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, path
}

func write(t *testing.T, path string, n int) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Repeat("\x01", n*os.Getpagesize())), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sum reads all of the mapping.
func sum(f *mapfile.File, n *int) func() error {
	return func() error {
		for _, b := range f.Data {
			*n += int(b)
		}
		return nil
	}
}

// TestGuard changes a mapped file in the ways that copies do, before or while it is read.
func TestGuard(t *testing.T) {
	page := os.Getpagesize()
	for _, c := range []struct {
		name, says string // "" for a read that is right
		change     func(t *testing.T, path string)
	}{
		{"nothing", "", func(*testing.T, string) {}},
		{"cut to nothing", "cannot be read", func(t *testing.T, path string) { truncate(t, path, 0) }},
		{"cut at a page", "cannot be read", func(t *testing.T, path string) { truncate(t, path, page) }},
		{"cut inside the last page, which then reads as zeros", "was written to", func(t *testing.T, path string) {
			truncate(t, path, 3*page-5)
		}},
		{"grown", "was written to", func(t *testing.T, path string) { truncate(t, path, 4*page) }},
		{"written over, same size", "was written to", func(t *testing.T, path string) {
			write(t, path, 3)
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Second)); err != nil {
				t.Fatal(err) // a clock of the file system may stand still for milliseconds
			}
		}},
		{"replaced by rename", "", func(t *testing.T, path string) {
			write(t, path+".new", 1)
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		f, path := pages(t, 3)
		n := 0
		err := f.Guard(func() error {
			c.change(t, path)
			return sum(f, &n)()
		})
		if c.says == "" && (err != nil || n != 3*page) {
			t.Errorf("%s: %d ones, %v", c.name, n, err)
		}
		if c.says != "" && (fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(err.Error(), path)) {
			t.Errorf("%s: %v, want %q and the path", c.name, err, c.says)
		}
	}
}

func truncate(t *testing.T, path string, n int) {
	t.Helper()
	if err := os.Truncate(path, int64(n)); err != nil {
		t.Fatal(err)
	}
}

// TestGuardLeavesOtherPanicsAlone: a mistake of ours must not pass for a fault of a file.
func TestGuardLeavesOtherPanicsAlone(t *testing.T) {
	f, _ := pages(t, 1)
	var none *int
	for name, wrong := range map[string]func() error{
		"a nil pointer": func() error { *none = 1; return nil },
		"an index":      func() error { _ = f.Data[len(f.Data)]; return nil },
		"a panic":       func() error { panic("ours") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was swallowed", name)
				}
			}()
			err := f.Guard(wrong)
			t.Errorf("%s became %v", name, err)
		}()
	}
	n := 0
	if err := f.Guard(sum(f, &n)); err != nil || n != os.Getpagesize() {
		t.Errorf("afterwards: %d, %v", n, err)
	}
}
