package profiles

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Row is one group's answers to one question.
type Row struct {
	Category string    // what the group is one of: POLPARTY
	Group    string    // POLPARTY_Democrat
	Question string    // its id
	Gold     []float64 // shares of the options
}

// tie is how far a share may lie below the largest and still be one of the most probable. Of 4,475 published rows 1.2 %
// have two such options.
const tie = 1e-12

// Most tells whether an option is one of the group's most probable; None is not.
func (r Row) Most(option int) bool {
	return option >= 0 && option < len(r.Gold) && r.Gold[option] >= slices.Max(r.Gold)-tie
}

// Outcomes are how right each of N rows is, from 0 to 1; NaN leaves a row out.
type Outcomes []float64

// Right are the outcomes of predicted options; None is wrong.
func Right(rows []Row, predicted []int) Outcomes {
	out := make(Outcomes, len(rows))
	for i, r := range rows {
		if r.Most(predicted[i]) {
			out[i] = 1
		}
	}
	return out
}

// FirstOption is what one is right by who always takes the first option.
func FirstOption(rows []Row) Outcomes { return Right(rows, make([]int, len(rows))) }

// Uniform is what one is right by on average who takes any option.
func Uniform(rows []Row) Outcomes {
	out := make(Outcomes, len(rows))
	for i, r := range rows {
		for o := range r.Gold {
			if r.Most(o) {
				out[i] += 1 / float64(len(r.Gold))
			}
		}
	}
	return out
}

// OtherGroups predicts each row by the mean shares of the other rows of its question, the first of equal ones; None
// where there is no other. What this is right by, a question gives away without anything being known of the group.
// Rows with another number of options are no others.
func OtherGroups(rows []Row) []int {
	type key struct {
		question string
		options  int
	}
	sums, counts := map[key][]float64{}, map[key]int{}
	for _, r := range rows {
		k := key{r.Question, len(r.Gold)}
		if sums[k] == nil {
			sums[k] = make([]float64, len(r.Gold))
		}
		floats.Add(sums[k], r.Gold)
		counts[k]++
	}
	out := make([]int, len(rows))
	for i, r := range rows {
		k := key{r.Question, len(r.Gold)}
		if out[i] = None; counts[k] > 1 {
			rest := slices.Clone(sums[k])
			floats.Sub(rest, r.Gold)
			// Shares that are equal but for the rounding of the sum are equal: the first of them is meant.
			most := slices.Max(rest)
			out[i] = slices.IndexFunc(rest, func(x float64) bool { return x >= most-tie })
		}
	}
	return out
}

// Where keeps the outcomes of the rows that keep accepts and leaves out the others.
func (o Outcomes) Where(keep func(i int) bool) Outcomes {
	out := slices.Clone(o)
	for i := range out {
		if !keep(i) {
			out[i] = math.NaN()
		}
	}
	return out
}

// Discriminating keeps the rows on which the group differs from the others: OtherGroups predicts something, and is
// wrong. Only there does a profile have something to add.
func (o Outcomes) Discriminating(rows []Row) Outcomes {
	others := OtherGroups(rows)
	return o.Where(func(i int) bool { return others[i] != None && !rows[i].Most(others[i]) })
}

// Accuracy sums outcomes up.
type Accuracy struct {
	ByCategory map[string]float64 // mean over the rows of a category; none is there without a row
	Rows       map[string]int
	Mean       float64 // of the categories: each counts once, however many groups it has
	Micro      float64 // of the rows
	N          int     // rows
}

// Accuracy counts every row once.
func (o Outcomes) Accuracy(rows []Row) Accuracy {
	a := Accuracy{ByCategory: map[string]float64{}, Rows: map[string]int{}}
	sum := 0.
	for i, r := range rows {
		if !math.IsNaN(o[i]) {
			a.ByCategory[r.Category] += o[i]
			a.Rows[r.Category]++
			sum += o[i]
			a.N++
		}
	}
	for category, n := range a.Rows {
		a.ByCategory[category] /= float64(n)
	}
	a.Micro = sum / float64(a.N) // 0/0 is NaN
	a.Mean = math.NaN()
	if a.N > 0 {
		a.Mean = 0
		for _, category := range categories(rows) {
			if a.Rows[category] > 0 {
				a.Mean += a.ByCategory[category] / float64(len(a.Rows))
			}
		}
	}
	return a
}

// categories in the order of their names, so that sums are always made in one order.
func categories(rows []Row) (names []string) {
	for _, r := range rows {
		names = append(names, r.Category)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
