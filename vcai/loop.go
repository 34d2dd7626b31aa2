package vcai

import "math"

// Ends of a loop.
const (
	Accepted  = "accepted"  // an attempt came near enough
	Exhausted = "exhausted" // none did, and the nearest is kept
	Failed    = "failed"    // none was usable
)

// Loop is the search for an answer of a degree: attempt 0, then at most Rewrites more. Offer it each attempt's degree
// in turn, until Ended.
type Loop struct {
	Wanted   float64
	Near     float64 // the largest gap that is near enough
	Rewrites int

	Gaps   []float64 // of each attempt, NaN of an unusable one
	Chosen int       // the attempt that is kept, −1 while there is none
	End    string    // "" while it goes on
}

// NewLoop begins a search.
func NewLoop(wanted, near float64, rewrites int) *Loop {
	return &Loop{Wanted: wanted, Near: near, Rewrites: rewrites, Chosen: -1}
}

// rounding lets a gap of exactly Near through: |.5 − 1| and .5 may differ in the last digit.
const rounding = 1e-12

// Offer takes the next attempt's degree, NaN where it is unusable, and tells whether the search has ended. Of equal
// gaps the earliest attempt is kept: later ones cost more and are no better.
//
//	wanted 2, near .5, two rewrites: degrees .2, .9, 1.3     gaps 1.8 1.1 .7, the third is kept, exhausted
func (l *Loop) Offer(degree float64) (ended bool) {
	gap := math.Abs(degree - l.Wanted)
	l.Gaps = append(l.Gaps, gap)
	at := len(l.Gaps) - 1
	switch {
	case math.IsNaN(gap):
	case l.Chosen < 0, gap < l.Gaps[l.Chosen]:
		l.Chosen = at
	}
	switch {
	case gap <= l.Near+rounding:
		l.Chosen, l.End = at, Accepted
	case at < l.Rewrites:
	case l.Chosen < 0:
		l.End = Failed
	default:
		l.End = Exhausted
	}
	return l.End != ""
}

// Least is the smallest gap that an attempt can still come to if its degree can only be of a range (Reach), NaN where
// there can be no degree at all. Beyond Near it will not be accepted, whatever is still to come; beyond the gap of an
// attempt that is known it will not be the nearest either.
//
//	wanted 2: a degree of −1 to 1.4 has a gap of .6 or more, one of 1 to 2 of 0 or more
func (l *Loop) Least(r Range) float64 { return max(0, r.Low-l.Wanted, l.Wanted-r.High) }
