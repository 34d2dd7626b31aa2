package profiles

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"hives/internal/figure"
	"hives/structure"
)

// textSet is a made-up author: texts of a database, whose true mean is known.
type textSet struct {
	kind  int
	texts []int // of the value's
}

// setKinds are how sets are drawn. Real authors are like none of them and a little like each.
var setKinds = []string{"at random", "of one strength", "leaning to a side", "of one topic", "of one corpus"}

// drawSets draws sets of each kind from texts, of size() texts each.
//
//	at random           any
//	of one strength     of one fifth of the scores
//	leaning to a side   a text's chance grows by e^.5 to e^1.5 a standard deviation of the score, up or down
//	of one topic        of the texts nearest to one of them, twice as many as are drawn
//	of one corpus       of each of the database's corpora in turn
func (l *learner) drawSets(random *rand.Rand, texts []int, each int, size func() int) (out []textSet) {
	order := slices.Clone(texts)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(l.s.y[a], l.s.y[b]) })
	y, x := make([]float64, len(texts)), make([][]float64, len(texts))
	for k, i := range texts {
		y[k], x[k] = l.s.y[i], l.x[i]
	}
	mean, spread := stat.PopMeanStdDev(y, nil)
	corpora := l.corpora(texts)
	for k := range each {
		n := min(size(), len(texts))
		out = append(out, textSet{0, choose(random, texts, n)})
		fifth := order[len(order)*(k%folds)/folds : len(order)*(k%folds+1)/folds]
		out = append(out, textSet{1, choose(random, fifth, min(size(), len(fifth)))})
		lean := []float64{-1.5, -1, -.5, .5, 1, 1.5}[k%6]
		out = append(out, textSet{2, chooseBy(random, texts, min(size(), len(texts)), func(k int) float64 {
			return lean * (y[k] - mean) / max(spread, 1e-12)
		})})
		n = min(size(), len(texts)/2)
		var near []int
		for _, k := range nearestOf(Products(x, x[random.IntN(len(x))]), 2*n) {
			near = append(near, texts[k])
		}
		out = append(out, textSet{3, choose(random, near, n)})
		corpus := corpora[k%len(corpora)]
		own := slices.DeleteFunc(slices.Clone(texts), func(i int) bool { return l.s.corpus[i] != corpus })
		out = append(out, textSet{4, choose(random, own, min(size(), len(own)))})
	}
	return out
}

// corpora are those of texts, by name.
func (l *learner) corpora(texts []int) (out []string) {
	for _, i := range texts {
		out = append(out, l.s.corpus[i])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// choose draws n of a list, none twice.
func choose(random *rand.Rand, list []int, n int) []int {
	out := make([]int, 0, n)
	for _, at := range random.Perm(len(list))[:n] {
		out = append(out, list[at])
	}
	return out
}

// chooseBy draws n of a list, none twice, with chances in proportion to e^weight: those of the least times to an event
// whose rate that is.
func chooseBy(random *rand.Rand, list []int, n int, weight func(k int) float64) []int {
	type event struct {
		time float64 // its logarithm: no weight is too large for it
		text int
	}
	events := make([]event, len(list))
	for k, text := range list {
		events[k] = event{math.Log(random.ExpFloat64()) - weight(k), text}
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Or(cmp.Compare(a.time, b.time), a.text-b.text) })
	out := make([]int, n)
	for k := range out {
		out[k] = events[k].text
	}
	return out
}

// calibrateMany sets Factor: with it the interval holds the true mean of 95 % of the sets of every kind. Sizes are from
// three texts on, short sets as often as long ones. Like is the least of other sets, none of them short, since a few
// texts are unlike the others by chance.
func (l *learner) calibrateMany(f *ManyFit, random *rand.Rand, texts []int, told func(text int) Told) {
	most := float64(min(mostMeasured, len(texts)/2))
	size := func() int { return int(3 * math.Pow((most+1)/3, random.Float64())) }
	needed := make([][]float64, len(setKinds))
	for _, s := range l.drawSets(random, texts, setsOfAKind, size) {
		needed[s.kind] = append(needed[s.kind], f.of(toldOf(s, told)).needed(l.truth(s)))
	}
	for _, n := range needed {
		slices.Sort(n)
		f.Factor = max(f.Factor, n[int(math.Ceil(.95*float64(len(n)+1)))-1])
	}
	size = func() int { return leastMeasured + random.IntN(mostMeasured-leastMeasured+1) }
	f.Like = math.Inf(1)
	for _, s := range l.drawSets(random, texts, setsOfAKind, size) {
		like, _ := likeness(toldOf(s, told))
		f.Like = min(f.Like, like)
	}
}

// truth is the mean score of a set.
func (l *learner) truth(s textSet) (mean float64) {
	for _, i := range s.texts {
		mean += l.s.y[i] / float64(len(s.texts))
	}
	return mean
}

func toldOf(s textSet, told func(text int) Told) []Told {
	out := make([]Told, len(s.texts))
	for k, i := range s.texts {
		out[k] = told(i)
	}
	return out
}

// ManyHeld is what a rule makes of sets of texts of groups that the fit had not seen. Figures are those of all sets,
// then of each kind.
type ManyHeld struct {
	Rule  string        `json:"rule"`
	Kinds []ManyFigures `json:"kinds"`
}

// ManyFigures are a rule's on sets whose true mean is known. A figure is null where there is nothing to count.
type ManyFigures struct {
	Kind     string        `json:"kind"`
	Sets     int           `json:"sets"`
	Answered figure.Number `json:"answered"`          // share that gets a score
	Coverage figure.Number `json:"coverage"`          // share of these whose interval holds the true mean; promised is .95
	Order    figure.Number `json:"rank_correlation"`  // of score and true mean, among these
	Sided    figure.Number `json:"sided"`             // share of these that are said to support or to oppose
	Right    figure.Number `json:"sided_right"`       // share of those that lie on that side
	Half     figure.Number `json:"median_half_width"` // of the printed interval
}

// manyTally gathers what became of sets, a list a kind.
type manyTally [][]heldSet

type heldSet struct {
	truth float64
	of    TextScore
	side  Side
	right bool
}

func (t *manyTally) add(kind int, truth, neutral float64, s TextScore) {
	if *t == nil {
		*t = make(manyTally, len(setKinds))
	}
	h := heldSet{truth: truth, of: s, side: sideOf(s, neutral)}
	h.right = h.side == Supports && truth > max(0, neutral) || h.side == Opposes && truth < min(0, neutral)
	(*t)[kind] = append((*t)[kind], h)
}

// held makes figures.
func (t manyTally) held(rule string) ManyHeld {
	out := ManyHeld{Rule: rule, Kinds: []ManyFigures{figuresOf("all kinds", slices.Concat(t...))}}
	for kind, sets := range t {
		out.Kinds = append(out.Kinds, figuresOf(setKinds[kind], sets))
	}
	return out
}

func figuresOf(kind string, sets []heldSet) ManyFigures {
	var answered, covered, sided, right float64
	var pairs [][]float64
	var half []float64
	for _, s := range sets {
		if math.IsNaN(s.of.Score) {
			continue
		}
		answered++
		covered += one(s.of.Lo <= s.truth && s.truth <= s.of.Hi)
		sided, right = sided+one(s.side != Open), right+one(s.right)
		pairs, half = append(pairs, []float64{s.of.Score, s.truth}), append(half, (s.of.Hi-s.of.Lo)/2)
	}
	out := ManyFigures{Kind: kind, Sets: len(sets), Answered: figure.Number(answered / float64(len(sets))),
		Coverage: figure.Number(covered / answered), Order: figure.Number(math.NaN()), Half: figure.Number(math.NaN()),
		Sided: figure.Number(sided / answered), Right: figure.Number(right / sided)}
	if len(pairs) > 0 {
		out.Order = figure.Number(structure.Correlate(pairs).Spearman[0][1])
		slices.Sort(half)
		out.Half = figure.Number(half[len(half)/2])
	}
	return out
}
