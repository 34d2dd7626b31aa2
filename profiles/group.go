package profiles

import (
	"math"
	"slices"
)

// Question is one of a survey, as numbers: O options, V values, G groups. NaN is an intensity that is not there, nil in
// place of shares a group that was not asked.
type Question struct {
	Intensity  [][]float64 // [O][V], −10 to 10: how strongly the statement of an option supports a value
	Similarity [][]float64 // [O][V], −1 to 1: the cosine of that statement and the value
	Shares     [][]float64 // [G][O], sums 1
}

// Weighting says how similarities weigh intensities.
type Weighting string

// The weightings. A is the options of a question that have an intensity for the value, p their shares made to sum to 1,
// ω = max(0, similarity), Î = Σ p I and ω̄ = Σ p ω.
const (
	Outside      Weighting = "paper"         // mean over questions of ω̄ Î: the paper's formulas
	Inside       Weighting = "joint"         // mean over questions of Σ p ω I: its section 6.3
	WeightedMean Weighting = "weighted_mean" // Σ ω̄ Î / Σ ω̄, in units of intensity: compare values by this one
)

// Weightings are all of them.
var Weightings = []Weighting{Outside, Inside, WeightedMean}

// Terms are what each question says of each group and value, from which strengths and their intervals are made.
type Terms struct {
	values, groups int
	weighted       bool
	top, below     [][]float64 // [Q][G·V]: strengths are Σ top / Σ below; NaN where a question says nothing
}

// NewTerms looks at every question once. Panics where a question's lists are of unlike lengths.
func NewTerms(questions []Question, groups, values int, w Weighting) *Terms {
	return newTerms(questions, groups, values, w, false)
}

// newTerms with signed lets a negative cosine weigh: the twin of a published mistake, which turns signs.
func newTerms(questions []Question, groups, values int, w Weighting, signed bool) *Terms {
	t := &Terms{values: values, groups: groups, weighted: w == WeightedMean}
	for _, q := range questions {
		top, below := undefined(groups*values), undefined(groups*values)
		for g, shares := range q.Shares {
			for v := range values {
				said := q.says(shares, v, signed)
				at := g*values + v
				switch {
				case math.IsNaN(said.intensity):
				case w == Inside:
					top[at], below[at] = said.joint, 1
				case w == WeightedMean:
					top[at], below[at] = said.weight*said.intensity, said.weight
				default:
					top[at], below[at] = said.weight*said.intensity, 1
				}
			}
		}
		t.top, t.below = append(t.top, top), append(t.below, below)
	}
	return t
}

// saying is what a group's answers to one question say of a value; intensity is NaN where they say nothing.
type saying struct{ intensity, weight, joint float64 }

// says leaves out options without an intensity, and lets the shares of the others sum to 1. A group that chose only
// options that are left out has said nothing.
//
//	shares .5 .3 .2, intensities 4 − −2      p .71 .29, Î 2.29
func (q Question) says(shares []float64, value int, signed bool) saying {
	var s saying
	sum := 0.
	for o, share := range shares {
		if x := q.Intensity[o][value]; !math.IsNaN(x) {
			weight := q.Similarity[o][value]
			if !signed {
				weight = max(0, weight)
			}
			sum += share
			s.intensity += share * x
			s.weight += share * weight
			s.joint += share * weight * x
		}
	}
	if !(sum > 0) {
		return saying{math.NaN(), math.NaN(), math.NaN()}
	}
	return saying{s.intensity / sum, s.weight / sum, s.joint / sum}
}

// Strengths are those of all groups and values.
type Strengths struct {
	S [][]float64 // [G][V]; NaN where no question says anything
	N [][]int     // [G][V] questions that do
}

// Strengths are the point estimates: every question counts once.
func (t *Terms) Strengths() Strengths {
	once := slices.Repeat([]float64{1}, len(t.top))
	s := t.under(once)
	out := Strengths{S: table(s, t.values)}
	counts := make([]int, t.groups*t.values)
	for _, top := range t.top {
		for at, x := range top {
			if !math.IsNaN(x) {
				counts[at]++
			}
		}
	}
	for at := 0; at < len(counts); at += t.values {
		out.N = append(out.N, counts[at:at+t.values])
	}
	return out
}

// under are the strengths [G·V] with each question counted so often.
func (t *Terms) under(times []float64) []float64 {
	top, below := make([]float64, t.groups*t.values), make([]float64, t.groups*t.values)
	for q, n := range times {
		if n == 0 {
			continue
		}
		for at, x := range t.top[q] {
			if !math.IsNaN(x) {
				top[at] += n * x
				below[at] += n * t.below[q][at]
			}
		}
	}
	for at := range top {
		if below[at] > 0 {
			top[at] /= below[at]
		} else {
			top[at] = math.NaN()
		}
	}
	return top
}

// undefined are n numbers that are not there.
func undefined(n int) []float64 { return slices.Repeat([]float64{math.NaN()}, n) }

// table cuts a list into rows.
func table(x []float64, columns int) (rows [][]float64) {
	for row := range slices.Chunk(x, columns) {
		rows = append(rows, row)
	}
	return rows
}
