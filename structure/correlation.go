package structure

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Missing stands for an answer that is not there.
var Missing = math.NaN()

// Least is the fewest respondents that both values need for a correlation.
const Least = 3

// Correlations are those of V values over respondents.
type Correlations struct {
	Pearson, Spearman [][]float64 // [V][V]; NaN where undefined
	N                 [][]int     // respondents that answered both
}

// Correlate takes scores [respondent][value], NaN where one is missing. Each pair of values is compared over the
// respondents that have both; a value that is constant among these has no correlation, with itself neither.
//
// Read with care: where one respondent says yes to everything and another no, all correlations are positive. Centre
// first, and show both.
func Correlate(scores [][]float64) Correlations {
	values := 0
	if len(scores) > 0 {
		values = len(scores[0])
	}
	var c Correlations
	for i := range values {
		c.Pearson, c.Spearman = append(c.Pearson, make([]float64, values)), append(c.Spearman, make([]float64, values))
		c.N = append(c.N, make([]int, values))
		for j := range i + 1 {
			x, y := both(scores, i, j)
			c.N[i][j], c.N[j][i] = len(x), len(x)
			p, s := correlation(x, y), correlation(Ranks(x), Ranks(y))
			c.Pearson[i][j], c.Pearson[j][i] = p, p
			c.Spearman[i][j], c.Spearman[j][i] = s, s
		}
	}
	return c
}

// both are the scores of two values where neither is missing.
func both(scores [][]float64, i, j int) (x, y []float64) {
	for _, row := range scores {
		if !math.IsNaN(row[i]) && !math.IsNaN(row[j]) {
			x, y = append(x, row[i]), append(y, row[j])
		}
	}
	return x, y
}

func correlation(x, y []float64) float64 {
	if len(x) < Least || constant(x) || constant(y) {
		return math.NaN()
	}
	return stat.Correlation(x, y, nil)
}

func constant(x []float64) bool { return slices.Max(x) == slices.Min(x) }

// Ranks numbers the values from 1, equal ones sharing the mean of their places.
//
//	.3 .1 .3 .9     2.5 1 2.5 4
func Ranks(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	ranks := make([]float64, len(x))
	for lo, hi := 0, 0; lo < len(order); lo = hi {
		for hi = lo; hi < len(order) && x[order[hi]] == x[order[lo]]; hi++ {
		}
		for _, i := range order[lo:hi] {
			ranks[i] = float64(lo+hi+1) / 2
		}
	}
	return ranks
}

// MeanOff is the mean correlation of two unlike values; undefined ones are left out, NaN where all are.
//
// Centring forces it towards −1/(V − 1): V numbers that sum to 0 cannot all rise together.
func (c Correlations) MeanOff() float64 {
	sum, n := 0., 0.
	for i := range c.Pearson {
		for j := range i {
			if r := c.Pearson[i][j]; !math.IsNaN(r) {
				sum, n = sum+r, n+1
			}
		}
	}
	return sum / n
}

// Interval is Fisher's 95 % interval of a correlation over n respondents: tanh(atanh r ± 1.96/√(n − 3)). It is NaN for
// fewer than four, and where r is. Of 30 respondents and r = 0 it is ± .36: most differences between two such
// correlations are nothing.
func Interval(r float64, n int) (low, high float64) {
	if n < 4 || !(math.Abs(r) < 1) {
		return math.NaN(), math.NaN()
	}
	z, half := math.Atanh(r), 1.959963984540054/math.Sqrt(float64(n-3))
	return math.Tanh(z - half), math.Tanh(z + half)
}

// Centre takes each respondent's own mean off their scores, missing ones left out: who says yes to everything, and who
// uses half of the scale, then look like the others. A respondent without a score stays so.
func Centre(scores [][]float64) [][]float64 {
	out := make([][]float64, len(scores))
	for i, row := range scores {
		mean, n := 0., 0.
		for _, x := range row {
			if !math.IsNaN(x) {
				mean, n = mean+x, n+1
			}
		}
		out[i] = slices.Clone(row)
		for j := range out[i] {
			out[i][j] -= mean / n
		}
	}
	return out
}

// Distances turns correlations into distances: √(2(1 − r)), the distance of two standardised lists, or 1 − r.
func Distances(r [][]float64, plain bool) *mat.SymDense {
	d := mat.NewSymDense(len(r), nil)
	for i := range r {
		for j := range i {
			away := 1 - r[i][j]
			if !plain {
				away = math.Sqrt(2 * away)
			}
			d.SetSym(i, j, away)
		}
	}
	return d
}
