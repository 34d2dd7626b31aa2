package steer

import (
	"math"
	"slices"

	"hives/ranking"
)

// byQuery puts rows of one query together, in the order of their numbers, so that no order of the input changes a draw.
func byQuery(rows []Row) (out [][]Row) {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b Row) int { return a.Query - b.Query })
	for at, r := range sorted {
		if at == 0 || r.Query != sorted[at-1].Query {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], r)
	}
	return out
}

// bootstrap draws queries with replacement. A draw that does not define the figure is left out.
func bootstrap(queries [][]Row, of func([]Row) float64, draws int, seed uint64) Interval {
	gather := func(counts []float64) (rows []Row) {
		for at, n := range counts {
			for range int(n) {
				rows = append(rows, queries[at]...)
			}
		}
		return rows
	}
	value := of(slices.Concat(queries...))
	return percentiles(value, len(queries), draws, seed, func(counts []float64) float64 { return of(gather(counts)) })
}

// percentiles are of one figure under draws of n queries; counts says how often a draw took each.
func percentiles(value float64, n, draws int, seed uint64, of func(counts []float64) float64) Interval {
	out := Interval{Value: value, Low: math.NaN(), High: math.NaN()}
	if n < LeastQueries || math.IsNaN(value) {
		return out
	}
	var drawn []float64
	for _, counts := range ranking.Resample(seed, draws, n) {
		if x := of(counts); !math.IsNaN(x) {
			drawn = append(drawn, x)
		}
	}
	slices.Sort(drawn)
	out.Low, out.High = ranking.Quantile(drawn, .025), ranking.Quantile(drawn, .975)
	return out
}
