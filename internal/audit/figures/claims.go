package figures

import (
	"fmt"
	"math"

	"hives/steer"
)

// alpha is the chance, over all gains of an audit together, that one is called a gain by luck alone.
const alpha = .05

// Verdicts of a gain.
const (
	Moved    = "moved as asked"
	Against  = "moved the other way"
	NotShown = "not shown"
	NoClaim  = "no claim"
)

// conclude corrects the p of all gains together and judges each. Why together? 32 values at four targets under two
// regimes are 256 gains: at .05 each a dozen would be called one although nothing moved. Gains of values of which
// nothing is claimed count in the correction too: they were looked at.
func (f *Figures) conclude() {
	gains, of := f.gains()
	var p []float64
	for _, g := range gains {
		p = append(p, float64(g.P))
		if g.P.Known() {
			f.Compared++
		}
	}
	for i, holm := range steer.Corrected(p) {
		gains[i].Holm = Number(holm)
		gains[i].judge(of[i])
	}
}

// gains are all of them, with the value of each.
func (f *Figures) gains() (gains []*Gain, of []*Standing) {
	for v := range f.Values {
		for r := range f.Values[v].Regimes {
			own := f.Values[v].Regimes[r].Gains
			for g := range own {
				gains, of = append(gains, &own[g]), append(of, &f.Values[v])
			}
		}
	}
	return gains, of
}

// judge gives the verdict. The first reason counts: a judge that throws dice is told before a lack of queries, and that
// before a p.
//
//	+1.8, p_holm .01, target 2      moved as asked
//	+1.8, p_holm .01, target −2     moved the other way
//	+1.8, p_holm .20                not shown
//	+1.8, 4 queries                 no claim
func (g *Gain) judge(v *Standing) {
	switch {
	case v.NoClaim != "":
		g.Verdict, g.Why = NoClaim, v.NoClaim
	case !g.P.Known():
		g.Verdict, g.Why = NoClaim, fmt.Sprintf("%d queries with both scores, %d are needed", g.N, steer.LeastQueries)
	case g.Holm > alpha:
		g.Verdict = NotShown
		if g.NoHeadroom && float64(g.DefaultMean)*float64(g.Target) > 0 {
			g.Why = "answers stand at that end of the scale already"
		}
	case math.Signbit(float64(g.Mean)) == (g.Target < 0):
		g.Verdict = Moved
	default:
		g.Verdict = Against
	}
}

// warn says what a reader must know before any number: in every output these lines come first. That nobody has held the
// judges to people is always among them, since nothing in a record could show the contrary.
func (f *Figures) warn() {
	f.Warnings = []string{"judges were not held to people here: figures describe model and judges together"}
	c := f.Counts
	if all := c.Scores + c.Unscored; all > 0 && float64(c.Unscored) > mostUnscored*float64(all) {
		f.Warnings = append(f.Warnings, fmt.Sprintf("%d of %d scores are missing", c.Unscored, all))
	}
	if c.Answers > 0 && float64(c.Cut) > mostUnscored*float64(c.Answers) {
		f.Warnings = append(f.Warnings, fmt.Sprintf("%d of %d answers were cut by the limit of tokens", c.Cut, c.Answers))
	}
	blunt := 0
	for _, v := range f.Values {
		if v.NoClaim != "" {
			blunt++
		}
	}
	if blunt > 0 {
		f.Warnings = append(f.Warnings, fmt.Sprintf("nothing is claimed of %d of %d values: their tables say why", blunt,
			len(f.Values)))
	}
	unknown := 0
	for _, r := range f.Refusals {
		unknown += r.Unknown
	}
	if unknown > 0 {
		f.Warnings = append(f.Warnings, fmt.Sprintf("nobody knows of %d of %d answers whether they are refusals", unknown,
			c.Answers))
	}
}
