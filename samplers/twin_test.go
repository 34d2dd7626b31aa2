package samplers

import (
	"slices"

	"pgregory.net/rapid"

	"hives/data"
)

// twin answers from the package comment's sentences with nested loops over all rows.
type twin struct {
	l   *data.Labels
	cfg IntraTheoryConfig
}

// paths lists the paths of a row, its own and the alternatives.
func (w twin) paths(row int) [][3]int32 {
	if w.l.Levels[row][0] == data.Missing {
		return nil
	}
	out := [][3]int32{w.l.Levels[row]}
	if w.cfg.Alt != nil {
		out = append(out, w.cfg.Alt[row]...)
	}
	return out
}

func (w twin) match(a, b int) bool {
	if w.l.Theory[a] != w.l.Theory[b] || w.l.Direction[a] != w.l.Direction[b] {
		return false
	}
	for _, p := range w.paths(a) {
		if slices.Contains(w.paths(b), p) {
			return true
		}
	}
	return false
}

// carries: some row of b's text matches a.
func (w twin) carries(a, b int) bool {
	for r := range w.l.Len() {
		if w.l.Text[r] == w.l.Text[b] && w.match(a, r) {
			return true
		}
	}
	return false
}

// inPool: b may be drawn as a negative for a as far as theory and corpus go.
func (w twin) inPool(a, b int) bool {
	return len(w.paths(b)) > 0 && w.l.Theory[a] == w.l.Theory[b] &&
		(w.cfg.Negatives == SameTheory || w.l.Corpus[a] == w.l.Corpus[b])
}

func (w twin) negative(a, b int) bool {
	if w.l.Text[a] == w.l.Text[b] || !w.inPool(a, b) || w.match(a, b) {
		return false
	}
	return w.cfg.FalseNegatives == Keep || !w.carries(a, b)
}

// texts counts the distinct texts among the rows that pass.
func (w twin) texts(pass func(row int) bool) map[int32]bool {
	out := map[int32]bool{}
	for r := range w.l.Len() {
		if pass(r) {
			out[w.l.Text[r]] = true
		}
	}
	return out
}

func (w twin) eligible(a int) bool {
	weight, named := w.cfg.TheoryWeights[w.l.TheoryNames[w.l.Theory[a]]]
	return len(w.paths(a)) > 0 && (!named || weight > 0)
}

func (w twin) positives(a int) int {
	texts := w.texts(func(r int) bool { return w.match(a, r) && w.l.Text[r] != w.l.Text[a] })
	return min(len(texts), w.cfg.Positives)
}

// negativesAtWorst: the positives are drawn so that they use up as many negative texts as can be.
func (w twin) negativesAtWorst(a int) int {
	negative := w.texts(func(r int) bool { return w.negative(a, r) })
	both := w.texts(func(r int) bool { return negative[w.l.Text[r]] && w.match(a, r) })
	return len(negative) - min(w.positives(a), len(both))
}

// legal tells whether every anchor's batch can be filled, and that there is an anchor.
func (w twin) legal() bool {
	anchors := 0
	for a := range w.l.Len() {
		if w.eligible(a) {
			anchors++
			if 1+w.positives(a)+w.negativesAtWorst(a) < w.cfg.BatchSize {
				return false
			}
		}
	}
	return anchors > 0
}

// stats counts pairs of rows one by one.
func (w twin) stats() (positives []int, theories []TheoryStats) {
	positives = make([]int, w.cfg.Positives+1)
	for t, name := range w.l.TheoryNames {
		s := TheoryStats{Theory: name}
		for a := range w.l.Len() {
			if int(w.l.Theory[a]) != t || !w.eligible(a) {
				continue
			}
			s.Anchors++
			n := w.positives(a)
			positives[n]++
			if n == 0 {
				s.Singletons++
			}
			for b := range w.l.Len() {
				if w.inPool(a, b) && !w.match(a, b) && w.l.Text[a] != w.l.Text[b] {
					s.Candidates++
					if w.carries(a, b) {
						s.FalseNegatives++
					}
				}
			}
		}
		if s.Anchors > 0 {
			s.Rate = float64(s.FalseNegatives) / float64(max(1, s.Candidates))
			theories = append(theories, s)
		}
	}
	return positives, theories
}

// drawLabels makes n rows of up to so many theories, about two rows a text.
func drawLabels(rt *rapid.T, n, mostTheories int) *data.Labels {
	texts := rapid.IntRange((n+2)/3, n).Draw(rt, "texts")
	theories := rapid.IntRange(1, mostTheories).Draw(rt, "theories")
	nodes := rapid.IntRange(1, 3).Draw(rt, "nodes a level")
	l := &data.Labels{TheoryNames: []string{"svt", "duty", "right"}[:theories], CorpusNames: []string{"c0", "c1"}}
	for range n {
		theory := rapid.IntRange(0, theories-1).Draw(rt, "theory")
		l.Theory = append(l.Theory, int32(theory))
		l.Levels = append(l.Levels, drawPath(rt, theory*nodes, nodes, -1))
		l.Direction = append(l.Direction, int32(rapid.IntRange(-1, 1).Draw(rt, "direction")))
		l.Text = append(l.Text, int32(rapid.IntRange(0, texts-1).Draw(rt, "text")))
		l.Corpus = append(l.Corpus, int32(rapid.IntRange(0, 1).Draw(rt, "corpus")))
	}
	return l
}

// drawPath draws a path that ends at a random depth, at least once level from is filled.
func drawPath(rt *rapid.T, first, nodes, from int) [3]int32 {
	path := [3]int32{data.Missing, data.Missing, data.Missing}
	for k := range rapid.IntRange(from+1, 3).Draw(rt, "depth") {
		path[k] = int32(first + rapid.IntRange(0, nodes-1).Draw(rt, "node"))
	}
	return path
}

func drawConfig(rt *rapid.T, l *data.Labels) IntraTheoryConfig {
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(rt, name) }
	cfg := IntraTheoryConfig{
		BatchSize: rapid.IntRange(3, 8).Draw(rt, "batch"), Positives: rapid.IntRange(1, 3).Draw(rt, "positives"),
		Seed:           rapid.Uint64().Draw(rt, "seed"),
		FalseNegatives: pick("false negatives", Keep, Anchor, All, Drop), Negatives: pick("negatives", SameTheory,
			SameCorpus),
		AnchorWeighting: pick("weighting", Natural, Sqrt, Balanced), TheoryWeights: map[string]float64{},
	}
	for _, name := range l.TheoryNames {
		if w := rapid.SampledFrom([]float64{-1, 0, .3, 2}).Draw(rt, "weight"); w >= 0 { // −1: not named
			cfg.TheoryWeights[name] = w
		}
	}
	if rapid.Bool().Draw(rt, "two parents") {
		cfg.Alt = make([][][3]int32, l.Len())
		for i := range cfg.Alt {
			if rapid.IntRange(0, 3).Draw(rt, "has alternative") == 0 {
				cfg.Alt[i] = [][3]int32{drawPath(rt, int(l.Theory[i])*3, 2, 0)}
			}
		}
	}
	return cfg
}
