package engine

import (
	"math"
	"strings"
	"testing"
)

// The self-test's own plain-Go side is held against central differences, so that it may judge an engine.
func TestPlainGoGradientAgainstDifferences(t *testing.T) {
	p := newProblem()
	want := p.inGo()
	for _, c := range []struct {
		name   string
		values []float32
		grad   []float64
		at     int
	}{
		{"x", p.x, want[1], 0}, {"x", p.x, want[1], 17*inner + 5},
		{"w", p.w, want[2], 3}, {"w", p.w, want[2], 44*cols + 79},
	} {
		const h = 1.0 / 1024 // exact in f32
		old := c.values[c.at]
		c.values[c.at] = old + h
		above := p.inGo()[0][0]
		below := 0.0
		c.values[c.at] = old - h
		below = p.inGo()[0][0]
		c.values[c.at] = old
		if got := (above - below) / (2 * h); math.Abs(got-c.grad[c.at]) > 1e-4*math.Max(1e-2, math.Abs(got)) {
			t.Errorf("%s[%d]: differences %g, formula %g", c.name, c.at, got, c.grad[c.at])
		}
	}
}

// A miscomputing engine must be noticed: each wrong result below differs from the right one in one entry.
func TestNearNoticesOneWrongEntry(t *testing.T) {
	right := newProblem().inGo()[2]
	got := make([]float32, len(right))
	for i, v := range right {
		got[i] = float32(v)
	}
	if err := near(got, right); err != nil {
		t.Fatalf("rounded to f32: %v", err)
	}
	for _, wrong := range []float32{0.1, float32(math.NaN()), float32(math.Inf(1))} {
		old := got[100]
		got[100] = wrong
		if err := near(got, right); err == nil || !strings.Contains(err.Error(), "entry 100") {
			t.Errorf("entry 100 = %g: %v", wrong, err)
		}
		got[100] = old
	}
	if near(got[1:], right) == nil {
		t.Error("a missing entry passed")
	}
}

func TestSameBits(t *testing.T) {
	if err := sameBits([]float32{1, 0}, []float32{1, 0}); err != nil {
		t.Error(err)
	}
	negative := math.Float32frombits(1 << 31)
	if sameBits([]float32{0}, []float32{negative}) == nil {
		t.Error("0 and -0 passed for the same bits")
	}
	if sameBits([]float32{1}, []float32{1, 2}) == nil {
		t.Error("unlike lengths passed")
	}
}
