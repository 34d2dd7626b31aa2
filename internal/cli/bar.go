package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"hives/internal/columns"
)

// Columns of the bar itself: as many as the figures leave, within these. A shorter one would not move visibly, a
// longer one tells no more than the figures behind it.
const (
	shortestBar = 8
	longestBar  = 24
)

// bar draws one line of a terminal over and over. It asks for the terminal's width each time, so that it follows a
// window that is resized. A nil bar draws nothing. Its caller sees to it that one goroutine draws at a time
// (Progress holds mu).
type bar struct {
	w     io.Writer
	width func() int // 0 where unknown
	color bool
	drawn int // columns of the line that stands there; 0 for none
}

// newBar draws without colour where NO_COLOR is set, whatever its value.
func newBar(w *os.File) *bar {
	_, plain := os.LookupEnv("NO_COLOR")
	return &bar{w: w, width: func() int { return columns.Width(w) }, color: !plain}
}

// draw replaces the line by "train ████░░░░ 120/1000, 12.3 steps/s, 1m12s left, loss 4.1". What does not fit is left
// out, the last figures first, then the bar. The line is erased and written in one Fprint, so that no other
// program's output comes in between.
func (b *bar) draw(label, counted string, figures []string, done, total int64) {
	width := b.width()
	if width <= 0 {
		width = columns.Usual
	}
	text := b.erase()
	head, tail, room := fit(label, counted, figures, width-1) // in the last column some terminals break the line
	if total <= 0 {
		room = 0
	}
	text += head + " "
	if room >= shortestBar {
		text += b.blocks(min(room, longestBar), done, total) + " "
		b.drawn = min(room, longestBar) + 1
	}
	fmt.Fprint(b.w, text+tail)
	b.drawn += columns.Of(head) + 1 + columns.Of(tail)
}

// fit chooses the texts before and after the bar, and says how many columns they leave for it.
//
// Of 40 columns, "train" and "120/1000, 12.3 steps/s, loss 4.1" leave 40 − 5 − 1 − 32 = 2, too few for a bar, and the
// figures come alone. At 30 columns the loss goes, at 25 the rate too.
func fit(label, counted string, figures []string, width int) (head, tail string, room int) {
	for n := len(figures); n >= 0; n-- {
		tail = strings.Join(append([]string{counted}, figures[:n]...), ", ")
		if room = width - columns.Of(label) - 1 - columns.Of(tail); room >= 0 {
			return label, tail, room - 1
		}
	}
	label = columns.Cut(label, max(0, width-1-columns.Of(counted)))
	return label, columns.Cut(counted, max(0, width-1-columns.Of(label))), 0
}

// blocks draws n columns, of which done/total are full. The product is taken first, so that a division does not
// round to 0.
func (b *bar) blocks(n int, done, total int64) string {
	full := int(min(done, total) * int64(n) / total)
	on, off := strings.Repeat("█", full), strings.Repeat("░", n-full)
	if b.color {
		return "\x1b[36m" + on + "\x1b[90m" + off + "\x1b[0m"
	}
	return on + off
}

// clear removes the line, so that another can be written in its place. The next draw puts the bar below that.
func (b *bar) clear() {
	if b != nil {
		fmt.Fprint(b.w, b.erase())
	}
}

// erase is what removes the line: back to its beginning (\r), and clear to the end of the screen (ESC [ J). A
// window that became narrower has broken it into several rows: it goes up first (ESC [ n A).
//
//	70 columns drawn, the window has 80 now     \r, clear
//	70 columns drawn, the window has 30 now     up (70 − 1)/30 = 2, \r, clear
func (b *bar) erase() string {
	up := ""
	if width := b.width(); width > 0 && b.drawn > width {
		up = fmt.Sprintf("\x1b[%dA", (b.drawn-1)/width)
	}
	if b.drawn == 0 {
		return ""
	}
	b.drawn = 0
	return up + "\r\x1b[J"
}
