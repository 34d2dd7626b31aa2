package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainAUC compares every pair, with weights by group (nil: one each).
func plainAUC(s *Sided, weight map[int32]float64) float64 {
	of := func(i int) float64 {
		if weight == nil {
			return 1
		}
		return weight[s.Group[i]]
	}
	var right, pairs float64
	for i := range s.Scores {
		for j := range s.Scores {
			if !s.Positive[i] || s.Positive[j] || s.Stratum[i] != s.Stratum[j] {
				continue
			}
			w := of(i) * of(j)
			pairs += w
			switch {
			case s.Scores[i] > s.Scores[j]:
				right += w
			case s.Scores[i] == s.Scores[j]:
				right += w / 2
			}
		}
	}
	return right / pairs
}

// someSided has ties, two strata far apart, and groups of about three items.
func someSided(n int, seed uint64) *Sided {
	random := rand.New(rand.NewPCG(seed, 1))
	s := &Sided{}
	for range n {
		stratum, positive := int32(random.IntN(2)), random.IntN(3) == 0
		score := math.Round(4*random.NormFloat64())/4 + 50*float64(stratum)
		if positive {
			score += .5
		}
		s.Add(score, positive, stratum, 7*int32(random.IntN(n/3)))
	}
	return s
}

func TestAUCIsTheShareOfRightPairs(t *testing.T) {
	const seed, draws = 3, 60
	s := someSided(150, seed)
	got := s.AUC(draws, seed)
	if want := plainAUC(s, nil); math.Abs(got.Value-want) > 1e-12 {
		t.Errorf("AUC %v, want %v", got.Value, want)
	}
	var groups []int32
	for _, g := range s.Group {
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	var found []float64
	for k := range draws {
		weight := map[int32]float64{}
		for g, w := range Draw(len(groups), k, seed) {
			weight[groups[g]] = w
		}
		found = append(found, plainAUC(s, weight))
	}
	if want := percentiles(found); math.Abs(got.Low-want.Low) > 1e-12 || math.Abs(got.High-want.High) > 1e-12 {
		t.Errorf("interval %v, want %v", got.Interval, want)
	}
	if got.Groups != len(groups) || got.Positives+got.Negatives != 150 || got.Positives == 0 {
		t.Errorf("%+v, want %d groups of 150 items", got, len(groups))
	}
	// Without strata the 50 between them would decide: the test would not see a missing stratum otherwise.
	pooled := &Sided{Scores: s.Scores, Positive: s.Positive, Stratum: make([]int32, 150), Group: s.Group}
	if x := pooled.AUC(0, seed).Value; math.Abs(x-got.Value) < .01 {
		t.Errorf("strata change nothing (%v)", x)
	}
}

func TestAUCHasNoFigureWithoutPairs(t *testing.T) {
	for name, build := range map[string]func(*Sided){
		"nothing":                       func(*Sided) {},
		"one side":                      func(s *Sided) { s.Add(1, true, 0, 0); s.Add(2, true, 0, 1) },
		"two sides in different strata": func(s *Sided) { s.Add(1, true, 0, 0); s.Add(2, false, 1, 1) },
	} {
		s := &Sided{}
		build(s)
		if a := s.AUC(10, 1); !math.IsNaN(a.Value) || a.Known() || a.Positives+a.Negatives > 0 {
			t.Errorf("%s: %+v", name, a)
		}
	}
	few := &Sided{}
	for i := range int32(8) {
		few.Add(float64(i), i > 3, 0, i%4)
	}
	if a := few.AUC(10, 1); a.Value != 1 || a.Known() {
		t.Errorf("four groups: %+v, want a figure without an interval", a)
	}
}

func TestGroupMean(t *testing.T) {
	const draws, seed = 50, 2
	s := someSided(60, seed)
	mean, interval := GroupMean(s.Scores, s.Group, draws, seed)
	var groups []int32
	var sum float64
	for i, g := range s.Group {
		sum += s.Scores[i]
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	var found []float64
	for k := range draws {
		var top, bottom float64
		for at, w := range Draw(len(groups), k, seed) {
			for i, g := range s.Group {
				if g == groups[at] {
					top += w * s.Scores[i]
					bottom += w
				}
			}
		}
		found = append(found, top/bottom)
	}
	want := percentiles(found)
	if math.Abs(mean-sum/60) > 1e-12 || math.Abs(interval.Low-want.Low) > 1e-12 ||
		math.Abs(interval.High-want.High) > 1e-12 {
		t.Errorf("%v %v, want %v %v", mean, interval, sum/60, want)
	}
	if _, few := GroupMean([]float64{1, 2, 3}, []int32{0, 1, 2}, draws, seed); few.Known() {
		t.Errorf("three groups have the interval %v", few)
	}
}
