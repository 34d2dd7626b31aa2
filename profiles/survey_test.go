package profiles

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestLettersThatNameNothing(t *testing.T) {
	for answer, want := range map[string]int{
		"The answer is a matter of taste": None, "Answer: A or B": None, "Answer: A. No, answer: B": None,
		"answer is b": 1, "**Answer:** C": 2, "[A]": 0, "AB": None, "None of these": None, "ä": None, "1": None,
		"Answer: E": None, "a": 0, "d: Not at all": 3, "The answer is (C).": 2, "Answer:\nB": 1, "The best answer is: (D)": 3,
	} {
		if got := Letter(answer, 4); got != want {
			t.Errorf("%q: %d, want %d", answer, got, want)
		}
	}
}

// survey are rows of questions that groups answer by a lean of their own, and what each group would say by its lean.
func survey(random *rand.Rand, questions, groups int, own float64) (rows []Row, said [][]int) {
	names := []string{"A", "B", "C", "D", "E", "F", "G", "H"}
	for q := range questions {
		common := []float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
		for g := range groups {
			gold, sum := make([]float64, 3), 0.
			for o := range gold {
				gold[o] = math.Exp(common[o] + own*random.NormFloat64())
				sum += gold[o]
			}
			best := 0
			for o := range gold {
				gold[o] /= sum
				if gold[o] > gold[best] {
					best = o
				}
			}
			rows = append(rows, Row{Category: names[g%4], Group: names[g], Question: string(rune('a'+q%26)) +
				string(rune('a'+q/26)), Gold: gold})
			if said = append(said, nil); len(said) > groups {
				said = said[:groups]
			}
			said[g] = append(said[g], best)
		}
	}
	return rows, said
}

// Spec, known-truth tests: shuffled group labels give no gain in accuracy. A reader of the right group's lean gains
// over one who goes by the question; a reader of another group's does not. That is how a gain is told from what a
// question gives away.
func TestShuffledGroupsGainNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 8))
	rows, said := survey(random, 150, 8, 1)
	default_ := make([]int, len(rows)) // what all groups together say
	for i := range rows {
		sums := make([]float64, 3)
		for _, r := range rows {
			if r.Question == rows[i].Question {
				for o, p := range r.Gold {
					sums[o] += p
				}
			}
		}
		for o := range sums {
			if sums[o] > sums[default_[i]] {
				default_[i] = o
			}
		}
	}
	gain := func(shift int) (float64, Interval) {
		predicted := make([]int, len(rows))
		for i := range rows {
			predicted[i] = said[(i%8+shift)%8][i/8]
		}
		s := NewSampled(rows, 400, 1)
		a, over := s.Difference(rows, Right(rows, predicted), Right(rows, default_))
		return a.Mean, over
	}
	if by, over := gain(0); by < .1 || over.Lo <= 0 {
		t.Errorf("the groups' own: %.3f %v", by, over)
	}
	for shift := 1; shift < 8; shift++ {
		if by, over := gain(shift); by > 0 || over.Lo > 0 {
			t.Errorf("groups shifted by %d: gain %.3f %v", shift, by, over)
		}
	}
}

// Accuracies and their draws by counting, without the package's sums.
func TestAccuracyByCounting(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 9))
	rows, _ := survey(random, 9, 6, 1)
	o := make(Outcomes, len(rows))
	for i := range o {
		if o[i] = float64(random.IntN(2)); random.IntN(6) == 0 {
			o[i] = math.NaN()
		}
	}
	a := o.Accuracy(rows)
	mean := 0.
	for _, category := range []string{"A", "B", "C", "D"} {
		right, n := 0., 0.
		for i, r := range rows {
			if r.Category == category && o[i] == o[i] {
				right, n = right+o[i], n+1
			}
		}
		if math.Abs(a.ByCategory[category]-right/n) > 1e-12 || a.Rows[category] != int(n) {
			t.Errorf("%s: %v of %d, want %v", category, a.ByCategory[category], a.Rows[category], right/n)
		}
		mean += right / n / 4
	}
	if math.Abs(a.Mean-mean) > 1e-12 {
		t.Errorf("mean %v, want %v", a.Mean, mean)
	}
	s := NewSampled(rows, 200, 4)
	over, by := s.Mean(o)
	if !(over.Lo < a.Mean && a.Mean < over.Hi) || !(by["A"].Lo <= a.ByCategory["A"] && a.ByCategory["A"] <= by["A"].Hi) {
		t.Errorf("mean %v within %v; A %v within %v", a.Mean, over, a.ByCategory["A"], by["A"])
	}
	if _, over := s.Difference(rows, o, o); over != (Interval{}) {
		t.Errorf("o less itself: %v", over)
	}
	// All groups of a question go together: outcomes that hang on the question alone are as unsure as six groups of one.
	whole := make(Outcomes, len(rows))
	for i := range rows {
		whole[i] = float64(i / 6 % 2)
	}
	if over, _ := s.Mean(whole); over.Hi-over.Lo < .5 {
		t.Errorf("nine questions are known to %v", over)
	}
}

func TestBaselines(t *testing.T) {
	rows := []Row{
		{"P", "P_a", "q", []float64{.6, .4}}, {"P", "P_b", "q", []float64{.2, .8}}, {"S", "S_c", "q", []float64{.5, .5}},
		{"S", "S_d", "r", []float64{.1, .2, .7}}, {"S", "S_e", "q", []float64{.2, .2, .6}},
	}
	if got := OtherGroups(rows); got[0] != 1 || got[1] != 0 || got[2] != 1 || got[3] != None || got[4] != None {
		t.Errorf("other groups: %v", got)
	}
	first, uniform := FirstOption(rows), Uniform(rows)
	if first[0] != 1 || first[1] != 0 || first[2] != 1 || uniform[2] != 1 || uniform[3] != 1./3 {
		t.Errorf("first %v, uniform %v", first, uniform)
	}
	kept := first.Discriminating(rows)
	if kept[0] != 1 || kept[1] != 0 || !math.IsNaN(kept[2]) || !math.IsNaN(kept[3]) {
		t.Errorf("discriminating: %v", kept)
	}
}
