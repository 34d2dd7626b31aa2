package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"hives/internal/columns"
)

// plainInterval is the time between two lines where no bar can be drawn, drawInterval between two drawings of one:
// a log of a night's run has a line every ten seconds, a terminal ten drawings a second.
const (
	plainInterval = 10 * time.Second
	drawInterval  = 100 * time.Millisecond
)

// Progress shows how far a piece of work is: a bar on a terminal, else a plain line now and then. It is safe for use
// by several goroutines; a nil Progress shows nothing. Whoever starts one owes Close or Drop, and writes to the
// terminal through Print only while it stands.
//
//	p := cli.NewProgress("embed", "texts", 1000, 200)   // 200 were done by an earlier start
//	p.Phase("loading and compiling")                    // not counted into the rate
//	p.Add(64)                                           // embed 264/1000 texts, …
//	p.Close()
type Progress struct {
	mu     sync.Mutex
	w      io.Writer
	bar    *bar // nil in plain form
	label  string
	unit   string // what is counted, in the plural
	total  int64  // 0 where unknown
	start  int64  // done before, by an earlier start of the work: rates leave it out
	done   int64
	suffix string
	phase  string        // what goes on before the first unit, or between two, such as compiling
	idle   time.Duration // spent in phases: rates leave it out
	paused time.Time     // begin of the phase
	began  time.Time
	last   time.Time
	now    func() time.Time
}

// current is the bar that stands on the terminal, for an end that its owner does not see. It is read without its
// lock by the goroutine of signals.
var current atomic.Pointer[Progress]

// NewProgress starts the display on stderr: total units of work, of which start are done already.
func NewProgress(label, unit string, total, start int64) *Progress {
	p := newProgress(os.Stderr, label, unit, total, start, time.Now)
	// "dumb" is what a terminal is called that cannot go back in a line.
	if term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb" {
		p.bar = newBar(os.Stderr)
		current.Store(p)
	}
	return p
}

// newProgress takes its clock from the caller: tests have no time. It draws no bar by itself, so a test sees lines.
func newProgress(w io.Writer, label, unit string, total, start int64, now func() time.Time) *Progress {
	t := now()
	return &Progress{w: w, label: label, unit: unit, total: total, start: start, done: start, began: t, last: t,
		now: now}
}

// leaveBar ends the line of a bar that a signal leaves standing. Whoever draws at this moment may never come back.
func leaveBar() {
	if p := current.Load(); p != nil && p.mu.TryLock() {
		defer p.mu.Unlock()
		if p.bar != nil {
			fmt.Fprintln(p.w)
		}
	}
}

// Add counts n more units.
func (p *Progress) Add(n int64) { p.count(n, 0) }

// Replay counts n units that an earlier start had done: they count into the total and not into the rate.
func (p *Progress) Replay(n int64) { p.count(n, n) }

// count adds n units, of which before are left out of the rate. Between a phase and the first unit counted the time
// belongs to the phase. That unit's own time is in there too, so it is left out of the rate as well.
func (p *Progress) count(n, before int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.phase != "" {
		before = n // its time is the phase's
	}
	p.enter("", now)
	p.done += n
	p.start += before
	p.show(now)
}

// Phase says what goes on in place of counted work, such as compiling, until the next unit is counted. Its time is left
// out of the rate, so that a minute of it does not make hours of the time left.
func (p *Progress) Phase(name string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.enter(name, now)
	p.last = now.Add(-plainInterval) // said at once
	p.show(now)
}

// enter ends the phase under way and begins another; "" is counted work.
func (p *Progress) enter(phase string, now time.Time) {
	if p.phase != "" {
		p.idle += now.Sub(p.paused)
	}
	p.phase, p.paused = phase, now
}

// show draws, if the last drawing is old enough. The last unit is always drawn in a bar: it would otherwise stand at
// 99 % until Close.
func (p *Progress) show(now time.Time) {
	// A log of a night's run has a line every ten seconds, a terminal ten drawings a second.
	interval := plainInterval
	if p.bar != nil {
		interval = drawInterval
	}
	if now.Sub(p.last) < interval && p.done != p.total {
		return
	}
	if p.bar != nil {
		p.last = now
		p.bar.draw(p.label, p.counted(), p.figures(now), p.done, p.total)
	} else if now.Sub(p.last) >= interval {
		p.last = now
		fmt.Fprintln(p.w, p.line(now))
	}
}

// Suffix sets the text after the figures, such as the loss. It is seen at the next drawing.
func (p *Progress) Suffix(text string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.suffix = text
}

// Print writes a line of its own above the bar. Whatever else writes to the terminal while a bar stands leaves half
// of it behind.
func (p *Progress) Print(format string, args ...any) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bar.clear()
	fmt.Fprintf(columns.Lines(p.w), format+"\n", args...)
}

// Close writes the last line. It does not claim that the work was finished: the count says how far it is.
func (p *Progress) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.enter("", now)
	p.bar.clear()
	p.bar = nil
	current.CompareAndSwap(p, nil)
	fmt.Fprintln(columns.Lines(p.w), p.line(now))
}

// Drop ends the display without a last line: there was nothing to count.
func (p *Progress) Drop() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bar.clear()
	p.bar = nil
	current.CompareAndSwap(p, nil)
}

// line is the plain form: "train 120/1000 steps, 12.3 steps/s, 1m12s left, loss 4.1".
func (p *Progress) line(now time.Time) string {
	return strings.Join(append([]string{p.label + " " + p.counted() + " " + p.unit}, p.figures(now)...), ", ")
}

// counted is "120/1000", or the number alone where the total is not known.
func (p *Progress) counted() string {
	if p.total > 0 {
		return fmt.Sprintf("%d/%d", p.done, p.total)
	}
	return fmt.Sprint(p.done)
}

// figures are the rate, the time left (or taken, at the end) and the suffix; during a phase its name. Time left is
// what is left by the rate so far, over all of this start: it settles slowly and does not jump.
func (p *Progress) figures(now time.Time) []string {
	if p.phase != "" {
		return []string{p.phase}
	}
	elapsed := now.Sub(p.began) - p.idle
	rate := float64(p.done-p.start) / max(elapsed.Seconds(), 1e-9)
	var parts []string
	if rate > 0 {
		parts = append(parts, fmt.Sprintf("%.3g %s/s", rate, p.unit))
	}
	if left := p.total - p.done; left > 0 && rate > 0 {
		eta := time.Duration(float64(left) / rate * float64(time.Second))
		parts = append(parts, eta.Round(time.Second).String()+" left")
	} else if left <= 0 {
		parts = append(parts, elapsed.Round(time.Second).String())
	}
	if p.suffix != "" {
		parts = append(parts, p.suffix)
	}
	return parts
}
