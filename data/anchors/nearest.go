package anchors

import "math"

// None is the position of no anchor.
const None = -1

// Limits says when a nearest anchor is near enough to be a row's. The zero value accepts any cosine from 0 up.
//
// With MinCosine .3 and MinLead .05: cosines .60 and .52 give the first; .60 and .58 give none, the choice being
// the embedder's noise; .28 gives none, whatever the others are.
type Limits struct {
	MinCosine float64 // the best cosine must reach it; of use where an encoder spreads its cosines
	MinLead   float64 // the best must be ahead of the second best by it; a single candidate is always ahead
}

// Match is an answer of Nearest.
type Match struct {
	At     int     // position in the bank, None if nothing was near enough
	Cosine float64 // of the best candidate, also where it was refused; −∞ without candidates
	Lead   float64 // over the second best; +∞ with one candidate
}

// Nearest finds the unit vector of the bank closest to v by cosine, among the allowed positions (nil for all). Of
// equal cosines the first in the order of the candidates is the best, so a tie has one answer unless MinLead
// refuses it. v: [d] unit; bank: [A][d] unit rows. An empty list that is not nil allows none.
func Nearest(v []float32, bank [][]float32, allowed []int, limits Limits) Match {
	// The two best are kept on one pass: the lead is their difference.
	at, best, second := None, math.Inf(-1), math.Inf(-1)
	see := func(k int) {
		switch c := dot(v, bank[k]); {
		case c > best:
			at, best, second = k, c, best
		case c > second:
			second = c
		}
	}
	if allowed == nil {
		for k := range bank {
			see(k)
		}
	}
	for _, k := range allowed {
		see(k)
	}
	m := Match{At: at, Cosine: best, Lead: best - second}
	if at != None && (best < limits.MinCosine || m.Lead < limits.MinLead) {
		m.At = None
	}
	return m
}

// dot sums in float64: leads of 1e-4 occur, which float32 over 1,024 terms would blur.
func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
