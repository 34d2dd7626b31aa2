package metrics

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// leastP stands for every smaller p: what a t distribution says so far out is arithmetic, not evidence.
const leastP = 1e-12

// P is the two-sided p of a statistic against 0, by its bootstrap over groups to first order: the statistic over
// its standard error is read in Student's t with one degree of freedom fewer than there are groups. Under draws
// of G groups with replacement Σ_g (w_g − 1)·f_g has the variance Σ f² − (Σ f)²/G, so that no draw is needed and
// no number of draws sets a least p. NaN where there is no interval either.
//
// The variance is that of a multinomial: G draws with 1/G each give Var w_g = 1 − 1/G and Cov(w_g, w_h) = −1/G,
// so Var Σ w_g f_g = Σ f² (1 − 1/G) − Σ_{g≠h} f_g f_h/G = Σ f² − (Σ f)²/G.
func (r *Resamples) P(point float64, influence []float64) float64 {
	if math.IsNaN(point) || r.groups < minGroups || len(influence) > r.groups {
		return math.NaN()
	}
	var sum, squares float64
	for _, f := range influence {
		sum += f
		squares += f * f
	}
	return studentP(point, math.Sqrt(max(0, squares-sum*sum/float64(r.groups))), r.groups)
}

// studentP is the two-sided p of point by its standard error over so many groups. A statistic two standard errors
// from 0 has p .046 by the normal distribution, and .116 over five groups: few groups know their own spread
// badly.
func studentP(point, deviation float64, groups int) float64 {
	switch {
	case point == 0:
		return 1
	case deviation == 0:
		return leastP
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(groups - 1)}
	return max(leastP, 2*t.CDF(-math.Abs(point/deviation)))
}

// PairedDraws gives interval and p of the difference of two statistics that were recomputed under the same draws;
// a draw that defines only one of them is left out.
func (r *Resamples) PairedDraws(point float64, a, b []float64) (Interval, float64) {
	var gaps []float64
	for k := range min(len(a), len(b)) {
		if gap := a[k] - b[k]; !math.IsNaN(gap) {
			gaps = append(gaps, gap)
		}
	}
	if math.IsNaN(point) || r.groups < minGroups || len(gaps) == 0 {
		return Interval{math.NaN(), math.NaN()}, math.NaN()
	}
	var mean, squares float64
	for _, gap := range gaps {
		mean += gap / float64(len(gaps))
	}
	for _, gap := range gaps {
		squares += (gap - mean) * (gap - mean) / float64(len(gaps))
	}
	return percentiles(gaps), studentP(point, math.Sqrt(squares), r.groups)
}

// Holm corrects p values for being several (Holm 1979): the k-th smallest of m counts m − k + 1 times, and no adjusted
// value is below that of a smaller p. Whoever calls those at most α findings errs in any of them with a chance of at
// most α, however the tests hang together. Worth an example: .01, .04, .03 become .03, .06, .06. NaN stays NaN and
// counts for nothing.
func Holm(p []float64) []float64 {
	out := slices.Clone(p)
	var order []int
	for i, x := range p {
		if !math.IsNaN(x) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if p[a] < p[b] {
			return -1
		} else if p[a] > p[b] {
			return 1
		}
		return 0
	})
	least := 0.0
	for k, i := range order {
		least = max(least, min(1, p[i]*float64(len(order)-k)))
		out[i] = least
	}
	return out
}
