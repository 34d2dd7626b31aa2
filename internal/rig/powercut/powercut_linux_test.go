package powercut_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/internal/fsutil"
	"hives/internal/rig/powercut"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// images shows each image of a cut as "name=content …", NUL as "0".
func images(d *powercut.Disk) (all []string) {
	d.Cut(func(image string) { all = append(all, shown(image)) })
	return all
}

func shown(image string) string {
	var words []string
	filepath.WalkDir(image, func(path string, e os.DirEntry, _ error) error {
		if rel, _ := filepath.Rel(image, path); !e.IsDir() {
			raw, _ := os.ReadFile(path)
			words = append(words, rel+"="+strings.ReplaceAll(string(raw), "\x00", "0"))
		}
		return nil
	})
	return strings.Join(words, " ")
}

func sync(t *testing.T, path string) {
	t.Helper()
	must(t, fsutil.SyncDir(path)) // fsync of a file works through any descriptor
}

// TestImages takes writing apart: content and name, each synced or not, an append, a rename and a removal.
func TestImages(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	must(t, os.WriteFile(at("old"), []byte("old"), 0o600))
	d := powercut.Watch(t, root)
	expect := func(what string, want ...string) {
		t.Helper()
		if got := images(d); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	must(t, os.WriteFile(at("new"), []byte("new"), 0o600))
	expect("nothing is synced", "old=old", "new= old=old", "new=000 old=old")
	sync(t, at("new"))
	expect("the content is", "old=old", "new=new old=old", "new=new old=old")
	sync(t, root)
	expect("the name too", "new=new old=old", "new=new old=old", "new=new old=old")
	f, err := os.OpenFile(at("new"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("er")
	must(t, err)
	expect("an append", "new=new old=old", "new=new old=old", "new=new00 old=old")
	must(t, os.Rename(at("new"), at("old")))
	expect("a rename", "new=new old=old", "old=new", "old=new00")
	must(t, os.Remove(at("old")))
	must(t, os.WriteFile(at("third"), []byte("3"), 0o600)) // a file system may give it the number of the one that is gone
	sync(t, at("third"))
	expect("a removal", "new=new old=old", "third=3", "third=3")
}

// TestEachCut counts the looks: three images for each sync and rename of a file that is written whole.
func TestEachCut(t *testing.T) {
	root := t.TempDir()
	d := powercut.Watch(t, root)
	looks := 0
	d.EachCut(func(image string) {
		looks++
		must(t, fsutil.WriteBytes(filepath.Join(image, "b"), nil)) // a look may write
	})
	must(t, fsutil.WriteBytes(filepath.Join(root, "a"), []byte("x")))
	if looks != 3*3 { // content, rename, name
		t.Errorf("%d looks, want 9", looks)
	}
}
