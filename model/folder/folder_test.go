package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
	"hives/model/folder"
)

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, json, says string
		kind             fault.Kind
	}{
		{"a newer format", `{"format": 2, "unheard_of": 1}`, "install a newer version", fault.Mismatch},
		{"an unknown key", `{"format": 1, "max_lenght": 64}`, "max_lenght", fault.Invalid},
		{"no room for a token", `{"format": 1, "max_length": 1}`, "max_length 1", fault.Invalid},
		{"unknown pooling", `{"format": 1, "pooling": "max"}`, "max", fault.Invalid},
		{"vectors of any length", `{"format": 1, "normalise": false}`, "unit vectors", fault.Invalid},
		{"a torn file", `{"format": 1, "max_`, "hives.json", fault.Corrupt},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, folder.InfoFile), []byte(c.json), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := folder.Read(dir); fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v (%s), want one that says %q (%s)", c.name, err, fault.Of(err), c.says, c.kind)
		}
	}
}

func TestFolderWithoutInfoIsQwen3Embedding(t *testing.T) {
	got, err := folder.Read(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(folder.Defaults(), got); d != "" {
		t.Error(d)
	}
	if got.MaxLength != 256 || got.Pooling != "last" || got.EndToken != "<|endoftext|>" || !got.Normalise {
		t.Errorf("defaults are %+v", got)
	}
}
