package profiles

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// LeastQuestions is the fewest questions that an interval is given for: what fewer vary by, nobody knows.
const LeastQuestions = 5

// Interval is one of 95 %; both ends are NaN where there is none.
type Interval struct{ Lo, Hi float64 }

// Known tells whether there is an interval.
func (i Interval) Known() bool { return !math.IsNaN(i.Lo) && !math.IsNaN(i.Hi) }

// Effect tells whether the interval leaves out 0. One that is not known has no effect.
func (i Interval) Effect() bool { return i.Lo > 0 || i.Hi < 0 }

// Doubt is how far strengths move when other questions are drawn.
type Doubt struct {
	Strength [][]Interval // [G][V]
	// Apart is each group's strength less the mean of the other groups', and its interval. A strength alone says much of
	// the questions: one that everybody answers in the same way makes all groups strong. Apart says what is the group's.
	Apart         [][]float64
	ApartInterval [][]Interval
}

// Doubt takes the questions of a survey for a draw from all that might have been asked. A question's pull on a strength
// is how far the strength moves if that question counts a little more; the standard error is the root of the sum of all
// squared pulls, the interval Student's. All groups' answers to a question are one draw, so a difference between groups
// rests on the differences of their pulls: what an odd question does to all of them cancels.
//
//	strength 2 of questions 1, 2, 3      pulls −1/3, 0, 1/3
//
// Why no bootstrap? In trials with groups that answered at random (50 questions, 3,600 intervals) percentiles found an
// effect in 5.4 % and studentised draws in 5.8 to 7.6 %, these intervals in 4.2 to 4.9 %: products of shares,
// intensities and cosines have long tails.
func (t *Terms) Doubt() Doubt {
	n := t.groups * t.values
	once := slices.Repeat([]float64{1}, len(t.top))
	s := t.under(once)
	away := t.apart(s)
	own, apart := make([]float64, n), make([]float64, n) // squared pulls
	for _, pulls := range t.pulls(s) {
		gap := t.apart(pulls)
		for at, x := range pulls {
			own[at] += x * x
			apart[at] += gap[at] * gap[at]
		}
	}
	d := Doubt{Apart: table(away, t.values)}
	for g, counts := range t.Strengths().N {
		d.Strength, d.ApartInterval = append(d.Strength, nil), append(d.ApartInterval, nil)
		for v, questions := range counts {
			at := g*t.values + v
			d.Strength[g] = append(d.Strength[g], student(s[at], own[at], questions))
			d.ApartInterval[g] = append(d.ApartInterval[g], student(away[at], apart[at], questions))
		}
	}
	return d
}

// pulls are those of each question, [Q][G·V]: (top − S below)/Σ below. A group that a question says nothing of is not
// pulled; a strength that is not there stays NaN.
func (t *Terms) pulls(s []float64) [][]float64 {
	all := make([]float64, len(s))
	for _, below := range t.below {
		for at, x := range below {
			if !math.IsNaN(x) {
				all[at] += x
			}
		}
	}
	out := make([][]float64, len(t.top))
	for q := range out {
		out[q] = make([]float64, len(s))
		for at, x := range t.top[q] {
			switch {
			case math.IsNaN(s[at]):
				out[q][at] = math.NaN()
			case !math.IsNaN(x):
				out[q][at] = (x - s[at]*t.below[q][at]) / all[at]
			}
		}
	}
	return out
}

// student is Student's interval of a mean of n questions by the sum of its squared pulls.
func student(mean, squares float64, n int) Interval {
	if n < LeastQuestions || math.IsNaN(mean) {
		return Interval{math.NaN(), math.NaN()}
	}
	size := float64(n)
	half := distuv.StudentsT{Sigma: 1, Nu: size - 1}.Quantile(.975) * math.Sqrt(squares*size/(size-1))
	return Interval{mean - half, mean + half}
}

// apart is each group's strength less the mean of the others'; NaN where there is no other.
func (t *Terms) apart(s []float64) []float64 {
	out := undefined(len(s))
	for v := range t.values {
		sum, n := 0., 0.
		for g := range t.groups {
			if x := s[g*t.values+v]; !math.IsNaN(x) {
				sum, n = sum+x, n+1
			}
		}
		for g := range t.groups {
			if x := s[g*t.values+v]; !math.IsNaN(x) && n > 1 {
				out[g*t.values+v] = x - (sum-x)/(n-1)
			}
		}
	}
	return out
}
