package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"hives/internal/evaluate"
)

// axis maps values to pixels: at(x) = start + (x − low)/(high − low) · (end − start). From 0 to .6 over 60 to 318
// pixels, .3 stands at 189.
//
// Invariant: high > low, which newAxis and wholeAxis see to, so at never divides by 0.
type axis struct {
	low, high  float64 // values
	start, end float64 // pixels
}

// at is the pixel of a value. With start below end it grows to the right; a vertical axis has its start at the
// bottom.
func (a axis) at(x float64) float64 {
	return a.start + (x-a.low)/(a.high-a.low)*(a.end-a.start)
}

// newAxis widens the range to round numbers; a single value gets room on both sides. From .13 to .58 in 4 steps:
// steps of .2 from 0 to .6. Ticks are counted, not added up, so that no error gathers along the axis.
//
//	.13 to .58, 4 steps     raw step .1125 → .2; low ⌊.65⌋·.2 = 0, high ⌈2.9⌉·.2 = .6; ticks 0 .2 .4 .6
//	.5 to .5                .45 to .55 first: a flat curve lies in the middle
func newAxis(low, high, start, end float64, steps int) (axis, []tick) {
	if high-low < 1e-12*math.Max(1, math.Abs(high)) {
		low, high = low-math.Max(1e-9, math.Abs(low)*.1), high+math.Max(1e-9, math.Abs(high)*.1)
	}
	step := niceStep((high - low) / float64(steps))
	a := axis{math.Floor(low/step) * step, math.Ceil(high/step) * step, start, end}
	var ticks []tick
	for k := 0; ; k++ {
		x := a.low + float64(k)*step
		if x > a.high+step/2 {
			return a, ticks
		}
		ticks = append(ticks, tick{a.at(x), tickLabel(x, step)})
	}
}

// wholeAxis is newAxis that ends at the last value, for steps: a run of 1,480 steps fills its plot. Steps are whole
// numbers far below 2^53, so adding them up is exact.
func wholeAxis(low, high, start, end float64, steps int) (axis, []tick) {
	if high <= low {
		high = low + 1
	}
	step := niceStep((high - low) / float64(steps))
	a := axis{low, high, start, end}
	var ticks []tick
	for x := math.Ceil(low/step) * step; x <= high; x += step {
		ticks = append(ticks, tick{a.at(x), tickLabel(x, step)})
	}
	return a, ticks
}

// tick is a labelled place on an axis.
type tick struct {
	At    float64
	Label string
}

// niceStep rounds up to 1, 2 or 5 times a power of ten: .113 becomes .2, 240 becomes 500. Larger steps than asked
// for, never smaller: labels must not run into each other.
func niceStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, factor := range []float64{1, 2, 5} {
		if raw <= factor*power {
			return factor * power
		}
	}
	return 10 * power
}

// tickLabel writes as many decimals as the step has: 0.25 for steps of .05, 1200 for steps of 200, 1e+05 beyond. What
// should be 0 and is a rounding is written as 0.
func tickLabel(x, step float64) string {
	if math.Abs(x) < step/1e6 {
		return "0"
	}
	if math.Abs(x) >= 1e5 || step < 1e-4 {
		return minus(strconv.FormatFloat(x, 'g', 3, 64))
	}
	return minus(strconv.FormatFloat(x, 'f', max(0, -int(math.Floor(math.Log10(step)))), 64))
}

// minus sets a real minus sign.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// three writes a figure with three decimals, a dash where it is undefined. A dash is no zero: nothing was
// measured.
//
//	.5123 → .512     −.0314 → −.031     1 → 1.000     unknown → –
func three(n evaluate.Number) string {
	if !n.Known() {
		return "–"
	}
	return trimZero(decimals(float64(n)))
}

// decimals rounds to three, without a minus before zero.
//
//	decimals(−.0004) is "0.000" and not "-0.000"
func decimals(x float64) string {
	if math.Abs(x) < 5e-4 {
		x = 0
	}
	return fmt.Sprintf("%.3f", x)
}

// signed is three with a plus sign.
func signed(n evaluate.Number) string {
	if !n.Known() {
		return "–"
	}
	return evaluate.Signed(float64(n))
}

// bounds writes an interval.
//
//	.541 … .571; nothing where no interval was drawn
func bounds(r evaluate.Range) string {
	if !r.Known() {
		return ""
	}
	return trimZero(decimals(r.Low)) + " … " + trimZero(decimals(r.High))
}

// trimZero drops the zero before the point, as tables of figures between 0 and 1 are written: .512, −.031, 1.000.
func trimZero(s string) string {
	switch {
	case len(s) > 1 && s[0] == '0':
		return s[1:]
	case len(s) > 2 && s[:2] == "-0":
		return "−" + s[2:]
	}
	return s
}
