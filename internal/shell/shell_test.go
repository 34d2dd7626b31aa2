package shell

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var words = []string{"train", "--out", "runs/a b", "it's", "", "$HOME", "a\\b", "'", `say "x y"`, "日本 語", "*",
	"a;b", "tab\tin"}

// A shell reads a line as the words that it was made of.
func TestAShellReadsALineAgain(t *testing.T) {
	out, err := exec.Command("sh", "-c", `printf '%s\n' `+Line(words...)).Output()
	if got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"); err != nil || !slices.Equal(got, words) {
		t.Errorf("%q, %v, want %q", got, err, words)
	}
}

func TestSplit(t *testing.T) {
	var want []string
	for _, word := range words {
		want = append(want, Word(word))
	}
	if got := Split(Line(words...)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for line, want := range map[string][]string{
		``:                 nil,
		`  a  b `:          {"a", "b"},
		`a 'b c' "d 'e f"`: {"a", "'b c'", `"d 'e f"`},
		`a 'b c`:           {"a", "'b c"},
		`a\ b c`:           {`a\ b`, "c"},
	} {
		if got := Split(line); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
