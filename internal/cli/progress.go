package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// plainInterval is the time between two lines where no bar can be drawn.
const plainInterval = 10 * time.Second

// Progress shows how far a piece of work is: a bar on a terminal, else a plain line now and then.
// It is safe for use by several goroutines; a nil Progress shows nothing.
type Progress struct {
	mu     sync.Mutex
	w      io.Writer
	bar    *progressbar.ProgressBar // nil in plain form
	label  string
	unit   string // what is counted, in the plural
	total  int64  // 0 where unknown
	start  int64  // done before, by an earlier start of the work: rates leave it out
	done   int64
	suffix string
	began  time.Time
	last   time.Time
	now    func() time.Time
}

// NewProgress starts the display on stderr: total units of work, of which start are done already.
func NewProgress(label, unit string, total, start int64) *Progress {
	p := newProgress(os.Stderr, label, unit, total, start, time.Now)
	if term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb" {
		p.bar = newBar(os.Stderr, label, total, start)
	}
	return p
}

func newProgress(w io.Writer, label, unit string, total, start int64, now func() time.Time) *Progress {
	t := now()
	return &Progress{w: w, label: label, unit: unit, total: total, start: start, done: start, began: t, last: t, now: now}
}

// newBar draws without colour where NO_COLOR is set, whatever its value. Rate and time left are written
// by Progress itself, since the library would count a resumed run's earlier steps into the rate.
func newBar(w io.Writer, label string, total, start int64) *progressbar.ProgressBar {
	if total <= 0 {
		total = -1
	}
	theme := progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: label + " ", BarEnd: ""}
	_, noColor := os.LookupEnv("NO_COLOR")
	if !noColor {
		theme.Saucer, theme.SaucerPadding = "[cyan]█[reset]", "[dark_gray]░[reset]"
	}
	bar := progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionEnableColorCodes(!noColor),
		progressbar.OptionSetTheme(theme),
		progressbar.OptionShowCount(),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(24),
	)
	_ = bar.Set64(start)
	return bar
}

// Add counts n more units.
func (p *Progress) Add(n int64) { p.count(n, 0) }

// Replay counts n units that an earlier start had done: they count into the total and not into the rate.
func (p *Progress) Replay(n int64) { p.count(n, n) }

func (p *Progress) count(n, before int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.start += before
	now := p.now()
	if p.bar != nil {
		p.bar.Describe(p.figures(now))
		_ = p.bar.Add64(n) // a display that cannot be written is no reason to stop
		return
	}
	if now.Sub(p.last) >= plainInterval {
		p.last = now
		fmt.Fprintln(p.w, p.line(now))
	}
}

// Suffix sets the text after the figures, such as the loss.
func (p *Progress) Suffix(text string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.suffix = text
}

// Print writes a line of its own above the bar.
func (p *Progress) Print(format string, args ...any) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.w, format+"\n", args...)
}

// Close writes the last line. It does not claim that the work was finished: the count says how far it is.
func (p *Progress) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
	fmt.Fprintln(p.w, p.line(p.now()))
}

// line is the plain form: "train 120/1000 steps, 12.3 steps/s, 1m12s left, loss 4.1".
func (p *Progress) line(now time.Time) string {
	count := fmt.Sprint(p.done)
	if p.total > 0 {
		count += fmt.Sprintf("/%d", p.total)
	}
	return fmt.Sprintf("%s %s %s, %s", p.label, count, p.unit, p.figures(now))
}

// figures gives the rate, the time left (or taken, at the end) and the suffix.
func (p *Progress) figures(now time.Time) string {
	elapsed := now.Sub(p.began)
	rate := float64(p.done-p.start) / max(elapsed.Seconds(), 1e-9)
	parts := []string{fmt.Sprintf("%.3g %s/s", rate, p.unit)}
	if left := p.total - p.done; left > 0 && rate > 0 {
		eta := time.Duration(float64(left) / rate * float64(time.Second))
		parts = append(parts, eta.Round(time.Second).String()+" left")
	} else if left <= 0 {
		parts = append(parts, elapsed.Round(time.Second).String())
	}
	if p.suffix != "" {
		parts = append(parts, p.suffix)
	}
	return strings.Join(parts, ", ")
}
