package steer

import (
	"cmp"
	"math"
	"slices"
)

// Share is the part of the queries on each side of a Split.
const Share = .25

// Relevance compares queries that are about a value with those that are not.
type Relevance struct {
	Near, Far  Part
	Default    Interval // mean of the near less that of the far
	AbsDefault Interval // the same of |score|: how much a value is spoken of at all
	Moved      Interval // the same of |movement|
}

// Part is one side of the split.
type Part struct {
	Queries     []int // their places
	DefaultMean float64
	AbsMoved    float64
}

// Split takes queries by their cosine to a value, nearest first, and compares the nearest with the farthest part. Each
// side has ⌊share·n⌋ queries, one at least; of equal cosines the smaller place is the nearer. def and moved are the
// score without steering and the movement under it, NaN where missing. A query without a cosine is in no part. Both
// sides stay as they are under the draws: cosines are not random.
func Split(cosine, def, moved []float64, share float64, draws int, seed uint64) Relevance {
	var order []int
	for at, c := range cosine {
		if !math.IsNaN(c) {
			order = append(order, at)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(cosine[b], cosine[a]) })
	n := min(max(1, int(share*float64(len(order)))), len(order)/2)
	near, far := order[:n], order[len(order)-n:]
	abs := func(x []float64) []float64 {
		out := slices.Clone(x)
		for i := range out {
			out[i] = math.Abs(out[i])
		}
		return out
	}
	gap := func(x []float64) Interval {
		value := weighted(x, near, nil) - weighted(x, far, nil)
		return percentiles(value, len(cosine), draws, seed, func(counts []float64) float64 {
			return weighted(x, near, counts) - weighted(x, far, counts)
		})
	}
	part := func(queries []int) Part {
		return Part{queries, weighted(def, queries, nil), weighted(abs(moved), queries, nil)}
	}
	return Relevance{
		Near: part(near), Far: part(far), Default: gap(def), AbsDefault: gap(abs(def)), Moved: gap(abs(moved)),
	}
}

// weighted is the mean of what is there of x at some places, each as often as counts says; nil counts once.
func weighted(x []float64, at []int, counts []float64) float64 {
	sum, n := 0., 0.
	for _, i := range at {
		w := 1.
		if counts != nil {
			w = counts[i]
		}
		if !math.IsNaN(x[i]) {
			sum, n = sum+w*x[i], n+w
		}
	}
	return sum / n
}
