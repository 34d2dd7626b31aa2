package profiles

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"hives/internal/figure"
	"hives/ranking"
)

// fitValue fits one value and measures it. Whatever it lacks makes it unsupported, with the reason.
func (f *fitter) fitValue(at int) error {
	s, v := f.values[at], &f.model.Values[at]
	if len(s.text) < f.job.Rules.Fewest {
		v.Why = fmt.Sprintf("%d scored texts: %d are needed", len(s.text), f.job.Rules.Fewest)
		return nil
	}
	l := &learner{f: f, s: s, at: at, x: make([][]float64, len(s.text))}
	for i, text := range s.text {
		l.x[i] = f.x[text]
	}
	if f.last == nil || !slices.Equal(f.last.text, s.text) {
		f.last = newVicinity(s.text, l.x)
	}
	l.near = f.last
	all := func(part) bool { return true }
	learned, err := l.learn(all, nil)
	if err != nil {
		return err
	}
	v.Fit, v.Why = learned.fit, learned.why
	for _, i := range learned.train {
		v.Rows = append(v.Rows, s.text[i])
	}
	if v.Relevance, err = l.relevance(all); err != nil {
		v.Why = fmt.Sprintf("its relevance cannot be told: %v", err)
	} else if v.Why == "" {
		v.Many, v.NotMany = l.many(learned, v.Relevance)
	}
	if v.Held, err = l.measure(); err != nil {
		return fmt.Errorf("%s: %w", s.id, err)
	}
	if v.Why == "" && v.Fit.R2 < f.job.Rules.LeastR2 {
		v.Why = fmt.Sprintf("vectors tell %.4f of the scores' variance: %.2f are needed", v.Fit.R2, f.job.Rules.LeastR2)
	}
	if v.Why != "" {
		v.Fit, v.Rows, v.Relevance, v.Many, v.NotMany = nil, nil, Relevance{}, nil, ""
	}
	return nil
}

// learner fits one value on parts of its texts.
type learner struct {
	f    *fitter
	s    *scored
	at   int         // of the value
	x    [][]float64 // of its texts
	near *vicinity
}

// learned is a fit on a part of the texts.
type learned struct {
	fit   *TextFit
	why   string // there is none
	train []int  // places of the training texts among the value's
	place []int  // of each of the value's texts among the training texts; −1: it does not train
	other []int  // places of the calibration texts
	deal  *deal
}

// learn fits the texts whose groups take admits, and calibrates on those of them that do not train.
//
//	groups   a b c d e f g h       take: all but those of fold 3 (d, h)
//	train    a b     e f
//	calibrate    c       g
func (l *learner) learn(take func(part) bool, d *deal) (*learned, error) {
	out := &learned{deal: d, place: make([]int, len(l.x))}
	var train, calibrate [][]float64
	var y, target []float64
	var fold []int
	for i, p := range l.s.part {
		out.place[i] = -1
		switch {
		case !take(p):
		case p.calibrates:
			calibrate, target = append(calibrate, l.x[d.vector(i)]), append(target, l.s.y[i])
			out.other = append(out.other, i)
		default:
			out.place[i] = len(train)
			train, y, fold = append(train, l.x[d.vector(i)]), append(y, l.s.y[i]), append(fold, p.inner)
			out.train = append(out.train, i)
		}
	}
	if !allFolds(fold) || stat.PopVariance(y, nil) == 0 {
		out.why = "its texts are of too few groups, or all of one score"
		return out, nil
	}
	var err error
	if out.fit, err = FitTexts(train, y, fold, nil); err != nil {
		return nil, err
	}
	sigma := make([]float64, len(calibrate))
	for k, i := range out.other {
		sigma[k], _ = l.doubt(out, i)
	}
	if !out.fit.Calibrate(calibrate, target, sigma, l.f.job.Rules.Alpha) {
		out.fit, out.why = nil, fmt.Sprintf("%d texts of other groups are too few for an interval", len(calibrate))
	}
	return out, nil
}

// doubt is σ of one of the value's texts, and how like it is to the nearest training texts.
func (l *learner) doubt(m *learned, text int) (sigma, like float64) {
	own := m.deal.vector(text)
	nearest := l.near.nearest(own, l.f.job.Rules.Neighbours, func(vector int) int {
		return m.place[m.deal.text(vector)]
	})
	for _, i := range nearest {
		other := l.x[m.deal.vector(m.train[i])]
		like += Products([][]float64{other}, l.x[own])[0] / float64(len(nearest))
	}
	return m.fit.doubt(nearest), like
}

// many fits what a mean of many predictions is worth, on the calibration texts that are about the value.
func (l *learner) many(m *learned, relevance Relevance) (*ManyFit, string) {
	var about []int
	var y, p []float64
	told := map[int]Told{}
	for _, i := range m.other {
		if l.rho(i, relevance) < l.f.job.Rules.Relevance {
			continue
		}
		_, like := l.doubt(m, i)
		told[i] = Told{Value: cut(m.fit.Ridge.Predict(l.x[m.deal.vector(i)])), Like: like}
		about, y, p = append(about, i), append(y, l.s.y[i]), append(p, told[i].Value)
	}
	f, why := fitMany(y, p)
	if f != nil {
		random := ranking.Stream("profile text sets", l.f.job.Rules.Seed, l.s.id, fmt.Sprint(len(m.train)))
		l.calibrateMany(f, random, about, func(i int) Told { return told[i] })
	}
	return f, why
}

// rho is the relevance of one of the value's texts.
func (l *learner) rho(text int, relevance Relevance) float64 {
	return relevance.At(l.features(l.s.text[text]))
}

// deal says which text has which vector: each its own, or dealt out anew for a control. Nil is each its own.
type deal struct{ of, back []int }

func (d *deal) vector(text int) int {
	if d == nil {
		return text
	}
	return d.of[text]
}

func (d *deal) text(vector int) int {
	if d == nil {
		return vector
	}
	return d.back[vector]
}

// dealAnew draws a deal for a value.
func (l *learner) dealAnew() *deal {
	d := &deal{of: ranking.Stream("profile text shuffled", l.f.job.Rules.Seed, l.s.id).Perm(len(l.x)),
		back: make([]int, len(l.x))}
	for text, vector := range d.of {
		d.back[vector] = text
	}
	return d
}

// allFolds tells whether each fold has texts.
func allFolds(fold []int) bool {
	for f := range folds {
		if !slices.Contains(fold, f) {
			return false
		}
	}
	return true
}

// relevance fits ρ on the rows whose groups take admits and that do not calibrate.
func (l *learner) relevance(take func(part) bool) (Relevance, error) {
	var features [][3]float64
	var about []bool
	for _, r := range l.f.rows[l.s.theory] {
		if take(r.part) && !r.part.calibrates {
			features, about = append(features, l.features(r.text)), append(about, r.about[l.at])
		}
	}
	return FitRelevance(features, about)
}

// features are those of one of the fitter's texts.
func (l *learner) features(text int) [3]float64 {
	v := &l.f.model.Values[l.at]
	cosines := make([]float64, len(l.f.model.Nodes))
	for _, at := range v.nodes {
		cosines[at] = Products([][]float64{l.f.model.Nodes[at].Vector}, l.f.x[text])[0]
	}
	return v.features(cosines)
}

// measure predicts every fifth of the groups by a model that has not seen it, neither its scores nor its rows, and does
// so again for two controls.
func (l *learner) measure() (TextHeld, error) {
	var out TextHeld
	anew := l.dealAnew()
	var model, mixed, mean heldTally
	var kept, relevant, right float64
	for fold := range folds {
		seen := func(p part) bool { return p.fold != fold }
		relevance, err := l.relevance(seen)
		if err != nil {
			return out, err
		}
		if err := cmp.Or(l.predict(&model, nil, fold, relevance), l.predict(&mixed, anew, fold, relevance)); err != nil {
			return out, err
		}
		l.predictMean(&mean.texts, fold, relevance)
		for _, r := range l.f.rows[l.s.theory] {
			if r.part.fold != fold {
				continue
			}
			out.Rows++
			passes := relevance.At(l.features(r.text)) >= l.f.job.Rules.Relevance
			if r.about[l.at] {
				out.About++
				kept += one(passes)
				right += one(passes)
			}
			relevant += one(passes)
		}
	}
	out.Model, out.Shuffled, out.Mean = model.texts.figures(), mixed.texts.figures(), mean.texts.figures()
	out.Kept, out.Precision = figure.Number(kept/float64(out.About)), figure.Number(right/relevant)
	out.Many = []ManyHeld{model.all.held("all"), model.sure.held("sure"), mixed.all.held("all, shuffled vectors"),
		mixed.sure.held("sure, shuffled vectors")}
	return out, nil
}

// heldTally counts what became of texts and of sets of them that a model had not seen.
type heldTally struct {
	texts     tally
	all, sure manyTally
}

// predict adds the texts of one fold, as a model says that was fitted without it, and sets of them.
func (l *learner) predict(to *heldTally, d *deal, fold int, relevance Relevance) error {
	m, err := l.learn(func(p part) bool { return p.fold != fold }, d)
	if err != nil || m.why != "" {
		return err // a fold without a model is left out; figures of none are null
	}
	said, about := map[int]TextReading{}, []int{}
	for i, p := range l.s.part {
		if p.fold != fold {
			continue
		}
		sigma, like := l.doubt(m, i)
		r := TextReading{Estimate: m.fit.at(l.x[d.vector(i)], sigma, like), Rho: l.rho(i, relevance)}
		r.Answer = l.f.job.Rules.Decide(r.Estimate, r.Rho)
		to.texts.add(l.s.y[i], r.Estimate, r.Answer)
		if said[i] = r; r.Answer != Beside {
			about = append(about, i)
		}
	}
	if len(about) >= 2*leastMeasured {
		l.trySets(to, m, fold, about, said, relevance)
	}
	return nil
}

// trySets adds sets of 20 to 80 texts of one fold, scored by both rules.
func (l *learner) trySets(to *heldTally, m *learned, fold int, about []int, said map[int]TextReading, by Relevance) {
	rules := l.f.job.Rules
	random := ranking.Stream("profile text held-out sets", rules.Seed, l.s.id, fmt.Sprint(fold))
	size := func() int { return leastMeasured + random.IntN(mostMeasured-leastMeasured+1) }
	many, _ := l.many(m, by)
	for at, s := range l.drawSets(random, about, setsOfAKind*3/folds, size) {
		all, sure := TextScore{Score: math.NaN()}, []Told{}
		told := toldOf(s, func(i int) Told {
			return said[i].told(l.f.ids[l.s.text[i]])
		})
		for k, i := range s.texts {
			if said[i].Answer == Answered {
				sure = append(sure, told[k])
			}
		}
		if many != nil {
			all, _ = many.Pool(rules, told)
		}
		truth := l.truth(s)
		to.all.add(s.kind, truth, l.s.neutral, all)
		to.sure.add(s.kind, truth, l.s.neutral, rules.Pool(sure, fmt.Sprint(l.s.id, fold, at)))
	}
}

// predictMean adds the texts of one fold, all of them with the mean of the others. Its interval is conformal too.
func (l *learner) predictMean(to *tally, fold int, relevance Relevance) {
	var y, calibrate []float64
	for i, p := range l.s.part {
		switch {
		case p.fold == fold:
		case p.calibrates:
			calibrate = append(calibrate, l.s.y[i])
		default:
			y = append(y, l.s.y[i])
		}
	}
	flat := &TextFit{}
	flat.Ridge.Intercept = stat.Mean(y, nil)
	sigma := make([]float64, len(calibrate))
	for i := range sigma {
		sigma[i] = 1
	}
	if len(y) == 0 || !flat.Calibrate(make([][]float64, len(calibrate)), calibrate, sigma, l.f.job.Rules.Alpha) {
		return
	}
	for i, p := range l.s.part {
		if p.fold == fold {
			mean := flat.Ridge.Intercept
			e := Estimate{Value: cut(mean), Sigma: 1, Half: flat.Q, Lo: cut(mean - flat.Q), Hi: cut(mean + flat.Q)}
			to.add(l.s.y[i], e, l.f.job.Rules.Decide(e, relevance.At(l.features(l.s.text[i]))))
		}
	}
}

// tally counts what became of texts that a model had not seen.
type tally struct {
	y, half                          []float64
	squares, miss, covered, answered float64
	coveredAnswered, unsure, beside  float64
}

func (t *tally) add(y float64, e Estimate, a Answer) {
	t.y, t.half = append(t.y, y), append(t.half, e.Half)
	t.squares += (y - e.Value) * (y - e.Value)
	t.miss += math.Abs(y - e.Value)
	in := one(e.Lo <= y && y <= e.Hi)
	t.covered += in
	switch a {
	case Answered:
		t.answered++
		t.coveredAnswered += in
	case Unsure:
		t.unsure++
	case Beside:
		t.beside++
	}
}

// figures are NaN of no texts.
func (t *tally) figures() TextFigures {
	n := float64(len(t.y))
	slices.Sort(t.half)
	return TextFigures{
		R2:       figure.Number(1 - t.squares/(n*stat.PopVariance(t.y, nil))),
		Coverage: figure.Number(t.covered / n), Answered: figure.Number(t.answered / n),
		Of: figure.Number(t.coveredAnswered / t.answered), Unsure: figure.Number(t.unsure / n),
		Beside: figure.Number(t.beside / n), Error: figure.Number(t.miss / n),
		Half: figure.Number(ranking.Quantile(t.half, .5)),
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
