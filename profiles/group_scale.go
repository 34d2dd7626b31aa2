package profiles

import (
	"math"
	"slices"

	"hives/internal/fault"
	"hives/structure"
)

// Scale is a way to make strengths comparable.
type Scale string

// The scales. Row ones compare the values of a theory within a group, column ones and hybrids the groups within a
// value. S is a strength, NaN where there is none; it stays NaN and counts nowhere.
//
//	zscore       (S − mean)/SD, divisor n; all 0 where SD < 1e-12
//	minmax       (S − least)/(most − least); all 0 where both are one
//	percentile   (rank − 1)/(ranks − 1), equal ones share a rank and the next has the next; all 0 where there is one rank
//	hybrid       ½ S/(most |S| + 1e-8) + ½ (2 rank/n − 1), equal ones share the mean of their ranks
//	hybrid-mid   the same with (rank − ½)/n: its mean is 0, where hybrid's lies 1/(2n) above
const (
	RowZScore     Scale = "row-zscore"
	RowMinMax     Scale = "row-minmax"
	RowPercentile Scale = "row-percentile"
	ColZScore     Scale = "col-zscore"
	ColMinMax     Scale = "col-minmax"
	ColPercentile Scale = "col-percentile"
	Hybrid        Scale = "hybrid"
	HybridMid     Scale = "hybrid-mid"
)

// Scales are all of them.
var Scales = []Scale{RowZScore, RowMinMax, RowPercentile, ColZScore, ColMinMax, ColPercentile, Hybrid, HybridMid}

// FewGroups is the number of groups below which scales between groups say little: with two, a rank is the first or the
// last, whatever lies between them.
const FewGroups = 5

const (
	hybridShare = .5   // of the strength itself, the rest is its rank's
	tiny        = 1e-8 // the paper's guard against 0/0
	flat        = 1e-12
)

// Normalise puts strengths [G][V] on a scale; theory names that of each value. A scale between groups needs two or more
// groups (Invalid), and gives NaN for a value that only one group has.
func Normalise(s [][]float64, theory []string, by Scale) ([][]float64, error) {
	within := map[Scale]func([]float64) []float64{
		RowZScore: zscore, RowMinMax: minmax, RowPercentile: percentile,
	}
	between := map[Scale]func([]float64) []float64{
		ColZScore: zscore, ColMinMax: minmax, ColPercentile: percentile,
		Hybrid:    func(x []float64) []float64 { return hybrid(x, 0) },
		HybridMid: func(x []float64) []float64 { return hybrid(x, .5) },
	}
	out := make([][]float64, len(s))
	for g, row := range s {
		if len(row) != len(theory) {
			return nil, fault.New(fault.Invalid, "profiles: group %d has %d values, theories are named for %d", g, len(row),
				len(theory))
		}
		out[g] = undefined(len(row))
	}
	if f, ok := within[by]; ok {
		for g, row := range s {
			for _, values := range byTheory(theory) {
				put(out[g], values, f(take(row, values)))
			}
		}
		return out, nil
	}
	f, ok := between[by]
	switch {
	case !ok:
		return nil, fault.New(fault.Invalid, "profiles: scale %q: want one of %v", by, Scales)
	case len(s) < 2:
		return nil, fault.New(fault.Invalid, "profiles: %d group: %s compares groups, so it needs two or more", len(s), by)
	}
	for v := range theory {
		column := make([]float64, len(s))
		for g := range s {
			column[g] = s[g][v]
		}
		if known(column) < 2 {
			continue // nobody to be compared with
		}
		for g, x := range f(column) {
			out[g][v] = x
		}
	}
	return out, nil
}

// byTheory are the numbers of values by theory, in the order in which theories first come.
func byTheory(theory []string) (groups [][]int) {
	place := map[string]int{}
	for v, name := range theory {
		at, seen := place[name]
		if !seen {
			at = len(groups)
			place[name], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], v)
	}
	return groups
}

func take(x []float64, places []int) (out []float64) {
	for _, at := range places {
		out = append(out, x[at])
	}
	return out
}

func put(x []float64, places []int, from []float64) {
	for i, at := range places {
		x[at] = from[i]
	}
}

// known counts the numbers that are there.
func known(x []float64) (n int) {
	for _, v := range x {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// mapped applies f to the numbers that are there, all of them together, and leaves the others NaN.
func mapped(x []float64, f func([]float64) []float64) []float64 {
	var there []float64
	var at []int
	for i, v := range x {
		if !math.IsNaN(v) {
			there, at = append(there, v), append(at, i)
		}
	}
	out := undefined(len(x))
	if len(there) > 0 {
		put(out, at, f(there))
	}
	return out
}

func zscore(x []float64) []float64 {
	return mapped(x, func(x []float64) []float64 {
		n, sum, squares := float64(len(x)), 0., 0.
		for _, v := range x {
			sum += v
		}
		for _, v := range x {
			squares += (v - sum/n) * (v - sum/n)
		}
		sd := math.Sqrt(squares / n)
		out := make([]float64, len(x))
		for i, v := range x {
			if sd >= flat {
				out[i] = (v - sum/n) / sd
			}
		}
		return out
	})
}

func minmax(x []float64) []float64 {
	return mapped(x, func(x []float64) []float64 {
		low, wide := slices.Min(x), slices.Max(x)-slices.Min(x)
		out := make([]float64, len(x))
		for i, v := range x {
			if wide >= flat {
				out[i] = (v - low) / wide
			}
		}
		return out
	})
}

func percentile(x []float64) []float64 {
	return mapped(x, func(x []float64) []float64 {
		ranks := slices.Clone(x)
		slices.Sort(ranks)
		ranks = slices.Compact(ranks)
		out := make([]float64, len(x))
		for i, v := range x {
			if at, _ := slices.BinarySearch(ranks, v); len(ranks) > 1 {
				out[i] = float64(at) / float64(len(ranks)-1)
			}
		}
		return out
	})
}

// hybrid is half the strength as a share of the largest, half its rank; less is taken off every rank.
func hybrid(x []float64, less float64) []float64 {
	return mapped(x, func(x []float64) []float64 {
		most := 0.
		for _, v := range x {
			most = max(most, math.Abs(v))
		}
		out := structure.Ranks(x)
		for i, v := range x {
			share := (out[i] - less) / float64(len(x))
			out[i] = hybridShare*v/(most+tiny) + (1-hybridShare)*(2*share-1)
		}
		return out
	})
}
