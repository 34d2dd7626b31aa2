// Package columns fits text to a terminal: how wide one is, how wide a text is, lines broken at spaces, and tables that
// wrap their cells or turn into blocks where the terminal is too narrow. What goes to a file or a pipe is never broken.
package columns

import (
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// Usual is the width of a terminal that does not tell.
const Usual = 80

// Width returns the columns of the terminal that w writes to, 0 where w is none. It is asked anew for each line: a
// window may have been resized.
func Width(w io.Writer) int {
	if l, ok := w.(*lines); ok {
		w = l.w
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
		return n
	}
	return Usual
}

// Of counts the columns of a text: two for a wide character of East Asia, none for a mark over another.
func Of(s string) int {
	n := 0
	for _, r := range s {
		n += ofRune(r)
	}
	return n
}

// ofRune is the columns of one character: marks of no width (Mn, Me, Cf) do not count, however many stand over one
// letter.
func ofRune(r rune) int {
	switch kind := width.LookupRune(r).Kind(); {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Cut returns as much of a text as n columns hold, with an ellipsis in place of the rest.
func Cut(s string, n int) string {
	if Of(s) <= n {
		return s
	}
	head, _ := split(s, max(n-1, 0))
	if n < 1 {
		return ""
	}
	return head + "…"
}

// split divides a text where n columns are full. It never cuts a character of two columns in half; then a column
// stays empty.
func split(s string, n int) (head, rest string) {
	for i, r := range s {
		if n -= ofRune(r); n < 0 {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// joints are the signs behind which a long word may be broken.
const joints = "/-:_"

// Wrap breaks a line at spaces into lines of at most n columns; a word that is longer than a line is broken too, behind
// a joint where it has one. Lines after the first stand as deep as the first, and hang further.
//
//	Wrap("  a long path/of/parts", 12, 2)
//	→   a long
//	      path/of/
//	      parts
//
// Invariant: no line is wider than n, unless a single character is (TestWrap).
func Wrap(line string, n, hang int) []string {
	if n <= 0 || Of(line) <= n {
		return []string{line}
	}
	text := strings.TrimLeft(line, " ")
	depth := len(line) - len(text)
	// More than half of the line as indentation would leave a column of single words.
	if depth+hang > n/2 {
		depth, hang = min(depth, n/2), 0 // a deep line in a narrow place
	}
	first, next := strings.Repeat(" ", depth), strings.Repeat(" ", depth+hang)
	var lines []string
	at := first
	for _, word := range strings.Fields(text) {
		space := " "
		if strings.TrimSpace(at) == "" {
			space = ""
		}
		if Of(at)+len(space)+Of(word) > n && space != "" {
			lines, at, space = append(lines, at), next, ""
		}
		for Of(at)+Of(word) > n {
			head, rest := split(word, max(n-Of(at), 1))
			if at := strings.LastIndexAny(head, joints); at >= 0 { // a path is broken between its parts
				head, rest = word[:at+1], word[at+1:]
			}
			if head == "" { // a wide character in a single column
				_, size := utf8.DecodeRuneInString(word)
				head, rest = word[:size], word[size:]
			}
			word = rest
			lines, at = append(lines, at+head), next
		}
		at += space + word
	}
	return append(lines, at)
}
