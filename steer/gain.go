package steer

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"hives/intensity"
	"hives/ranking"
)

// Refused is what a judge said of an answer.
type Refused int8

// An answer is a refusal, or none, or nobody knows: the judge was not asked, or said nothing usable.
const (
	Unknown Refused = iota
	No
	Yes
)

// Bounds of what is told.
const (
	// LeastQueries is the least number of queries that an interval or a p is given for. Fewer know nothing of their own
	// spread: of three differences that are alike by chance t is as large as one likes.
	LeastQueries = 5
	// Ceiling is the mean from which answers without a prompt leave no room on one side: of a scale that ends at 10 a
	// value at 8 can gain 2.
	Ceiling = 7.
)

// Row is one query under one target.
type Row struct {
	Query   int     // numbers from 0; rows of one query are drawn together
	Target  int     // what was asked for: −2, −1, 1, 2
	Default float64 // score of the answer without steering; NaN: none
	Steered float64

	DefaultRefused, Refused Refused
}

// Delta is how far a row's answer moved, NaN without both scores.
func (r Row) Delta() float64 { return r.Steered - r.Default }

// Gain is what one prompt does to one value over queries.
type Gain struct {
	N       int // queries with both scores
	Dropped int // pairs that lack a score
	Mean    float64
	SE      float64 // over queries; NaN of one
	Low     float64 // 95 % by Student's t, NaN below LeastQueries
	High    float64
	P       float64 // two-sided, that the mean is 0
	// WithoutRefusals is the mean over pairs of which neither answer is known to be a refusal. A refusal says little
	// about a value and is scored all the same: it stays in Mean, and this is beside it.
	WithoutRefusals float64
	Reach           float64 // share of pairs that moved to the target's side; one that did not move has not reached it
	DefaultMean     float64 // of the answers without steering, over the same pairs
	Refusals        Refusals
}

// NoHeadroom tells whether the answers stand at an end of the scale already, so that a small gain says nothing.
func (g Gain) NoHeadroom() bool { return math.Abs(g.DefaultMean) > Ceiling }

// GainOf takes the rows of one target. Refusals are counted over all of them, whether they have scores or not.
//
//	default 1, 2, NaN, steered 3, 6, 5, target 2     N 2, dropped 1, mean 3, SE 1, reach 1
func GainOf(rows []Row) Gain {
	var deltas, plain, defaults []float64
	var refused []Refused
	g, reached := Gain{}, 0
	for _, r := range rows {
		refused = append(refused, r.Refused)
		d := r.Delta()
		if math.IsNaN(d) {
			g.Dropped++
			continue
		}
		deltas, defaults = append(deltas, d), append(defaults, r.Default)
		if r.Refused != Yes && r.DefaultRefused != Yes {
			plain = append(plain, d)
		}
		if d*float64(r.Target) > 0 {
			reached++
		}
	}
	p := meanOf(deltas)
	g.N, g.Mean, g.SE, g.Low, g.High, g.P = p.N, p.Mean, p.SE, p.Low, p.High, p.P
	g.WithoutRefusals, g.DefaultMean = meanOf(plain).Mean, meanOf(defaults).Mean
	g.Reach = float64(reached) / float64(len(deltas))
	g.Refusals = CountRefusals(refused)
	return g
}

// meanOf is a mean with what is known of it: SE = SD/√n with the divisor n−1, and Student's t.
func meanOf(x []float64) Paired {
	none := math.NaN()
	p := Paired{N: len(x), Mean: none, SE: none, Low: none, High: none, P: none}
	if p.N == 0 {
		return p
	}
	p.Mean = stat.Mean(x, nil)
	if p.N == 1 {
		return p
	}
	p.SE = stat.StdErr(stat.StdDev(x, nil), float64(p.N))
	if p.N < LeastQueries {
		return p
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(p.N - 1)}
	half := t.Quantile(.975) * p.SE
	p.Low, p.High = p.Mean-half, p.Mean+half
	switch {
	case p.Mean == 0:
		p.P = 1
	case p.SE == 0:
		// All differences are one number. It is no proof of the smallest p that a machine can write.
		p.P = leastP
	default:
		p.P = max(leastP, 2*t.CDF(-math.Abs(p.Mean/p.SE)))
	}
	return p
}

// leastP stands for every smaller p: what a t distribution says so far out is arithmetic, not evidence.
const leastP = 1e-12

// Refusals are how often answers are refusals.
type Refusals struct {
	Refused int
	Usable  int // judgements that say yes or no
	Unknown int // the others: they count in no rate
	Rate    float64
	Low     float64 // Wilson's interval of 95 %; of no judgement all of [0, 1]
	High    float64
}

// CountRefusals takes a judgement an answer.
//
//	yes, no, no, unknown     refused 1, usable 3, unknown 1, rate .33, interval .06 to .79
func CountRefusals(judged []Refused) Refusals {
	r := Refusals{}
	for _, one := range judged {
		switch one {
		case Unknown:
			r.Unknown++
			continue
		case Yes:
			r.Refused++
		}
		r.Usable++
	}
	r.Rate = float64(r.Refused) / float64(r.Usable) // NaN of none
	r.Low, r.High = ranking.Wilson(r.Refused, r.Usable)
	return r
}

// Curve is a value under all its targets.
type Curve struct {
	Targets []int // in ascending order
	Gains   []Gain
	// Asymmetry is the gain at 2 and that at −2, added: 0 where both move alike far, above 0 where the value is taken up
	// more readily than it is given up.
	Asymmetry Interval
	// Dose is Spearman's correlation of target and movement over single rows: 1 where a stronger word always moves
	// further.
	Dose Interval
}

// Interval is a figure with the 2.5th and the 97.5th percentile of a bootstrap over queries. Low and High are NaN of
// fewer than LeastQueries.
type Interval struct{ Value, Low, High float64 }

// CurveOf takes all rows of one value. Each draw of the bootstrap takes whole queries, with all their targets.
func CurveOf(rows []Row, draws int, seed uint64) Curve {
	c := Curve{}
	for target := -2; target <= 2; target++ {
		if of := under(rows, target); len(of) > 0 {
			c.Targets, c.Gains = append(c.Targets, target), append(c.Gains, GainOf(of))
		}
	}
	queries := byQuery(rows)
	c.Asymmetry = bootstrap(queries, asymmetry, draws, seed)
	c.Dose = bootstrap(queries, dose, draws, seed)
	return c
}

func under(rows []Row, target int) (out []Row) {
	for _, r := range rows {
		if r.Target == target {
			out = append(out, r)
		}
	}
	return out
}

// asymmetry is NaN where one of the two has no gain.
func asymmetry(rows []Row) float64 { return meanDelta(rows, 2) + meanDelta(rows, -2) }

func meanDelta(rows []Row, target int) float64 {
	sum, n := 0., 0.
	for _, r := range rows {
		if d := r.Delta(); r.Target == target && !math.IsNaN(d) {
			sum, n = sum+d, n+1
		}
	}
	return sum / n
}

// dose is NaN where all rows have one target, or all move alike.
func dose(rows []Row) float64 {
	var targets, deltas []float64
	for _, r := range rows {
		if d := r.Delta(); !math.IsNaN(d) {
			targets, deltas = append(targets, float64(r.Target)), append(deltas, d)
		}
	}
	if len(targets) < 2 {
		return math.NaN()
	}
	return intensity.Spearman(targets, deltas)
}
