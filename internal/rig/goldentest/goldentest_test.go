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
	for set, want := range map[string]string{"": beside, absolute: absolute, "other/set": filepath.Join(module, "other", "set")} {
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

// failing notes a failure in place of ending the test.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(string, ...any) {
	f.failed = true
	panic("stop")
}
