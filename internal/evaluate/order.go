package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"hives/intensity"
	"hives/internal/figure"
	"hives/ranking"
	"hives/vidb"
)

const (
	mostPairs  = 20000 // whose order is looked at: the error of a share of so many is .004
	shownTexts = 20
)

// peoplePairs are pairs that people graded unlike, the higher first, by places in kept; of many a sample. Both texts
// are of one corpus: where one corpus has the opposing texts, whoever tells its style would put most pairs right. And
// both are of one fold, so that one fit has told them. The mean of four folds is the lower the higher the fifth is:
// between folds a system that knows nothing else was seen to put 43 % of the pairs right, where it must have 50.
func peoplePairs(v *vidb.Value, kept, folds []int, seed uint64) (pairs [][2]int) {
	for a := range kept {
		for b := range a {
			if v.Texts[kept[a]].Corpus != v.Texts[kept[b]].Corpus || folds[a] != folds[b] {
				continue
			}
			switch v.PeopleOrder(kept[a], kept[b]) {
			case 1:
				pairs = append(pairs, [2]int{a, b})
			case -1:
				pairs = append(pairs, [2]int{b, a})
			}
		}
	}
	if len(pairs) > mostPairs {
		random := ranking.Stream("intensity pairs", seed, v.ValueID)
		random.Shuffle(len(pairs), func(a, b int) { pairs[a], pairs[b] = pairs[b], pairs[a] })
		pairs = pairs[:mostPairs]
	}
	return pairs
}

// ordered fills in the share of pairs that predictions put into people's order; equal ones count ½. The interval draws
// groups anew: a pair counts as often as both its groups are drawn.
func (s *IntensityOf) ordered(predicted []float64, pairs [][2]int, of [][]int, seed uint64) {
	group := make([]int, len(predicted))
	for g, members := range of {
		for _, i := range members {
			group[i] = g
		}
	}
	share := func(count []float64) float64 {
		var right, all float64
		for _, p := range pairs {
			w := 1.
			if count != nil {
				w = count[group[p[0]]] * count[group[p[1]]]
			}
			all += w
			switch d := predicted[p[0]] - predicted[p[1]]; {
			case d > 0:
				right += w
			case d == 0:
				right += w / 2
			}
		}
		return right / all // 0/0 is NaN
	}
	s.Order = figure.Number(share(nil))
	var draws []float64
	for _, counts := range ranking.Resample(seed, r2Draws, len(of)) {
		if x := share(counts); !math.IsNaN(x) {
			draws = append(draws, x)
		}
	}
	s.OrderLo, s.OrderHi = figure.Number(math.NaN()), figure.Number(math.NaN())
	if len(draws) > 0 {
		slices.Sort(draws)
		s.OrderLo = figure.Number(ranking.Quantile(draws, .025))
		s.OrderHi = figure.Number(ranking.Quantile(draws, .975))
	}
}

// order is two cells of a table; dashes where people graded no two texts of a corpus unlike.
func (s *IntensityOf) order() string {
	if !s.Order.Known() {
		return "–\t–"
	}
	return fmt.Sprintf("%.3f\t%.3f – %.3f", s.Order, s.OrderLo, s.OrderHi)
}

// IntensityText is one text, what the database says of it, and what the first system predicted without having seen its
// group.
type IntensityText struct {
	Text, Corpus string
	People       float64 // mean grade of people; NaN where nobody was asked
	Score        float64 // of the database
	Told         float64 // by the system
	Lo, Hi       float64 // as far as 95 % of all its predictions are off, cut at ±10
}

// show chooses texts evenly along the scale: of 20 the one below which 2.5 % of the scores lie, 7.5 %, and so on. How
// well they are told has no part in it.
func (out *ValueIntensity) show(v *vidb.Value, kept []int, predicted []float64) {
	places, off := make([]int, len(kept)), make([]float64, len(kept))
	for at, i := range kept {
		places[at], off[at] = at, math.Abs(v.Scores[i].Final-predicted[at])
	}
	slices.Sort(off)
	out.Within = ranking.Quantile(off, .95)
	slices.SortStableFunc(places, func(a, b int) int {
		return cmp.Compare(v.Scores[kept[b]].Final, v.Scores[kept[a]].Final)
	})
	n := min(shownTexts, len(places))
	for k := range n {
		at := places[(2*k+1)*len(places)/(2*n)]
		text := v.Texts[kept[at]]
		out.Shown = append(out.Shown, IntensityText{Text: text.Text, Corpus: text.Corpus, People: text.People.Mean(),
			Score: v.Scores[kept[at]].Final, Told: within(predicted[at]), Lo: within(predicted[at] - out.Within),
			Hi: within(predicted[at] + out.Within)})
	}
}

// within cuts a score at the ends of the scale.
func within(x float64) float64 { return max(-intensity.Limit, min(intensity.Limit, x)) }
