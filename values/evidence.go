package values

import (
	"fmt"
	"math"

	"hives/data"
	"hives/metrics"
)

const (
	// minHeld is the least number of held-out rows a side that a figure is given for. A bootstrap over fewer can
	// show an interval of no width: three rows a side, all in order, give 1 to 1.
	minHeld = 10
	// mostCorpora is the largest AUC with which a signed vector may tell two corpora's supporting rows apart, if
	// it does so beyond chance. Above this a side is in good part a guess at the corpus.
	mostCorpora = .6
)

// figure measures scored items; nil where they are too few. Draws and seed are those of the build, so a figure is
// the same in every rebuild.
func (b *builder) figure(s *metrics.Sided) *Figure {
	a := s.AUC(b.options.Resamples, b.options.Seed)
	if a.Positives < minHeld || a.Negatives < minHeld || !a.Known() {
		return nil
	}
	return &Figure{AUC: a.Value, Low: a.Low, High: a.High, Positives: a.Positives, Negatives: a.Negatives,
		Groups: a.Groups}
}

// passes is the floor of all that is said: the AUC's interval lies above chance.
func (f *Figure) passes() bool { return f != nil && f.Low > .5 }

// String is ".81 [.75, .86]", or why there is no figure.
func (f *Figure) String() string {
	if f == nil {
		return fmt.Sprintf("unknown (fewer than %d held-out rows a side, or too few groups)", minHeld)
	}
	return fmt.Sprintf("%.2f [%.2f, %.2f]", f.AUC, f.Low, f.High)
}

// hold measures every vector on the held-out rows. Within corpora a vector that they do not bear out is given up:
// a signed one for a prototype, and that for none. Pooled sides are the paper's, and stay as they are.
//
//	directional   sides above chance, corpora not told apart   stays
//	              else                                         prototype of the same rows, which is then measured
//	prototype     texts about it told from others              stays
//	              else                                         unsupported, without a vector
//
// Figures are of the vectors before they are rounded.
func (b *builder) hold() {
	if b.set.Held == nil && b.options.Sides == Pooled {
		return
	}
	for at, n := range b.nodes {
		v := &b.set.Values[at]
		if n.kind == Absent {
			continue
		}
		v.Evidence = &Evidence{}
		if n.kind == Directional {
			v.Evidence.Sides, v.Evidence.Corpora = b.sidesFigure(n), b.corporaFigure(n)
			why := refusal(v.Evidence)
			if why == "" || b.options.Sides == Pooled {
				continue
			}
			// A signed vector that was given up leaves its rows to a prototype, measured in its turn below.
			v.Note = why
			n.kind, n.sides = Prototype, nil
			n.vector = n.at(b.vectors, n.tree, b.options.Sides, nil)
		}
		if n.vector != nil {
			v.Evidence.About = b.prototypeFigure(n)
		}
		if b.options.Sides == Within && !v.Evidence.About.passes() {
			v.Note += "; as a prototype its AUC for texts about it is " + v.Evidence.About.String()
			n.kind, n.vector = Unsupported, nil
		}
	}
}

// refusal says why a signed vector is not to be trusted; empty where it is.
func refusal(e *Evidence) string {
	switch {
	case !e.Sides.passes():
		return "the AUC of its sides on held-out rows is " + e.Sides.String() + ", and must lie above .5"
	case e.Corpora.passes() && e.Corpora.AUC > mostCorpora:
		return fmt.Sprintf("its signed vector tells corpora apart (AUC %s, at most %.2f)", e.Corpora, mostCorpora)
	}
	return ""
}

// sidesFigure asks whether the vector tells supporting from opposing rows of one corpus.
func (b *builder) sidesFigure(n *node) *Figure {
	s := &metrics.Sided{}
	for _, i := range n.held {
		if d := b.rows[i].Direction; d != data.Neither {
			s.Add(along(b.vectors.Row(i), n.vector), d == data.Supports, b.labels.Corpus[i], b.labels.Group[i])
		}
	}
	return b.figure(s)
}

// corporaFigure asks of every two corpora how well the vector tells their supporting rows apart, whichever way
// round, and returns the worst answer; nil where no two have enough. All rows here support the value, so there is
// nothing to tell but the corpus: .5 is best, and what lies above it is style.
func (b *builder) corporaFigure(n *node) *Figure {
	by := map[int32][]int{}
	for _, i := range n.held {
		if b.rows[i].Direction == data.Supports {
			by[b.labels.Corpus[i]] = append(by[b.labels.Corpus[i]], i)
		}
	}
	var worst *Figure
	// Every pair of corpora is asked, each by itself: an average over pairs would hide the one that is told
	// apart.
	corpora := sortedKeys(by)
	for k, one := range corpora {
		for _, other := range corpora[k+1:] {
			s := &metrics.Sided{}
			for _, c := range []int32{one, other} {
				for _, i := range by[c] {
					s.Add(along(b.vectors.Row(i), n.vector), c == one, 0, b.labels.Group[i])
				}
			}
			if f := b.figure(s).folded(); f != nil && (worst == nil || f.AUC > worst.AUC) {
				worst = f
			}
		}
	}
	return worst
}

// folded turns an AUC below .5 round: telling two corpora apart the other way is telling them apart. .3 [.2, .4]
// becomes .7 [.6, .8].
func (f *Figure) folded() *Figure {
	if f == nil || f.AUC >= .5 {
		return f
	}
	return &Figure{AUC: 1 - f.AUC, Low: 1 - f.High, High: 1 - f.Low, Positives: f.Negatives, Negatives: f.Positives,
		Groups: f.Groups}
}

// prototypeFigure asks whether the prototype tells held-out texts about the value from the theory's others. A row
// of another value whose text is about this one too is no counterexample.
func (b *builder) prototypeFigure(n *node) *Figure {
	about := map[int32]bool{}
	for _, i := range n.held {
		about[b.labels.Text[i]] = true
	}
	s := &metrics.Sided{}
	seen := map[[2]int32]bool{}
	for _, i := range n.tree.held {
		// A text counts once in each corpus that has it, however many labels it bears there.
		text := [2]int32{b.labels.Text[i], b.labels.Corpus[i]}
		if !seen[text] {
			seen[text] = true
			s.Add(centredCosine(b.vectors.Row(i), n.tree.mean, n.vector), about[text[0]], text[1], b.labels.Group[i])
		}
	}
	return b.figure(s)
}

// centredCosine is the cosine of a prototype with a text less the mean, as Set.TextCosine has it, in float64: the
// same formula, so that a figure is of what a caller will see. A text that is the mean has 0.
func centredCosine(text, mean, vector []float64) float64 {
	var product, squares float64
	for k, x := range text {
		product += (x - mean[k]) * vector[k]
		squares += (x - mean[k]) * (x - mean[k])
	}
	return product / max(math.Sqrt(squares), minLength)
}

// along is the inner product: how far a reaches along b, for a unit vector b.
func along(a, b []float64) float64 {
	var sum float64
	for k := range a {
		sum += a[k] * b[k]
	}
	return sum
}

// publish rounds what the set shows of each node.
func (b *builder) publish() {
	for at, n := range b.nodes {
		v := &b.set.Values[at]
		v.Kind, v.Vector = n.kind, round(n.vector)
		v.Groups = b.groups(n.used())
		for _, s := range n.sides {
			v.Rests = append(v.Rests, Rest{b.labels.CorpusNames[s.corpus], len(s.supports), len(s.opposes), s.weight})
		}
	}
}
