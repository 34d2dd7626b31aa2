package vidb

import (
	"fmt"
	"math"

	"hives/ranking"
)

// lean is how far a judge's answers hang on places and not on texts. All of it comes from stored windows.
type lean struct {
	winners []int // by place: how often the first of an order was shown there
	forward []int // place that won, 1 or 2, in the order that was drawn; of pairs of the overlap
	reverse []int // and in the reverse one
}

// lean goes through the windows of a judge that have an order.
//
//	always the first, 40 pairs in both orders      winners 80 0, forward 1 1 …, reverse 1 1 …
//	reads, and text 4 is the stronger in all       winners 40 40, forward 1 1 …, reverse 2 2 …
func (v *Value) lean(name string) lean {
	l := lean{winners: make([]int, v.K)}
	type draw struct{ focal, rep int }
	before := map[draw]int{} // place that won in the order that was drawn, which stands first
	for _, w := range v.Windows {
		if w.Judge != name || w.Answer == nil || len(w.Answer.Ranking) == 0 {
			continue
		}
		place := 0
		for w.Shown[place] != w.Answer.Ranking[0] {
			place++
		}
		l.winners[place]++
		if !w.Overlap || v.K != 2 {
			continue
		}
		key := draw{w.Focal, w.Rep}
		if first, twice := before[key]; twice {
			l.forward, l.reverse = append(l.forward, first), append(l.reverse, place+1)
		} else {
			before[key] = place + 1
		}
	}
	return l
}

// tests puts the figures into a line. Pairs are tested against ½ exactly; longer windows by χ² against equal shares,
// since none of their places is the one to expect.
func (l lean) tests(line *JudgeLine) {
	n := 0
	for _, count := range l.winners {
		n += count
	}
	if n == 0 {
		return
	}
	if len(l.winners) > 2 {
		if t, err := ranking.TestPlaces(l.winners); err == nil {
			line.P = known(t.P)
			if t.P < placesBelow {
				line.Warning = fmt.Sprintf("the winner's place is not even (χ² %.0f, p %.2g): shares by place %v", t.ChiSquare, t.P,
					l.winners)
			}
		}
		return
	}
	if t, err := ranking.TestFirst(l.winners[0], n); err == nil {
		line.P = known(t.P)
	}
	if s, err := ranking.TestSwap(l.forward, l.reverse); err == nil {
		line.FirstBoth, line.SecondBoth = known(s.FirstBoth), known(s.SecondBoth)
	}
}

// placesBelow is the p under which a judge of longer windows is warned of. Windows are many: one in twenty would warn
// of judges whose lean nobody would notice.
const placesBelow = .001

// steadiest is the judge to ask where one is to be chosen: of those that choose the same text in both orders in at
// least 70 % of the pairs, the one that chooses the first place most nearly half of the time. "" where none is so
// steady.
//
//	a  consistency .9, first .56     b  .75, first .52     c  .6, first .50      b
func steadiest(judges []JudgeLine) string {
	best, off := "", math.Inf(1)
	for _, j := range judges {
		if j.Consistency == nil || j.FirstShare == nil || *j.Consistency < steadyFrom {
			continue
		}
		if d := math.Abs(*j.FirstShare - .5); d < off {
			best, off = j.Judge, d
		}
	}
	return best
}

const steadyFrom = .7
