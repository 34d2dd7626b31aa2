package values

import "testing"

// Invariant of takesSide, over probabilities with intervals of many widths.
func TestASideIsGivenWithThreeInFour(t *testing.T) {
	for p := .01; p < 1; p += .01 {
		for _, width := range []float64{.01, .1, .3} {
			support := &Probability{P: p, Low: max(0, p-width), High: min(1, p+width)}
			side, sure := takesSide(support)
			want := p >= LeastSide && support.Low > .5 || p <= 1-LeastSide && support.High < .5
			if sure != want || sure && (side == Supports) != (p > .5) {
				t.Errorf("%+v: %s, %v", *support, side, sure)
			}
		}
	}
	if _, sure := takesSide(nil); sure {
		t.Error("a side without a probability")
	}
}
