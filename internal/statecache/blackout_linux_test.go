package statecache_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/rig/powercut"
)

// TestPowerCut cuts the power at every sync of three fillings of a cache whose folders are new. Texts that a filling
// has reported as done are there, with their bits; the others are computed, and nothing is refused.
func TestPowerCut(t *testing.T) {
	root := t.TempDir()
	disk := powercut.Watch(t, root)
	texts, done, looks := someTexts(9)[:9], 0, 0
	disk.EachCut(func(image string) {
		looks++
		_, computed := fill(t, filepath.Join(image, "runs", "states"), texts)
		if computed > len(texts)-done {
			t.Fatalf("%d texts done, %d of %d computed again", done, computed, len(texts))
		}
	})
	for _, n := range []int{3, 4, 9} {
		w := (&counter{}).work()
		w.Done = func(more int) { done += more }
		c := open(t, filepath.Join(root, "runs", "states"), key)
		if err := c.Fill(context.Background(), texts[:n], w); err != nil {
			t.Fatal(err)
		}
		if done != n {
			t.Fatalf("%d texts done, want %d", done, n)
		}
	}
	if looks < 30 {
		t.Errorf("%d looks: the syncs were not seen", looks)
	}
}

// TestZerosForAHeader is a file that has its length and nothing of what was written: it is begun anew, and only it.
func TestZerosForAHeader(t *testing.T) {
	texts := someTexts(6)
	for _, ending := range []string{".bin", ".idx"} {
		dir := t.TempDir()
		c, _ := fill(t, dir, texts)
		zero(t, c.Path()[:len(c.Path())-len(".bin")]+ending)
		if _, computed := fill(t, dir, texts); computed != 6 {
			t.Errorf("%s of zeros: %d of 6 texts computed", ending, computed)
		}
		if _, computed := fill(t, dir, texts); computed != 0 {
			t.Errorf("%s of zeros: not mended, %d texts again", ending, computed)
		}
	}
}

// zero keeps a file's length.
func zero(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err == nil {
		err = os.WriteFile(path, make([]byte, info.Size()), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
