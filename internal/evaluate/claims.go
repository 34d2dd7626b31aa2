package evaluate

import (
	"fmt"
	"math"
	"strings"

	"hives/metrics"
)

// alpha is the chance, over all claims of a page together, that one is called learned, higher or worse by chance.
const alpha = .05

// Trained says how long a model was trained; all zero where nobody knows.
type Trained struct {
	Stage, Steps int
	InAll        int // steps of the stages before as well; 0 in the first, or unknown
}

// String is "500 steps of Stage 2, 2500 in all".
func (t Trained) String() string {
	if t.InAll > 0 {
		return fmt.Sprintf("%d steps of Stage %d, %d in all", t.Steps, t.Stage, t.InAll)
	}
	return fmt.Sprintf("%d steps of Stage %d", t.Steps, t.Stage)
}

// unlike says in words that a control was not trained as long, or that nobody knows; nothing where it was.
func (t Trained) unlike(control Trained) string {
	switch {
	case t == (Trained{}) || control == (Trained{}):
		return "how long the model and the one on permuted labels were trained is not on record"
	case t != control:
		return fmt.Sprintf("the model was trained %s, the one on permuted labels %s", t, control)
	}
	return ""
}

// gap is a paired difference, with its p after Holm's correction over all differences that a page's claims rest
// on. Both must agree: the interval says how large the difference may be, the p whether it stands among so many
// claims.
type gap struct {
	Estimate
	over string // in words
	holm float64
}

// known, above and below read a difference: it has an interval; all of it lies above, or below, zero, and its p
// stands.
func (g *gap) known() bool { return g.Value.Known() && g.Interval.Known() }
func (g *gap) above() bool { return g.Interval.Low > 0 && g.holm <= alpha }
func (g *gap) below() bool { return g.Interval.High < 0 && g.holm <= alpha }

// String is "+0.031 [+0.012, +0.049] over the untrained model (p .004)".
func (g *gap) String() string {
	return fmt.Sprintf("%s over %s (p %s)", gain(g.Estimate), g.over, shortP(g.holm))
}

// shortP writes a p as tables do.
func shortP(p float64) string {
	if p < .001 {
		return "< .001"
	}
	return strings.TrimPrefix(fmt.Sprintf("%.3f", p), "0")
}

// claim is something that a page may say of a figure, by what the figure gained over others. A page's claims are
// gathered first and judged together, since the correction of each depends on how many there are.
type claim struct {
	topic string
	after Number
	gaps  []*gap
	judge func(*claim) (verdict, sentence string)
}

// conclude corrects the differences of all claims together and judges each. Differences that the rows do not
// define count for nothing in the correction; a claim that rests on one is Undefined.
//
// Three claims with two differences each are six p values. If the smallest is .004, it counts 6 times, .024; the
// next smallest, .02, five times, .1: of these two differences one stands, at α = .05.
func conclude(claims []claim) []Finding {
	// Every known difference of every claim goes into one list, and its corrected p back into its place. Claims that rest
	// on an unknown one are corrected for all the same: their known differences were looked at.
	var all []*gap
	var p []float64
	for i := range claims {
		for _, g := range claims[i].gaps {
			if g.known() {
				all, p = append(all, g), append(p, float64(g.P))
			}
		}
	}
	for i, adjusted := range metrics.Holm(p) {
		all[i].holm = adjusted
	}
	var out []Finding
	for i := range claims {
		c := &claims[i]
		f := Finding{Topic: c.topic, Verdict: Undefined, Sentence: "The held-out rows do not define this figure or " +
			"its interval."}
		if c.defined() {
			f.Verdict, f.Sentence = c.judge(c)
		}
		out = append(out, f)
	}
	return out
}

// together says that the claims were judged together, where there is more than one difference to be wrong about. A
// reader who knows no correction may take each p for the chance that its claim is luck; the note says of what it is.
func together(claims []claim) []Finding {
	differences := 0
	for _, c := range claims {
		for _, g := range c.gaps {
			if g.known() {
				differences++
			}
		}
	}
	if differences < 2 {
		return nil
	}
	return []Finding{{Topic: "several claims at once", Verdict: Note, Sentence: fmt.Sprintf(
		"%d differences stand behind these findings, and each p is Holm's over all of them: the chance that any one is "+
			"called learned, higher or worse by luck alone is at most %s.",
		differences, shortP(alpha))}}
}

// defined tells whether the rows define the figure and all that it is compared with. One unknown difference is enough
// for no verdict: "above the untrained model" says little while nobody knows about the permuted labels.
func (c *claim) defined() bool {
	for _, g := range c.gaps {
		if !g.known() {
			return false
		}
	}
	return c.after.Known()
}

// figures writes the figure and what it gained: "0.412; +0.031 [+0.012, +0.049] over the untrained model (p .004), …".
func (c *claim) figures() string {
	var said []string
	for _, g := range c.gaps {
		said = append(said, g.String())
	}
	return fmt.Sprintf("%s; %s", strings.TrimPrefix(Signed(float64(c.after)), "+"), strings.Join(said, ", "))
}

// chance says why a gain is not shown: an interval that holds zero, or a p that does not stand among the page's
// claims.
func (c *claim) chance() string {
	for _, g := range c.gaps {
		if g.Interval.Low <= 0 && g.Interval.High >= 0 {
			return "an interval reaches zero, so this may be chance"
		}
	}
	return "among as many claims as this page makes it may be chance"
}

// gain writes a difference with its interval.
func gain(e Estimate) string {
	return fmt.Sprintf("%s [%s, %s]", Signed(float64(e.Value)), Signed(e.Interval.Low), Signed(e.Interval.High))
}

// Signed writes a difference with three decimals, its sign, and a real minus: +0.012, −0.003, and 0.000 for what
// rounds to it, without a sign that would read as a direction.
func Signed(x float64) string {
	if math.Abs(x) < 5e-4 {
		return "0.000"
	}
	return strings.Replace(fmt.Sprintf("%+.3f", x), "-", "−", 1)
}

// adds says what one way of training added to another, or cost; nothing without a comparison. It is never called
// learned: no control was trained in the same two ways.
//
//	what Stage 2 adds to Stage 1: direction within a corpus    higher, worse or not shown
//	… ranking within a corpus, … similarity, mean over corpora  likewise
func adds(topic, costs, over string, d *Difference) []claim {
	if d == nil {
		return nil
	}
	corpus := metrics.WithinCorpus
	var out []claim
	for _, c := range []struct {
		figure string
		gain   Estimate
	}{
		{"direction within a corpus", d.DirectionByScope.At(corpus)},
		{"ranking within a corpus", d.RankingAccuracy.At(corpus)},
		{"similarity, mean over corpora", d.CorrelationMean},
	} {
		out = append(out, claim{topic + ": " + c.figure, 0, []*gap{{Estimate: c.gain, over: over}},
			func(c *claim) (string, string) {
				switch g := c.gaps[0]; {
				case g.above():
					return Higher, g.String() + "."
				case g.below():
					return Worse, g.String() + ": " + costs + "."
				}
				return NotShown, c.gaps[0].String() + ": " + c.chance() + "."
			}})
	}
	return out
}

// spread says whether the value vectors of a theory have come closer to one another. Nobody trains for it, and a high
// figure proves nothing; a fall is a cost that a reader should know.
func spread(topic string, after *System, over ...compared) []claim {
	var out []claim
	for _, theory := range TheoryOrder(after.Orthogonality) {
		// A theory without two value vectors has no figure, and no claim.
		c := claim{topic: topic + "orthogonality of the " + theory + " value vectors", after: after.Orthogonality[theory],
			judge: fallen}
		for _, o := range over {
			if e, ok := o.d.Orthogonality[theory]; ok {
				c.gaps = append(c.gaps, &gap{Estimate: e, over: o.words})
			}
		}
		if c.after.Known() && len(c.gaps) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// compared is a difference with the words for what was subtracted.
type compared struct {
	d     *Difference
	words string
}

// fallen judges what nobody trained for: a fall is a finding, a rise is none.
func fallen(c *claim) (string, string) {
	for _, g := range c.gaps {
		if g.below() {
			return Worse, "Fell: " + c.figures() + ". The values' directions have come closer to one another."
		}
	}
	return Note, c.figures() + ". No fall is shown; the figure describes a space and proves nothing."
}
