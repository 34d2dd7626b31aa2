package profiles

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"hives/ranking"
)

// Sampled draws the questions of rows anew, all groups' answers to a question together: groups that answer one question
// err together.
type Sampled struct {
	category, question []int // of each row
	categories         []string
	questions          int
	times              [][]float64 // [B][questions]
}

// NewSampled makes the draws; equal rows, draws and seed make equal ones.
func NewSampled(rows []Row, draws int, seed uint64) *Sampled {
	s := &Sampled{categories: categories(rows)}
	number := map[string]int{}
	for _, r := range rows {
		at, seen := number[r.Question]
		if !seen {
			at = len(number)
			number[r.Question] = at
		}
		c, _ := slices.BinarySearch(s.categories, r.Category)
		s.question, s.category = append(s.question, at), append(s.category, c)
	}
	s.questions = len(number)
	s.times = ranking.Resample(seed, draws, s.questions)
	return s
}

// Mean is the interval of Accuracy.Mean, and ByCategory those of each category by name.
func (s *Sampled) Mean(o Outcomes) (Interval, map[string]Interval) {
	draws := make([][]float64, len(s.categories)+1) // the last is the mean of all
	for _, times := range s.times {
		by := s.under(o, times)
		mean, n := 0., 0.
		for c, x := range by {
			if !math.IsNaN(x) {
				draws[c] = append(draws[c], x)
				mean, n = mean+x, n+1
			}
		}
		if n > 0 {
			draws[len(by)] = append(draws[len(by)], mean/n)
		}
	}
	by := map[string]Interval{}
	for c, name := range s.categories {
		by[name] = percentiles(draws[c], s.asked(o, c))
	}
	return percentiles(draws[len(s.categories)], s.asked(o, None)), by
}

// under are the categories' means with each question counted so often; NaN of one that a draw leaves empty.
func (s *Sampled) under(o Outcomes, times []float64) []float64 {
	sum, n := make([]float64, len(s.categories)), make([]float64, len(s.categories))
	for i, x := range o {
		if !math.IsNaN(x) {
			sum[s.category[i]] += times[s.question[i]] * x
			n[s.category[i]] += times[s.question[i]]
		}
	}
	for c := range sum {
		sum[c] /= n[c]
	}
	return sum
}

// asked counts the questions that a category's outcomes are of; None counts those of all.
func (s *Sampled) asked(o Outcomes, category int) int {
	seen := map[int]bool{}
	for i, x := range o {
		if !math.IsNaN(x) && (category == None || s.category[i] == category) {
			seen[s.question[i]] = true
		}
	}
	return len(seen)
}

// Difference is how much more right a is than b, over the rows that have both outcomes, and its interval. The draws are
// the same for both, so what an odd draw does to both of them cancels.
func (s *Sampled) Difference(rows []Row, a, b Outcomes) (Accuracy, Interval) {
	gain := make(Outcomes, len(a))
	for i := range gain {
		gain[i] = a[i] - b[i] // NaN where either is
	}
	over, _ := s.Mean(gain)
	return gain.Accuracy(rows), over
}

// percentiles is the expanded percentile interval of draws of a mean of n questions. Plain percentiles are too narrow
// for few: the draws have the variance (n − 1)/n of what they stand for, and normal tails where Student's are due. So
// the places move outwards, to Φ(∓ √(n/(n−1)) t):
//
//	n 1000    2.5 % and 97.5 %
//	n 50      2.1 % and 97.9 %
//	n 10      .9 % and 99.1 %
func percentiles(draws []float64, n int) Interval {
	if n < LeastQuestions || len(draws) == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	slices.Sort(draws)
	size := float64(n)
	t := distuv.StudentsT{Sigma: 1, Nu: size - 1}.Quantile(.025)
	tail := distuv.UnitNormal.CDF(math.Sqrt(size/(size-1)) * t)
	return Interval{ranking.Quantile(draws, tail), ranking.Quantile(draws, 1-tail)}
}
