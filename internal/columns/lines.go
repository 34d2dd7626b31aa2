package columns

import (
	"bytes"
	"io"
	"strings"
)

// Lines returns a writer that breaks lines at spaces so that they fit the terminal that w writes to; w itself where
// it writes to none. Output that begins like JSON is left alone, for it may be meant to be copied. A pipe gets what
// was written, to the byte: programs read it, and a break would be data.
func Lines(w io.Writer) io.Writer {
	if Width(w) == 0 {
		return w
	}
	return &lines{w: w}
}

// What comes in pieces is held until its line ends: a line can be broken only when all of it is there.
type lines struct {
	w     io.Writer
	rest  []byte // the line that has no end yet
	began bool
	asIs  bool
}

// Write breaks whole lines and keeps what has no end yet. What begins like JSON is passed on as it is, from the
// first byte to the last: one look at the beginning decides for all of it.
func (l *lines) Write(p []byte) (int, error) {
	if text := bytes.TrimLeft(p, " \n"); !l.began && len(text) > 0 {
		l.began, l.asIs = true, text[0] == '{' || text[0] == '['
	}
	if l.asIs {
		return l.w.Write(p)
	}
	width := Width(l.w)
	all := append(l.rest, p...)
	end := bytes.LastIndexByte(all, '\n') + 1
	l.rest = append([]byte(nil), all[end:]...)
	for line := range strings.Lines(string(all[:end])) {
		if _, err := io.WriteString(l.w, Fill(strings.TrimSuffix(line, "\n"), width)+"\n"); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Flush writes a line that has no end.
func (l *lines) Flush() error {
	_, err := l.w.Write(l.rest)
	l.rest = nil
	return err
}

// Flush writes what w, made by Lines, holds back: a last line without an end.
func Flush(w io.Writer) error {
	if l, ok := w.(*lines); ok {
		return l.Flush()
	}
	return nil
}

// Fill breaks a line at spaces. What follows hangs below the text that stands behind a label ("model    DIR, …").
// Lines with an escape sequence are left alone, since those bytes take no columns.
func Fill(line string, width int) string {
	if width == 0 || Of(line) <= width || strings.Contains(line, "\x1b") {
		return line
	}
	if filled := fillWithCommand(line, width); filled != "" {
		return filled
	}
	text := strings.TrimLeft(line, " ")
	depth := len(line) - len(text)
	// A line of a table has a label, a gap of two blanks or more, and text: its continuation stands below the text.
	hang := 2
	if at := strings.Index(text, "  "); at >= 0 {
		behind := len(text[at:]) - len(strings.TrimLeft(text[at:], " "))
		if label := at + behind; depth+Of(text[:at])+behind <= width/2 {
			hang = Of(text[:at]) + behind
			broken := Wrap(text[label:], width-depth-hang, 0)
			return strings.Repeat(" ", depth) + text[:label] +
				strings.Join(broken, "\n"+strings.Repeat(" ", depth+hang))
		}
	}
	return strings.Join(Wrap(line, width, hang), "\n")
}
