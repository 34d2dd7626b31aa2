package judge

import (
	"os"
	"path/filepath"
	"testing"

	"hives/internal/rig/powercut"
)

// TestNoNameIsLost looks at the names of a votes file and of its log once it is open, new or not: what SQLite syncs
// into them is worth nothing without. Their content is SQLite's to keep.
func TestNoNameIsLost(t *testing.T) {
	root := t.TempDir()
	disk := powercut.Watch(t, root)
	for _, what := range []string{"new", "opened again"} {
		s, err := Open(filepath.Join(root, "votes.db"))
		must(t, err)
		disk.Cut(func(image string) {
			for _, name := range []string{"votes.db", "votes.db-wal"} {
				if _, err := os.Stat(filepath.Join(image, name)); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
		must(t, s.Close())
	}
}
