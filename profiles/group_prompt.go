package profiles

import (
	"cmp"
	"math"
	"slices"
)

// Level is one of five words for a normalised strength.
type Level string

// The levels.
const (
	VeryLow  Level = "very_low"  // h < −.6
	Low      Level = "low"       // −.6 ≤ h < −.2
	Medium   Level = "medium"    // −.2 ≤ h ≤ .2
	High     Level = "high"      // .2 < h ≤ .6
	VeryHigh Level = "very_high" // h > .6
)

// Grade is the level of a hybrid strength, "" of one that is not there.
func Grade(h float64) Level {
	switch {
	case math.IsNaN(h):
		return ""
	case h < -.6:
		return VeryLow
	case h < -.2:
		return Low
	case h <= .2:
		return Medium
	case h <= .6:
		return High
	}
	return VeryHigh
}

// Sentence says a level of a value to a language model; phrase is a noun phrase, such as "security". "" has none.
//
//	high, "kindness"     You prioritize kindness.
func (l Level) Sentence(phrase string) string {
	begins := map[Level]string{
		VeryHigh: "You highly prioritize ", High: "You prioritize ", Medium: "You moderately prioritize ",
		Low: "You place low priority on ", VeryLow: "You place very low priority on ",
	}
	if begins[l] == "" {
		return ""
	}
	return begins[l] + phrase + "."
}

// Pick chooses n values for a prompt: the ⌈n/2⌉ highest, the highest first, then the ⌊n/2⌋ lowest, the lowest first.
// Equal ones go by their number. A value without a strength is never chosen, and none is chosen twice.
//
//	.7 −.1 .2 −.6, n 3     0, 2, then 3
func Pick(h []float64, n int) []int {
	var order []int
	for v, x := range h {
		if !math.IsNaN(x) {
			order = append(order, v)
		}
	}
	n = min(n, len(order))
	if n < 1 {
		return nil
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(h[b], h[a]) })
	picked := slices.Clone(order[:(n+1)/2])
	rest := slices.Sorted(slices.Values(order[len(picked):]))
	slices.SortStableFunc(rest, func(a, b int) int { return cmp.Compare(h[a], h[b]) })
	return append(picked, rest[:n/2]...)
}
