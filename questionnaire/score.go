package questionnaire

import (
	"math"
	"slices"
)

// Inventory is which item belongs to which scale, and which scales belong together.
type Inventory struct {
	Scale  []string            // of each item
	Groups map[string][]string // scales by the name of a group; a scale may be in several groups, or in none
}

// Reasons for which a respondent is left out.
const (
	TooFew     = "missing"     // more than MostMissing of the items have no answer
	SameAnswer = "same_answer" // one answer was given to MostAlike of the items or more
)

// Bounds of a respondent who counts.
const (
	MostMissing = .3
	MostAlike   = .8
)

// Scores are those of one respondent.
type Scores struct {
	Mean    float64            // of all answered items
	Scales  map[string]float64 // mean of each scale's answered items
	Centred map[string]float64 // the same less Mean
	Groups  map[string]float64 // mean of all answered items of a group, less Mean
	Dropped string             // why the respondent is left out; "" of one that counts
}

// Score takes answers, one an item, NaN where one is missing. Centred scores are what is compared between respondents:
// one uses the upper half of a scale and another the lower, and both may hold the same values.
//
// A group's mean is over its items, not over its scales, so a scale of which an answer is missing weighs less in it.
// Panics if there are not as many answers as items.
func (v *Inventory) Score(answers []float64) Scores {
	if len(answers) != len(v.Scale) {
		panic("questionnaire: answers and items of two lengths")
	}
	s := Scores{Scales: map[string]float64{}, Centred: map[string]float64{}, Groups: map[string]float64{}}
	s.Mean = v.mean(answers, func(string) bool { return true })
	for _, scale := range v.Scale {
		if _, done := s.Scales[scale]; !done {
			s.Scales[scale] = v.mean(answers, func(of string) bool { return of == scale })
			s.Centred[scale] = s.Scales[scale] - s.Mean
		}
	}
	for name, scales := range v.Groups {
		s.Groups[name] = v.mean(answers, func(of string) bool { return slices.Contains(scales, of) }) - s.Mean
	}
	s.Dropped = dropped(answers)
	return s
}

// mean of the answered items of some scales, NaN without any.
func (v *Inventory) mean(answers []float64, of func(scale string) bool) float64 {
	sum, n := 0., 0.
	for i, x := range answers {
		if !math.IsNaN(x) && of(v.Scale[i]) {
			sum, n = sum+x, n+1
		}
	}
	return sum / n
}

// dropped looks for a respondent who says nothing: too few answers, or nearly always the same one.
func dropped(answers []float64) string {
	counts, missing := map[float64]int{}, 0
	for _, x := range answers {
		if math.IsNaN(x) {
			missing++
		} else {
			counts[x]++
		}
	}
	all := float64(len(answers))
	if float64(missing) > MostMissing*all {
		return TooFew
	}
	for _, n := range counts {
		if float64(n) >= MostAlike*all {
			return SameAnswer
		}
	}
	return ""
}
