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
		filepath.Join(file, "below"): "not a", filepath.Join(file, "further", "below"): "not a", "/proc/no/such": "/proc/no/such",
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
