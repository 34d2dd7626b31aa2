package goldentest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// most is the room the set may take in every clone.
const most = 5 << 20

func TestTheRepositorysSetIsSmall(t *testing.T) {
	var size int64
	err := filepath.WalkDir(Own(t), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil || size == 0 || size > most {
		t.Errorf("the set takes %d bytes, want some and %d at most: %v", size, most, err)
	}
}

func TestTheVariableChoosesTheSet(t *testing.T) {
	module := ModuleRoot(t)
	beside := filepath.Join(module, "..", "shared", "golden")
	if _, err := os.Stat(beside); err != nil {
		beside = Own(t)
	}
	absolute := t.TempDir()
	for set, want := range map[string]string{"": beside, absolute: absolute, "other/set": filepath.Join(module,
		"other", "set")} {
		t.Setenv(EnvVar, set)
		if got := Root(t); got != want {
			t.Errorf("%s=%q: the values are looked for in %s, want %s", EnvVar, set, got, want)
		}
	}
}

// TestReadJSONFailsWithoutItsFile: a set that lacks a file must not pass as one that was compared.
func TestReadJSONFailsWithoutItsFile(t *testing.T) {
	t.Setenv(EnvVar, t.TempDir())
	fake := &failing{TB: t}
	func() {
		defer func() { recover() }()
		ReadJSON(fake, new(any), "c_loss", "hierarchical.json")
	}()
	if !fake.failed {
		t.Error("an absent file of the set is no failure")
	}
}

// TestOnlyTheRepositorysSetMayLackAFolder: a folder that is to come is skipped by name, a file of one that is there
// fails.
func TestOnlyTheRepositorysSetMayLackAFolder(t *testing.T) {
	for _, c := range []struct {
		set             string
		elem            []string
		skipped, failed bool
	}{
		{Own(t), []string{"to_come", "values.json"}, true, false},
		{Own(t), []string{"c_loss", "to_come.json"}, false, true},
		{t.TempDir(), []string{"to_come", "values.json"}, false, true},
		{Own(t), []string{"c_loss", "hierarchical.json"}, false, false},
	} {
		t.Setenv(EnvVar, c.set)
		fake := &failing{TB: t}
		func() {
			defer func() { recover() }()
			Path(fake, c.elem...)
		}()
		if fake.skipped != c.skipped || fake.failed != c.failed {
			t.Errorf("%v of %s: skipped %v, failed %v", c.elem, c.set, fake.skipped, fake.failed)
		}
	}
}

// failing notes a failure or a skip in place of ending the test.
type failing struct {
	testing.TB
	failed, skipped bool
}

func (f *failing) Skipf(string, ...any) {
	f.skipped = true
	panic("stop")
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(string, ...any) {
	f.failed = true
	panic("stop")
}
