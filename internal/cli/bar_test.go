package cli

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"hives/internal/columns"
)

var escapes = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]|\r`)

// Every line that is drawn leaves the last column free, whatever the width and however long the figures.
func TestBarFitsTheTerminal(t *testing.T) {
	for _, width := range []int{200, 80, 60, 40, 20, 10, 3} {
		var out bytes.Buffer
		p := newProgress(&out, "train", "steps", 1_000_000, 0, time.Now)
		p.bar = &bar{w: &out, width: func() int { return width }, color: true}
		p.Suffix("loss 3.123, 12345 tokens/s, and a word on the validation")
		for _, n := range []int64{1, 9, 90, 400_000, 599_900} {
			out.Reset()
			p.last = time.Time{}
			p.Add(n)
			line := escapes.ReplaceAllString(out.String(), "")
			if line == "" || columns.Of(line) >= width {
				t.Errorf("width %d: %d columns: %q", width, columns.Of(line), line)
			}
			if p.bar.drawn != columns.Of(line) {
				t.Errorf("width %d: counted %d columns of %q", width, p.bar.drawn, line)
			}
			if drawn := strings.Contains(line, "█"); width == 80 && p.done == 400_100 && !drawn || width <= 20 && drawn {
				t.Errorf("width %d: a bar, or none: %q", width, line)
			}
			if width >= 40 && !strings.Contains(line, "steps/s") {
				t.Errorf("width %d: no rate in %q", width, line)
			}
		}
	}
}

// A window that was made narrower has broken the line into rows, all of which must go.
func TestBarFollowsAWindowThatIsResized(t *testing.T) {
	var out bytes.Buffer
	width := 80
	b := &bar{w: &out, width: func() int { return width }}
	b.draw("train", "10/100", []string{"1 steps/s", "1m30s left", "loss 3.123, 12345 tokens/s"}, 10, 100)
	if b.drawn < 61 {
		t.Fatalf("the line has %d columns only", b.drawn)
	}
	width = 30 // 61 to 79 columns are three rows now, and the cursor is in the last
	out.Reset()
	b.draw("train", "11/100", []string{"1 steps/s", "1m29s left"}, 11, 100)
	if !strings.HasPrefix(out.String(), "\x1b[2A\r\x1b[J") {
		t.Errorf("does not go up two rows: %q", &out)
	}
	out.Reset()
	b.draw("train", "12/100", []string{"1 steps/s", "1m28s left"}, 12, 100)
	if !strings.HasPrefix(out.String(), "\r\x1b[J") {
		t.Errorf("goes up where there is one row: %q", &out)
	}
}
