package intensity

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"hives/internal/fault"
)

// The bar below which vectors tell too little of a value to be believed: spec R14's.
const (
	LeastTold   = .1  // share of variance on groups that were not seen
	FewestTold  = 200 // texts
	foretoldFor = 5   // folds
)

// Foretold is what vectors tell of numbers, such as of the utilities of a pool's texts: a ridge, and how far it is off
// on groups that it has not seen. As a prior for another text it is a mean, by that text's vector, and a variance.
//
//	1,900 texts, SD of the numbers 1.6     R² .36: a new text is foretold ± 1.28 (.36 = 1 − 1.28²/1.6²)
//	                                       R² .02: refused; it would be the pool's mean ± 1.58, dressed up
type Foretold struct {
	Texts int
	R2    float64 // on unseen groups, weights and price of the ridge chosen without them
	SD    float64 // of what is left there
	Folds []int   // [N] of the rows

	parts  []*moments
	lambda float64
	known  map[string]*Ridge // by the folds left out
}

// Foretell fits numbers y [N] to vectors x [N][D]; groups say which rows are alike. It does not look at the bar: see
// Foretold.Trust.
func Foretell(random *rand.Rand, x [][]float64, y []float64, groups []string) (*Foretold, error) {
	if len(groups) != len(x) {
		return nil, fault.New(fault.Mismatch, "intensity: %d groups for %d vectors", len(groups), len(x))
	}
	folds, of := Deal(random, groups, foretoldFor)
	if len(of) < foretoldFor {
		return nil, fault.New(fault.Invalid, "intensity: the texts are of %d groups: want %d to leave some out", len(of),
			foretoldFor)
	}
	unseen, err := Unseen(x, y, folds)
	if err != nil {
		return nil, err
	}
	f := &Foretold{Texts: len(x), Folds: folds, known: map[string]*Ridge{}}
	var left float64
	for i := range y {
		left += (y[i] - unseen[i]) * (y[i] - unseen[i]) / float64(len(y))
	}
	f.SD = math.Sqrt(left)
	f.R2 = 1 - left/stat.PopVariance(y, nil)
	if f.parts, err = folded(x, y, folds); err != nil {
		return nil, err
	}
	f.lambda, err = choose(f.parts, -1, x, y, folds, Lambdas(len(x)))
	return f, err
}

// Trust is an error where the vectors tell too little: fewer than 200 texts, or an R² below .1.
func (f *Foretold) Trust() error {
	switch {
	case f.Texts < FewestTold:
		return fault.New(fault.Invalid, "intensity: %d scored texts: want %d to learn from vectors", f.Texts, FewestTold)
	case !(f.R2 >= LeastTold): // NaN where all numbers are one
		return fault.New(fault.Invalid, "intensity: the vectors tell %.3f of the variance on groups that they have not seen "+
			"(R²): want %v at least", f.R2, LeastTold)
	}
	return nil
}

// Predict is the number that a vector lets expect, by the rows of all folds but those that are held out. A text of the
// rows, or of a group of theirs, holds out its own fold: nobody is foretold by himself.
func (f *Foretold) Predict(x []float64, held ...int) (float64, error) {
	if len(x) != len(f.parts[0].x) {
		return 0, fault.New(fault.Mismatch, "intensity: a vector of %d numbers for a ridge of %d", len(x), len(f.parts[0].x))
	}
	slices.Sort(held)
	held = slices.Compact(held)
	if len(held) == len(f.parts) {
		return 0, fault.New(fault.Invalid, "intensity: every fold is held out, none is left to foretell by")
	}
	name := ""
	for _, fold := range held {
		name += string(rune('0' + fold))
	}
	r, ok := f.known[name]
	if !ok {
		var err error
		if r, err = without(f.parts, held...).solve(f.lambda); err != nil {
			return 0, err
		}
		f.known[name] = r
	}
	return r.Predict(x), nil
}

// Deal deals groups to folds at random, one after another, so that folds are as equal as groups allow; of has the rows
// of each group. Why groups? Texts that were written about one situation share words and a score. With one of them on
// each side a system that knows situations by heart would look as if it knew values.
func Deal(random *rand.Rand, groups []string, n int) (folds []int, of [][]int) {
	place := map[string]int{}
	for i, g := range groups {
		at, known := place[g]
		if !known {
			at = len(of)
			place[g], of = at, append(of, nil)
		}
		of[at] = append(of[at], i)
	}
	folds = make([]int, len(groups))
	for turn, at := range random.Perm(len(of)) {
		for _, i := range of[at] {
			folds[i] = turn % n
		}
	}
	return folds, of
}
