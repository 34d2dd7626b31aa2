package columns

import (
	"bytes"
	"testing"
)

// What goes to no terminal is left as it is, and is not even held back.
func TestLinesElsewhere(t *testing.T) {
	var out bytes.Buffer
	if Lines(&out) != &out {
		t.Error("a buffer is wrapped")
	}
}

func TestFill(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"short", "short"},
		{"a line that is longer than twenty", "a line that is\n  longer than twenty"},
		{"model    a folder of somewhere else", "model    a folder of\n         somewhere\n         else"},
		{"  12  a sentence of the inventory", "  12  a sentence of\n      the inventory"},
		{"\x1b[36mcolours are not counted here\x1b[0m", "\x1b[36mcolours are not counted here\x1b[0m"},
	} {
		if got := Fill(c.line, 20); got != c.want {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
}

// A line that comes in pieces is broken once, and a last one without an end comes at Flush. JSON is left alone.
func TestLinesInPieces(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		want   string
	}{
		{[]string{"word ", "word ", "word\nla", "st"}, "word word word\nlast"},
		{[]string{"{\"text\":\n", "\"as it is\"}"}, "{\"text\":\n\"as it is\"}"},
	} {
		var out bytes.Buffer
		l := &lines{w: &out}
		for _, p := range c.pieces {
			if n, err := l.Write([]byte(p)); n != len(p) || err != nil {
				t.Errorf("%q: %d, %v", p, n, err)
			}
		}
		if err := Flush(l); err != nil || out.String() != c.want {
			t.Errorf("%q, %v, want %q", &out, err, c.want)
		}
	}
}
