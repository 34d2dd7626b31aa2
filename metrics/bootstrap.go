package metrics

import (
	"math"
	"math/rand/v2"
	"slices"

	"hives/data"
	"hives/ranking"
)

// Interval is a percentile interval; both ends NaN where there is none.
type Interval struct{ Low, High float64 }

// Known tells whether there is an interval.
func (i Interval) Known() bool { return !math.IsNaN(i.Low) && !math.IsNaN(i.High) }

// coverage of the intervals, two-sided.
const coverage = .95

// minGroups is the least number of groups an interval is given for: percentiles of fewer mean nothing.
const minGroups = 5

// Resamples are draws of G groups with replacement: weights[r][g] says how often draw r took group g. Two systems
// measured on the same rows share the draws, which makes their differences paired: what an odd draw does to both
// of them cancels.
//
// A group is what must not cross a split, for instance all rows of a text (data.Row's group). Rows of a group err
// together, so they are drawn together.
//
// Invariant: the weights of a draw add up to G.
type Resamples struct {
	groups  int
	weights [][]float64 // [R][G]
}

// NewResamples makes count draws, a function of the seed alone.
func NewResamples(groups, count int, seed uint64) *Resamples {
	r := &Resamples{groups: groups, weights: make([][]float64, count)}
	for k := range r.weights {
		r.weights[k] = Draw(groups, k, seed)
	}
	return r
}

// Draw is the k-th resample by itself, for statistics that need no more than one at a time: how often each of the
// groups was taken, [G]. The draw is a function of (seed, k), so the first hundred of a thousand are those of a
// hundred.
func Draw(groups, k int, seed uint64) []float64 {
	weights := make([]float64, groups)
	random := rand.New(rand.NewPCG(seed, uint64(k)))
	for range groups {
		weights[random.IntN(groups)]++
	}
	return weights
}

// Interval bootstraps a statistic known by its value and its influence per group: the statistic under a draw is
// taken as point + Σ_g (weight_g − 1)·influence_g. That is exact to first order in the weights; what it leaves
// out shrinks with the number of groups (docs/METRICS.md). Groups beyond the end of influence have none.
//
// Recomputing a ranking costs N² (D + log N) and a thousand draws a thousand times that: two seconds become half
// an hour for 3,000 rows. This costs G a draw.
func (r *Resamples) Interval(point float64, influence []float64) Interval {
	if math.IsNaN(point) || r.groups < minGroups || len(influence) > r.groups {
		return Interval{math.NaN(), math.NaN()}
	}
	draws := make([]float64, len(r.weights))
	for k := 0; k < len(draws); k += drawsAtOnce {
		r.shift(point, influence, k, draws[k:min(k+drawsAtOnce, len(draws))])
	}
	return percentiles(draws)
}

// drawsAtOnce are independent sums, so a processor does the next one while it waits for the result of the last.
const drawsAtOnce = 4

// shift fills dst with the statistic under draws from … from+len(dst)−1. Each is summed in the order of groups, and its
// neighbours change nothing.
func (r *Resamples) shift(point float64, influence []float64, from int, dst []float64) {
	if len(dst) < drawsAtOnce {
		for k := range dst {
			dst[k] = point
			for g, f := range influence {
				dst[k] += (r.weights[from+k][g] - 1) * f
			}
		}
		return
	}
	n := len(influence)
	w0, w1, w2, w3 := r.weights[from][:n], r.weights[from+1][:n], r.weights[from+2][:n], r.weights[from+3][:n]
	s0, s1, s2, s3 := point, point, point, point
	for g, f := range influence {
		s0, s1, s2, s3 = s0+(w0[g]-1)*f, s1+(w1[g]-1)*f, s2+(w2[g]-1)*f, s3+(w3[g]-1)*f
	}
	dst[0], dst[1], dst[2], dst[3] = s0, s1, s2, s3
}

// Difference bootstraps a − b under the same draws: its influence is the difference of the influences. A system
// minus itself is 0 [0, 0].
func (r *Resamples) Difference(a, b float64, influenceA, influenceB []float64) Interval {
	if len(influenceA) != len(influenceB) {
		return Interval{math.NaN(), math.NaN()}
	}
	influence := slices.Clone(influenceA)
	addTo(influence, influenceB, -1)
	return r.Interval(a-b, influence)
}

// Orthogonality bootstraps the mean orthogonality of one theory at a level, recomputing every value
// vector under each draw; values are those of ValueVectors. A draw that empties a side leaves its value out. The figure
// under each draw comes back too, NaN where a draw leaves fewer than two values, for PairedDraws.
func (r *Resamples) Orthogonality(v *Vectors, l *data.Labels, level, minSide int, theory int32) (Interval, []float64) {
	var sums []*valueSums
	for _, s := range collectValues(l, level) {
		if s.Theory == theory && len(s.rows[0]) >= minSide && len(s.rows[1]) >= minSide {
			sums = append(sums, s)
		}
	}
	if len(sums) < 2 || r.groups < minGroups {
		return Interval{math.NaN(), math.NaN()}, nil
	}
	draws, known := make([]float64, len(r.weights)), []float64(nil)
	weights := make([]float64, l.Len())
	for k, w := range r.weights {
		for i := range weights {
			weights[i] = w[l.Group[i]]
		}
		var vectors [][]float64
		for _, s := range sums {
			if vector := Direction(v, s.rows[0], s.rows[1], weights); vector != nil {
				vectors = append(vectors, vector)
			}
		}
		draws[k] = math.NaN()
		if o := summarise(len(vectors), pairGaps(vectors)); o.Pairs > 0 {
			draws[k], known = o.Mean, append(known, o.Mean)
		}
	}
	if len(known) == 0 {
		return Interval{math.NaN(), math.NaN()}, nil
	}
	return percentiles(known), draws
}

// percentiles interpolates linearly between order statistics: of 1,000 draws the low end lies at place .025 · 999
// = 24.975, nearly the 26th smallest. It sorts draws in place.
func percentiles(draws []float64) Interval {
	slices.Sort(draws)
	return Interval{ranking.Quantile(draws, (1-coverage)/2), ranking.Quantile(draws, (1+coverage)/2)}
}
