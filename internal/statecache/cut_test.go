package statecache_test

import (
	"os"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/pack"
)

// TestStatesThatChangeWhileMapped cuts the file, or turns bytes around, under an open cache: gathering is an error that
// says the way on, whatever the place, and a cache that is opened anew makes good what was lost.
func TestStatesThatChangeWhileMapped(t *testing.T) {
	const header = 512
	texts := someTexts(600)
	b, err := pack.One(texts, []pack.Shape{{Rows: len(texts), Length: 11, Texts: len(texts)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(path string, whole []byte) error{
		func(path string, whole []byte) error { return os.Truncate(path, 0) },
		func(path string, whole []byte) error { return os.Truncate(path, header) },
		func(path string, whole []byte) error { return os.Truncate(path, int64(len(whole))/2) },
		func(path string, whole []byte) error { return os.Truncate(path, int64(len(whole))-1) },
		func(path string, whole []byte) error { // as cp writes
			return os.WriteFile(path, append(whole[:len(whole)-1:len(whole)-1], whole[len(whole)-1]^1), 0o644)
		},
	} {
		dir := t.TempDir()
		c, _ := fill(t, dir, texts)
		whole, err := os.ReadFile(c.Path())
		if err == nil {
			err = change(c.Path(), whole)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Gather(&b)
		if fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), c.Path()) ||
			!strings.Contains(err.Error(), "computed anew") {
			t.Errorf("%v, want the file and the way on", err)
		}
		if missing, _ := c.Missing(texts); len(missing) == 0 {
			t.Error("nothing is missing")
		}
		if _, computed := fill(t, dir, texts); computed == 0 {
			t.Error("nothing was computed again")
		}
	}
}
