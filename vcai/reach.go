package vcai

import (
	"cmp"
	"math"
	"slices"
)

// Range is where a degree may still lie, ends included; both NaN where there can be none.
type Range struct{ Low, High float64 }

// Reach is the range of Degree.All and that of Degree.Touched over all ways in which the open judgements may come out,
// missing ones included. judged is as DegreeOf has it; open[role][part] marks those that are still to come, whose place
// in judged does not count.
//
//	one role, four parts, judged 1 and −1, two open:  All from 2·(0−2)/4 = −1 to 2·(0+2)/4 = 1
//
// A judgement that goes missing also makes the divisor smaller. That never widens the range: no mean of judgements is
// beyond 1, so one more of 1 raises it at least as much as one fewer.
func Reach(judged [][]float64, open [][]bool) (all, touched Range) {
	var whole column
	var sure column    // parts that are touched already
	var maybe []column // those that an open judgement may touch
	parts := 0
	if len(judged) > 0 {
		parts = len(judged[0])
	}
	for part := range parts {
		var c column
		for role := range judged {
			c.add(judged[role][part], open[role][part])
		}
		whole.join(c)
		switch {
		case c.touched:
			sure.join(c)
		case c.open > 0:
			maybe = append(maybe, c)
		}
	}
	all = Range{-whole.most(-1, nil), whole.most(1, nil)}
	return all, Range{-sure.most(-1, maybe), sure.most(1, maybe)}
}

// column is what is known of a part, or of several.
type column struct {
	sum     float64
	n, open int
	touched bool
}

func (c *column) add(judgement float64, open bool) {
	switch {
	case open:
		c.open++
	case !math.IsNaN(judgement):
		c.sum, c.n, c.touched = c.sum+judgement, c.n+1, c.touched || judgement != 0
	}
}

func (c *column) join(d column) { c.sum, c.n, c.open = c.sum+d.sum, c.n+d.n, c.open+d.open }

// most is twice the highest mean that can be reached if open judgements all turn out as 1, with any of the untouched
// parts beside it; of sign −1 it is minus the lowest. NaN where nothing is judged and nothing open.
//
// Which untouched parts are to be touched? Those with the highest means, as long as they raise the mean of all: three
// zeros and one open can come to 1/4, and that pulls .9 down.
func (c column) most(sign float64, maybe []column) float64 {
	top, n := sign*c.sum+float64(c.open), float64(c.n+c.open)
	best := func(d column) float64 { return float64(d.open) / float64(d.n+d.open) }
	slices.SortStableFunc(maybe, func(a, b column) int { return cmp.Compare(best(b), best(a)) })
	for _, d := range maybe {
		if n == 0 || best(d) > top/n {
			top, n = top+float64(d.open), n+float64(d.n+d.open)
		}
	}
	return 2 * top / n
}
