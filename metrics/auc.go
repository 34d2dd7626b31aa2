package metrics

import (
	"cmp"
	"math"
	"slices"
)

// AUC is how well scores tell two sides apart: the share of pairs, one item of each side, in which the positive
// item's score is the higher; a tie is half right. .5 is chance, below it the sides are the wrong way round.
type AUC struct {
	Value     float64 // NaN without a pair
	Interval          // bootstrap over groups; NaN with fewer than five groups
	Positives int     // items of the two sides that make pairs
	Negatives int
	Groups    int // of all items
}

// Sided are N scored items of two sides. Only items of one stratum make pairs, so that what tells strata apart
// counts for nothing: with corpora as strata this is the AUC within corpora, pooled over their pairs.
//
// The four slices are one row an item. Group is what is drawn anew for the interval, and may cut across strata.
type Sided struct {
	Scores   []float64
	Positive []bool
	Stratum  []int32
	Group    []int32
}

// Add appends one item. Items come in any order; the figure does not depend on it.
func (s *Sided) Add(score float64, positive bool, stratum, group int32) {
	s.Scores, s.Positive = append(s.Scores, score), append(s.Positive, positive)
	s.Stratum, s.Group = append(s.Stratum, stratum), append(s.Group, group)
}

// AUC takes draws resamples of the items' groups for the interval, a function of the seed alone. O(N log N) once
// and O(N) a draw.
//
// The items are sorted once; a draw only changes their weights, which leaves the order as it is. Each draw is
// recomputed in full rather than to first order (bootstrap.go), since a pass is cheap here.
func (s *Sided) AUC(draws int, seed uint64) AUC {
	order := make([]int, len(s.Scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.Stratum[a], s.Stratum[b]), cmp.Compare(s.Scores[a], s.Scores[b]))
	})
	group, groups := compact(s.Group)
	out := AUC{Value: s.under(order, nil), Interval: Interval{math.NaN(), math.NaN()}, Groups: groups}
	out.Positives, out.Negatives = s.paired()
	if math.IsNaN(out.Value) || groups < minGroups || draws == 0 {
		return out
	}
	// A draw may leave a side without items. It has no figure then, and is left out rather than counted as chance.
	var found []float64
	weights := make([]float64, len(s.Scores))
	for k := range draws {
		drawn := Draw(groups, k, seed)
		for i, g := range group {
			weights[i] = drawn[g]
		}
		if x := s.under(order, weights); !math.IsNaN(x) {
			found = append(found, x)
		}
	}
	if len(found) > 0 {
		out.Interval = percentiles(found)
	}
	return out
}

// paired counts the items of strata that have both sides. Of two corpora, one with 5 and 7, the other with 9 and
// 0, they are 5 and 7: the nine make no pair and say nothing.
func (s *Sided) paired() (positives, negatives int) {
	by := map[int32][2]int{}
	for i, stratum := range s.Stratum {
		n := by[stratum]
		if s.Positive[i] {
			n[1]++
		} else {
			n[0]++
		}
		by[stratum] = n
	}
	for _, n := range by {
		if n[0] > 0 && n[1] > 0 {
			positives += n[1]
			negatives += n[0]
		}
	}
	return positives, negatives
}

// under goes once through the items, sorted by stratum and score, with weights[i] on item i (nil: one each). It
// counts, for each positive item, the negative weight below it in its stratum.
//
//	score   .1  .4  .4  .7       side   −  +  −  +
//
// The positive of .4 has one negative below and ties with one: 1½. That of .7 has two below. 3½ of 4 pairs: .875.
func (s *Sided) under(order []int, weights []float64) float64 {
	var right, pairs float64
	for lo, hi := 0, 0; lo < len(order); lo = hi {
		var below, positives, negatives float64
		for hi = lo; hi < len(order) && s.Stratum[order[hi]] == s.Stratum[order[lo]]; {
			var tied [2]float64 // weight of negative and positive items with one score
			at := s.Scores[order[hi]]
			for ; hi < len(order) && s.Stratum[order[hi]] == s.Stratum[order[lo]] && s.Scores[order[hi]] == at; hi++ {
				w := 1.0
				if weights != nil {
					w = weights[order[hi]]
				}
				if s.Positive[order[hi]] {
					tied[1] += w
				} else {
					tied[0] += w
				}
			}
			right += tied[1] * (below + tied[0]/2)
			below += tied[0]
			positives, negatives = positives+tied[1], negatives+tied[0]
		}
		pairs += positives * negatives
	}
	if pairs == 0 {
		return math.NaN()
	}
	return right / pairs
}

// compact numbers ids from 0 in order of appearance, and says how many there are: a draw has one weight a number.
//
//	groups 7 7 2 7     0 0 1 0, two of them
func compact(ids []int32) ([]int, int) {
	place := map[int32]int{}
	out := make([]int, len(ids))
	for i, id := range ids {
		at, ok := place[id]
		if !ok {
			at = len(place)
			place[id] = at
		}
		out[i] = at
	}
	return out, len(place)
}

// GroupMean is the mean of numbers with its interval: the groups are drawn anew, so both the sum and the count of
// a draw vary. Items of one group are not independent; drawing items would give intervals that are too narrow.
func GroupMean(x []float64, group []int32, draws int, seed uint64) (float64, Interval) {
	at, groups := compact(group)
	sums, counts := make([]float64, groups), make([]float64, groups)
	var sum float64
	for i, g := range at {
		sums[g] += x[i]
		counts[g]++
		sum += x[i]
	}
	mean, none := sum/float64(len(x)), Interval{math.NaN(), math.NaN()}
	if groups < minGroups || draws == 0 {
		return mean, none
	}
	found := make([]float64, draws)
	for k := range found {
		var top, bottom float64
		for g, w := range Draw(groups, k, seed) {
			top += w * sums[g]
			bottom += w * counts[g]
		}
		found[k] = top / bottom // every group has an item, and a draw takes a group
	}
	return mean, percentiles(found)
}
