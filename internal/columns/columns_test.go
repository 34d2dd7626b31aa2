package columns

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
)

func TestOf(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "é": 1, "e\u0301": 1, "日本": 4, "→≥×": 3, "\u200d": 0} {
		if got := Of(text); got != want {
			t.Errorf("%q: %d columns, want %d", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for n, want := range map[int]string{9: "value日本", 8: "value日…", 7: "value…", 1: "…", 0: ""} {
		if got := Cut("value日本", n); got != want {
			t.Errorf("%d columns: %q, want %q", n, got, want)
		}
	}
}

// Wrapped lines fit and lose nothing but spaces, whatever the width.
func TestWrap(t *testing.T) {
	text := "    Stage 1 is hierarchical supervised contrast, averyverylongwordwithoutanyspaceatall 日本語 ends it."
	for n := 1; n < 120; n++ {
		lines := Wrap(text, n, 2)
		for _, line := range lines {
			if Of(line) > n && n > 2 { // a wide character needs two
				t.Errorf("%d columns: %q has %d", n, line, Of(line))
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if squeeze(strings.Join(lines, "")) != squeeze(text) {
			t.Errorf("%d columns: %q", n, lines)
		}
	}
	if got := fmt.Sprintf("%q", Wrap("  one two three", 9, 2)); got != `["  one two" "    three"]` {
		t.Errorf("hanging: %s", got)
	}
}

const runs = "run\tstage\tstatus\tloss\tnote\n3f2a\t1\tfinished\t4.125\tthe first one that was ever made here\n" +
	"77b0\t2\trunning\t0.5\tshort\n"

func table(width int, text string) string {
	var out bytes.Buffer
	t := NewTable(&out)
	t.width = width
	fmt.Fprint(t, text)
	t.Flush()
	return out.String()
}

// A table that fits, or that goes to a file, is text/tabwriter's to the byte.
func TestTableThatFits(t *testing.T) {
	var want bytes.Buffer
	w := tabwriter.NewWriter(&want, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, runs)
	w.Flush()
	for _, width := range []int{0, 68, 200} {
		if got := table(width, runs); got != want.String() {
			t.Errorf("width %d:\n%s\nwant\n%s", width, got, &want)
		}
	}
}

func TestTableThatIsWrapped(t *testing.T) {
	want := `run   stage  status    loss   note
3f2a  1      finished  4.125  the first one that
                                was ever made
                                here
77b0  2      running   0.5    short
`
	if got := table(48, runs); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableThatTurnsIntoBlocks(t *testing.T) {
	want := `3f2a
  stage   1
  status  finished
  loss    4.125
  note    the first one that
          was ever made here
77b0
  stage   2
  status  running
  loss    0.5
  note    short
`
	if got := table(30, runs); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// No line of any table is wider than the terminal, and no word of it is lost.
func TestTablesFit(t *testing.T) {
	text := "one line without cells that is much longer than a narrow terminal, really\n" + runs + "\nrows\t17\n" +
		"words with spaces\tand a value of several words\n"
	for width := 14; width < 120; width++ {
		got := table(width, text)
		if longest(got) > width {
			t.Errorf("width %d:\n%s", width, got)
		}
		for _, word := range strings.Fields(text) {
			if !strings.Contains(strings.Join(strings.Fields(got), ""), word) && word != "run" { // the first column's name
				t.Errorf("width %d lacks %q:\n%s", width, word, got)
			}
		}
	}
}

func TestSpan(t *testing.T) {
	for _, c := range [][3]string{{"0.2", "0.4", "0.2 to 0.4"}, {"–", "–", "–"}, {"−1", "–", "–"}} {
		if got := Span(c[0], c[1]); got != c[2] {
			t.Errorf("%s, %s: %q", c[0], c[1], got)
		}
	}
}
