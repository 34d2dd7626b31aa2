package cli

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// clock is a time that only the test moves.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) forward(d time.Duration) { c.t = c.t.Add(d) }

func TestPlainLinesComeAtIntervals(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	p := newProgress(&out, "train", "steps", 1000, 100, c.now)
	p.Suffix("loss 4.1")
	for range 50 { // one step a second
		c.forward(time.Second)
		p.Add(1)
	}
	p.Close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d lines in 50 s, want one every 10 s and the last:\n%s", len(lines), &out)
	}
	// The 100 steps before the resume count into the total and not into the rate.
	if want := "train 110/1000 steps, 1 steps/s, 14m50s left, loss 4.1"; lines[0] != want {
		t.Errorf("got  %s\nwant %s", lines[0], want)
	}
	if strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), "\r") {
		t.Errorf("control characters in plain form: %q", &out)
	}
}

// What an earlier start has done may come up again one by one, mixed with what is new.
func TestReplayedUnitsAreNoRate(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	p := newProgress(&out, "label", "texts", 100, 0, c.now)
	p.Replay(30)
	c.forward(5 * time.Second)
	p.Add(10)
	p.Replay(20)
	p.Close()
	if want := "label 60/100 texts, 2 texts/s, 20s left\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestEndOfKnownAndUnknownTotals(t *testing.T) {
	for _, c := range []struct {
		total int64
		want  string
	}{{3, "work 3/3 rows, 1.5 rows/s, 2s"}, {0, "work 3 rows, 1.5 rows/s, 2s"}} {
		var out bytes.Buffer
		clk := &clock{time.Unix(0, 0)}
		p := newProgress(&out, "work", "rows", c.total, 0, clk.now)
		clk.forward(2 * time.Second)
		p.Add(3)
		p.Close()
		if got := strings.TrimSpace(out.String()); got != c.want {
			t.Errorf("total %d: got %q, want %q", c.total, got, c.want)
		}
	}
}

func TestBarHonoursNoColor(t *testing.T) {
	draw := func() string {
		var out bytes.Buffer
		p := newProgress(&out, "train", "steps", 10, 4, time.Now)
		p.bar = newBar(os.Stderr)
		p.bar.w = &out
		p.Add(6)
		p.Print("note %d", 7)
		p.Close()
		return out.String()
	}
	t.Setenv("NO_COLOR", "")
	plain := draw()
	if !strings.Contains(plain, "█") || strings.Contains(plain, "\x1b[36m") || !strings.Contains(plain, "10/10") ||
		!strings.Contains(plain, "note 7\n") {
		t.Errorf("bar without colour: %q", plain)
	}
}

func TestNilProgressIsSilent(t *testing.T) {
	var p *Progress
	p.Add(1)
	p.Replay(1)
	p.Suffix("x")
	p.Print("y")
	p.Close()
}

// A minute of compiling is a phase with a name, and the time left does not count it.
func TestPhasesAreNoRate(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	p := newProgress(&out, "train", "steps", 100, 0, c.now)
	p.Phase("compiling 8 shapes")
	c.forward(time.Minute)
	p.Add(1)
	c.forward(9 * time.Second)
	p.Add(9)
	p.Phase("validation")
	c.forward(time.Minute)
	p.Close()
	want := []string{
		"train 0/100 steps, compiling 8 shapes",
		"train 1/100 steps",
		"train 10/100 steps, validation",
		"train 10/100 steps, 1 steps/s, 1m30s left",
	}
	if got := strings.Split(strings.TrimSpace(out.String()), "\n"); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
