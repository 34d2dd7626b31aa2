package nearest

import "testing"

func TestOf(t *testing.T) {
	known := []string{"evaluate", "embed", "embed-corpus", "merge", "svt", "mft", "duty", "right", "learning-rate", "id"}
	for word, want := range map[string]string{
		"evalute": "evaluate", "evlauate": "evaluate", "Embed": "embed", "embed_corpus": "embed-corpus", "mrege": "merge",
		"stv": "svt", "duti": "duty", "learningrate": "learning-rate", "merge": "merge",
		"xyzzy": "", "q": "", "zz": "", "": "",
	} {
		if got := Of(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	if got := Hint("stv", known[4:8]); got != `did you mean "svt"?` {
		t.Error(got)
	}
	if got := Hint("virtue-ethics", known[4:8]); got != "known are svt, mft, duty, right" {
		t.Error(got)
	}
}

// The distance beside its definition: the fewest single edits, by trying all of them to a depth.
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"ab", "ba", 1}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"abcd", "badc", 2},
		{"flaw", "lawn", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance(c.b, c.a); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.b, c.a, got, c.want)
		}
	}
}
