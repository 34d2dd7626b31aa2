package profiles_test

import (
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/profiles"
)

// TestFindProfile finds what hives profile text wrote, as it was, and refuses what it did not write.
func TestFindProfile(t *testing.T) {
	out := filepath.Join(t.TempDir(), "profiles.jsonl")
	wrote := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, posts(3, 40))}, Out: out})
	got, err := profiles.FindProfile(out, "author-01")
	must(t, err)
	same(t, "from the file", *got, wrote[1])
	good := `{"author":"a","texts":1,"duplicates":0,"wordless":0,"values":[{"value_id":"mft/care-harm","score":4}]}` + "\n"
	one := file(t, "one.jsonl", good)
	if got, err := profiles.FindProfile(one, ""); err != nil || got.Values[0].Score != 4 || got.Values[0].Lo != 0 {
		t.Errorf("one author, not named: %+v, %v", got, err)
	}
	for _, c := range []struct {
		name, path, author, says string
	}{
		{"several authors", out, "", "--author"},
		{"no such author", out, "author-1", "author-01"},
		{"two of one author", file(t, "two.jsonl", good+good), "a", "two profiles"},
		{"a table", file(t, "p.csv", "author\n"), "a", ".jsonl"},
		{"no JSON", file(t, "torn.jsonl", good+good[:40]), "a", "line 2"},
		{"a score beyond the scale", file(t, "far.jsonl", strings.Replace(good, ":4}", ":40}", 1)), "a", "−10 to 10"},
		{"an unknown key", file(t, "key.jsonl", strings.Replace(good, `"texts"`, `"txts"`, 1)), "a", "other keys"},
		{"no profile", file(t, "other.jsonl", "{\"author\":\"a\"}\n"), "a", "no values"},
		{"nothing", file(t, "empty.jsonl", ""), "a", "no profile"},
		{"none", filepath.Join(t.TempDir(), "none.jsonl"), "a", "none.jsonl"},
	} {
		_, err := profiles.FindProfile(c.path, c.author)
		if k := fault.Of(err); k != fault.Invalid && k != fault.NotFound || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
