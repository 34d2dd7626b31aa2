package metrics

import (
	"math"
	"slices"

	"hives/data"
)

// nearest is the first k admitted items from the near end of the order: nearest first, and of equal cosines the lower
// item first.
func (x *seen) nearest(rel []Relation, need Relation, k int) []int32 {
	out := make([]int32, 0, k)
	run, before := int32(-1), 0
	for at := len(x.order.sorted) - 1; at >= 0; at-- {
		p := &x.order.sorted[at]
		if p.run != run {
			if len(out) == k {
				break
			}
			run, before = p.run, len(out) // those that there are, are nearer and stay
		}
		for _, cell := range x.l.ofVector[p.vector] {
			if x.count[cell] == 0 || !rel[x.l.class[cell]].admits(need) {
				continue
			}
			for _, i := range x.l.items[cell] {
				if len(out) == k && i > out[k-1] {
					break // so is the rest of the cell
				}
				if !slices.Contains(x.own, i) {
					out = insert(out, before, i, k)
				}
			}
		}
	}
	return out
}

// insert puts i in its place among the ascending items from `before` on, of which k in all are kept.
func insert(items []int32, before int, i int32, k int) []int32 {
	at, _ := slices.BinarySearch(items[before:], i)
	items = slices.Insert(items, before+at, i)
	return items[:min(k, len(items))]
}

// NearestIn returns for every row of queries its nearest row of bank by cosine, the lower of equals. Both lists
// hold row numbers of v; the answer does, too.
func NearestIn(v *Vectors, bank, queries []int) []int {
	out := make([]int, len(queries))
	for at, i := range queries {
		best := math.Inf(-1)
		for _, j := range bank {
			if c := v.Cosine(i, j); c > best {
				best, out[at] = c, j
			}
		}
	}
	return out
}

// LabelAccuracy is the share of rows whose label the vote of their neighbours gives. LevelRows and Rows say how
// many rows a share is of: at level 3 they may be few.
type LabelAccuracy struct {
	Levels    [3]float64
	Direction float64
	LevelRows [3]int // rows counted at each level
	Rows      int    // rows counted for the direction
}

// Agreement lets the first k neighbours[i] of row i vote on its levels and direction; of labels with equal votes
// the nearer neighbour's wins. With presentOnly, rows whose level is missing do not count at that level and rows
// whose direction nobody judged do not count for direction; otherwise missing equals missing. Rows without
// neighbours are left out.
//
// A row of care whose neighbours, nearest first, are care, duty, duty is wrong for k = 3 and right for k = 1 and
// 2: at one vote each the nearer wins.
func Agreement(l *data.Labels, rows []int, neighbours [][]int32, k int, presentOnly bool) LabelAccuracy {
	var right [4]int
	var counted [4]int
	for at, i := range rows {
		if len(neighbours[at]) == 0 {
			continue
		}
		voters := neighbours[at][:min(k, len(neighbours[at]))]
		for column := range 4 {
			if presentOnly && !present(l, i, column) {
				continue
			}
			counted[column]++
			if vote(l, voters, column) == label(l, i, column) {
				right[column]++
			}
		}
	}
	share := func(c int) float64 { return float64(right[c]) / float64(counted[c]) }
	return LabelAccuracy{
		Levels: [3]float64{share(0), share(1), share(2)}, Direction: share(3),
		LevelRows: [3]int{counted[0], counted[1], counted[2]}, Rows: counted[3],
	}
}

// label returns level column of row i, or its direction for column 3: four elections by one rule.
func label(l *data.Labels, i, column int) int32 {
	if column == 3 {
		return l.Direction[i]
	}
	return l.Levels[i][column]
}

// present tells whether the column says anything of row i. A direction of 0 that nobody judged says nothing; one that
// was judged is an answer.
func present(l *data.Labels, i, column int) bool {
	if column == 3 {
		return l.Judged[i]
	}
	return l.Levels[i][column] != data.Missing
}

// vote counts the labels of voters, who stand nearest first. Only more votes replace a winner, so of labels with
// equal votes the one whose first voter is nearer stays.
func vote(l *data.Labels, voters []int32, column int) int32 {
	winner, most := int32(0), 0
	for _, v := range voters {
		mine, votes := label(l, int(v), column), 0
		for _, w := range voters {
			if label(l, int(w), column) == mine {
				votes++
			}
		}
		if votes > most {
			winner, most = mine, votes
		}
	}
	return winner
}
