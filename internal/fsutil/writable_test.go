package fsutil_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fsutil"
)

func TestCheckWritable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		dir: "", file: "", filepath.Join(dir, "new"): "", filepath.Join(dir, "a", "b", "c"): "",
		filepath.Join(file, "below"): "not a", filepath.Join(file, "further", "below"): "not a",
		"/proc/no/such": "/proc/no/such",
	} {
		err := fsutil.CheckWritable(path)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", path, err, says)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Each of the checks refuses what is of the other kind.
func TestChecksOfPlaces(t *testing.T) {
	dir := t.TempDir()
	file, empty := filepath.Join(dir, "file"), filepath.Join(dir, "empty")
	for path, content := range map[string]string{file: "x", empty: ""} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		check func(string) error
		path  string
		says  string
	}{
		{"read", fsutil.CheckReadable, file, ""}, {"read", fsutil.CheckReadable, empty, "is empty"},
		{"read", fsutil.CheckReadable, dir, "is a folder"}, {"read", fsutil.CheckReadable, filepath.Join(dir, "no"),
			"no such file"},
		{"write a file", fsutil.CheckWritableFile, file, ""}, {"write a file", fsutil.CheckWritableFile, dir, "is a folder"},
		{"write a file", fsutil.CheckWritableFile, filepath.Join(dir, "new", "file"), ""},
		{"write a folder", fsutil.CheckWritableFolder, dir, ""}, {"write a folder", fsutil.CheckWritableFolder, file,
			"is a file"},
		{"write a folder", fsutil.CheckWritableFolder, filepath.Join(file, "below"), "is a file"},
	} {
		if err := c.check(c.path); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v, want %q", c.name, c.path, err, c.says)
		}
	}
}
