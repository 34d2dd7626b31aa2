package gguf

import (
	"os"
	"path/filepath"
	"testing"

	"hives/internal/fault"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	put := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	expect := func(arg, want string, kind fault.Kind) {
		t.Helper()
		if got, err := Find(arg); got != want || fault.Of(err) != kind || (err == nil) != (kind == fault.Unknown) {
			t.Errorf("Find(%s): %q, error %v; want %q", arg, got, err, want)
		}
	}
	expect(filepath.Join(dir, "absent.gguf"), "", fault.Unknown)
	expect(dir, "", fault.Unknown)
	put(".half.gguf")
	expect(dir, "", fault.Unknown)
	one := put("one.gguf")
	expect(dir, one, fault.Unknown)
	expect(one, one, fault.Unknown)
	expect(put("tokenizer.json"), "", fault.Unknown)
	two := put("two.gguf")
	expect(dir, "", fault.Invalid)
	expect(two, two, fault.Unknown)
	put("config.json") // a model folder of the other kind
	expect(dir, "", fault.Unknown)
}
