package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hives/data/theories"
	"hives/metrics"
)

// neighbourCounts are the K of the neighbour votes. One neighbour says what is nearest, ten what is near: a model may
// place the very next text well and all others anyhow.
var neighbourCounts = []int{1, 10}

// Score measures vectors, shape [N][D], one a row of the bench. Rows of one text must have one vector. One pass over
// all pairs gives the figures of rows, of each corpus, of texts and of the texts of each theory. Vectors that are not
// finite, or neither of length one nor zero, are refused by name.
func (b *Bench) Score(ctx context.Context, name string, vectors [][]float32) (*System, error) {
	s, m, err := b.look(ctx, name, vectors)
	if err != nil {
		return nil, err
	}
	b.fill(s, m)
	return s, nil
}

// look is the pass over all pairs, which keeps all cores busy.
func (b *Bench) look(ctx context.Context, name string, vectors [][]float32) (*System, []*metrics.Measurement, error) {
	v, err := metrics.NewVectors(vectors)
	if err != nil {
		return nil, nil, fmt.Errorf("measure %s: %w", name, err)
	}
	if b.options.Stage != nil {
		b.options.Stage(name)
	}
	s := &System{Name: name, vectors: v, reasons: map[string]string{}, part: map[string]*metrics.Measurement{}}
	m, err := metrics.MeasureViews(ctx, v, b.views)
	return s, m, err
}

// fill names the figures of a pass, and draws their intervals. It is one core's work: whoever measures several systems
// lets it go on beside the next one's pass.
func (b *Bench) fill(s *System, m []*metrics.Measurement) {
	s.rows = m[viewRows]
	s.CorrelationPrefix = scoped(func(c metrics.Scope) Number { return Number(m[viewPrefixes].Correlation[c].Pearson) })
	b.fillTexts(s, m[viewTexts], m[viewParts:viewParts+len(b.parts)])
	b.fillCorpora(s, m[viewParts+len(b.parts):])
	b.fillRows(s)
	b.fillNeighbours(s)
	b.fillValues(s, s.vectors)
	s.Maps = b.heatMaps(s.vectors)
}

// Places in Bench.views. The theories' texts follow from viewParts on, then the corpora.
const (
	viewRows = iota
	viewPrefixes
	viewTexts
	viewParts
)

// lookFrom lists what every system is measured as.
//
//	rows, prefixes, texts | texts of mft, texts of svt | corpus mfrc, corpus valueeval
//
// One pass over all pairs of rows serves them all: each cosine is computed once.
func (b *Bench) lookFrom() []metrics.View {
	// The most neighbours that any vote needs; fewer are the first of them.
	most := neighbourCounts[len(neighbourCounts)-1]
	views := []metrics.View{
		viewRows:     {Pairs: b.columns, Options: metrics.Options{Neighbours: most, Spearman: true}},
		viewPrefixes: {Pairs: b.prefixes, Options: metrics.Options{CorrelationOnly: true}},
		viewTexts:    {Pairs: b.texts, Rows: b.texts.First()},
	}
	for _, p := range b.parts {
		first := make([]int, 0, p.texts.Len())
		for _, i := range p.texts.First() {
			first = append(first, p.rows[i])
		}
		views = append(views, metrics.View{Pairs: p.texts, Rows: first})
	}
	for i := range b.corpora {
		views = append(views, b.corpora[i].View())
	}
	return views
}

// fillRows copies the row-level figures and their intervals.
func (b *Bench) fillRows(s *System) {
	// Nothing is computed here: figures of one pass are named, and their intervals drawn from their influences.
	m := s.rows
	rank := func(of func(*metrics.Ranking) float64) ByScope[Number] {
		return scoped(func(c metrics.Scope) Number { return Number(of(&m.Ranking[c])) })
	}
	s.RankingAccuracy = rank(func(r *metrics.Ranking) float64 { return r.Macro })
	s.RankingTiesHalf = rank(func(r *metrics.Ranking) float64 { return r.HalfMacro })
	s.RankingMicro = rank(func(r *metrics.Ranking) float64 { return r.Micro })
	s.Correlation = scoped(func(c metrics.Scope) Number { return Number(m.Correlation[c].Pearson) })
	s.CorrelationSpearman = scoped(func(c metrics.Scope) Number { return Number(m.Correlation[c].Spearman) })
	s.DirectionByScope = scoped(func(c metrics.Scope) Number { return Number(m.Direction[c].Macro) })
	s.DirectionAnchors = scoped(func(c metrics.Scope) int { return m.Direction[c].Anchors })
	s.DirectionTiesHalf = scoped(func(c metrics.Scope) Number { return Number(m.Direction[c].HalfMacro) })
	s.Direction = s.DirectionByScope.All
	s.BinPairs = scoped(func(c metrics.Scope) [metrics.Bins][metrics.Bins]Number { return numbers(m.Ranking[c].Matrix) })
	s.BinPairAnchors = scoped(func(c metrics.Scope) [metrics.Bins][metrics.Bins]int { return m.Ranking[c].MatrixAnchors })
	s.CosineDistances = scoped(func(c metrics.Scope) Distances { return distances(&m.Distances[c]) })

	s.Intervals.RankingAccuracy = b.rankRange(&m.Ranking)
	s.Intervals.RankingTiesHalf = b.halfRange(&m.Ranking)
	s.Intervals.DirectionTiesHalf = b.halfRange(&m.Direction)
	s.Intervals.Correlation = b.corrRange(&m.Correlation)
	s.Intervals.DirectionByScope = b.rankRange(&m.Direction)
	s.Intervals.Direction = s.Intervals.DirectionByScope.All
}

// rankRange gives the interval of the macro figure in each scope. Nothing is measured anew for a draw: a group's
// influence says how the figure moves with the group's weight, to first order.
func (b *Bench) rankRange(r *[metrics.Scopes]metrics.Ranking) ByScope[Range] {
	return scoped(func(c metrics.Scope) Range { return Range(b.draws.Interval(r[c].Macro, r[c].Influence)) })
}

// halfRange gives the interval of the macro figure that counts ties half.
func (b *Bench) halfRange(r *[metrics.Scopes]metrics.Ranking) ByScope[Range] {
	return scoped(func(c metrics.Scope) Range { return Range(b.draws.Interval(r[c].HalfMacro, r[c].HalfInfluence)) })
}

// corrRange gives the interval of Pearson's r in each scope. r is no mean, so its influences are those of its
// first-order change.
func (b *Bench) corrRange(r *[metrics.Scopes]metrics.Correlation) ByScope[Range] {
	return scoped(func(c metrics.Scope) Range { return Range(b.draws.Interval(r[c].Pearson, r[c].Influence)) })
}

// numbers keeps the undefined cells, which become null: NaN is no JSON. A cell [p][q] with p ≥ q is never defined: a
// bin is compared with farther ones.
func numbers(matrix [metrics.Bins][metrics.Bins]float64) (out [metrics.Bins][metrics.Bins]Number) {
	for p := range matrix {
		for q := range matrix[p] {
			out[p][q] = Number(matrix[p][q])
		}
	}
	return out
}

// distances names the depths of metrics.Distances: 0 is the whole path, with both directions apart, 3 another
// level 1. A space that follows the hierarchy has them in ascending order; the order of same_path_other_direction among
// them says whether the space knows values or sides better.
func distances(d *metrics.Distances) Distances {
	return Distances{
		SamePath: Number(d.Mean[0]), SameDir: Number(d.ByDir[0][0]), OtherDir: Number(d.ByDir[0][1]),
		SameL1L2: Number(d.Mean[1]), SameL1: Number(d.Mean[2]), OtherPath: Number(d.Mean[3]),
	}
}

// fillCorpora takes the correlation within each corpus alone, and the mean over corpora. The same pairs stand in the
// pooled figure, where they also carry what corpora differ by.
//
// An example: corpus a has near texts of near labels, corpus b far texts of far labels, and within either nothing goes
// with anything. Pooled, cosine and affinity correlate all the same, for a's pairs are high in both and b's low; each
// corpus alone has 0, and so has the mean.
func (b *Bench) fillCorpora(s *System, found []*metrics.Measurement) {
	s.CorrelationByCorpus, s.corpus = map[string]Estimate{}, map[string]metrics.Correlation{}
	var each []metrics.Correlation
	for i := range b.corpora {
		r := found[i].Correlation[metrics.All]
		each, s.corpus[b.corpora[i].Name] = append(each, r), r
		s.CorrelationByCorpus[b.corpora[i].Name] = estimate(Number(r.Pearson),
			Range(b.draws.Interval(r.Pearson, r.Influence)))
	}
	s.mean = metrics.MeanCorrelation(each, b.columns.Groups())
	s.CorrelationCorpusMean = estimate(Number(s.mean.Pearson), Range(b.draws.Interval(s.mean.Pearson, s.mean.Influence)))
}

// fillTexts copies the text level, of all texts and of each theory alone. A text may have labels of several
// theories; by theory only its labels of that one count.
func (b *Bench) fillTexts(s *System, all *metrics.Measurement, parts []*metrics.Measurement) {
	s.texts = all
	s.TextLevel.TextFigures = b.textFigures(all, b.texts.Len())
	s.TextLevel.ByTheory = map[string]TextFigures{}
	for at, p := range b.parts {
		s.part[p.theory] = parts[at]
		s.TextLevel.ByTheory[p.theory] = b.textFigures(parts[at], p.texts.Len())
	}
}

// textFigures copies what is reported of a text-level pass. Its groups are those of the rows, so the draws are
// the same and differences stay paired. A text is in the group of its first row: rows of one text share theirs.
func (b *Bench) textFigures(m *metrics.Measurement, texts int) TextFigures {
	f := TextFigures{Texts: texts}
	f.Ranking = scoped(func(c metrics.Scope) Number { return Number(m.Ranking[c].Macro) })
	f.Jaccard = scoped(func(c metrics.Scope) Number { return Number(m.Correlation[c].Pearson) })
	f.RankingTiesHalf = scoped(func(c metrics.Scope) Number { return Number(m.Ranking[c].HalfMacro) })
	f.Intervals.Ranking = b.rankRange(&m.Ranking)
	f.Intervals.RankingTiesHalf = b.halfRange(&m.Ranking)
	f.Intervals.Jaccard = b.corrRange(&m.Correlation)
	return f
}

// fillNeighbours votes only among rows that have the label: missing levels would agree with one another and flatter
// every system. The nearest ten are found once, and the nearest one is the first of them.
func (b *Bench) fillNeighbours(s *System) {
	rows := make([]int, len(b.rows))
	for i := range rows {
		rows[i] = i
	}
	s.Neighbours = map[string]ByScope[Accuracy]{}
	for _, k := range neighbourCounts {
		s.Neighbours[fmt.Sprintf("k%d", k)] = scoped(func(c metrics.Scope) Accuracy {
			a := metrics.Agreement(b.labels, rows, s.rows.Neighbours[c], k, true)
			return Accuracy{Number(a.Levels[0]), Number(a.Levels[1]), Number(a.Levels[2]), Number(a.Direction)}
		})
	}
}

// fillValues lists every value at every level and the orthogonality of each theory. Theories that the rows lack
// are given a reason first, which those that are there then replace.
func (b *Bench) fillValues(s *System, v *metrics.Vectors) {
	s.Orthogonality, s.Intervals.Orthogonality, s.ortho = ByTheory{}, map[string]Range{}, map[string][]float64{}
	for _, theory := range append(theories.Builtin().Names(), b.labels.TheoryNames...) {
		s.Orthogonality[theory], s.Intervals.Orthogonality[theory] = Number(math.NaN()), noRange
		s.reasons["orthogonality."+theory] = "the data has no rows of this theory"
		if slices.Contains(b.labels.TheoryNames, theory) {
			s.reasons["orthogonality."+theory] += fmt.Sprintf(" at level %d", b.headlineLevel(theory))
		}
	}
	for level := 1; level <= 3; level++ {
		values := metrics.ValueVectors(v, b.labels, level, b.options.MinSide)
		perTheory, _ := metrics.OrthogonalityOf(values)
		for id, theory := range b.labels.TheoryNames {
			b.fillTheory(s, v, level, int32(id), theory, values, perTheory[int32(id)])
		}
	}
}

// fillTheory adds one theory at one level to the lists, and to the headline if it is the headline's level. The
// reason is noted whether or not the figure is defined; explain uses it only where it is null.
//
//	orthogonality.duty: 1 of 7 values at level 1 have at least 20 supporting and 20 opposing rows, and two are needed; …
func (b *Bench) fillTheory(s *System, v *metrics.Vectors, level int, id int32, theory string, values []metrics.Value,
	o metrics.Orthogonality) {
	// Counted for the reason that is given where there is no figure.
	skipped, opposing, listed := 0, 0, 0
	for _, value := range values {
		if value.Theory != id {
			continue
		}
		listed++
		opposing += value.Opposes
		if value.Vector == nil {
			skipped++
		}
		s.Values = append(s.Values, ValueRow{theory, level, b.pathName(value.Path), value.Supports, value.Opposes,
			value.Skipped})
	}
	if listed == 0 {
		return
	}
	d := OrthoDetail{Theory: theory, Level: level, Values: o.Values, Pairs: o.Pairs, Skipped: skipped,
		Mean: Number(math.NaN()), Median: Number(math.NaN())}
	if o.Pairs > 0 {
		d.Mean, d.Median = Number(o.Mean), Number(o.Median)
	}
	// Interval at every level; the draws themselves are kept for the headline's alone, for differences. Unlike the figures
	// of rows, orthogonality is computed anew under each draw.
	interval, draws := b.draws.Orthogonality(v, b.labels, level, b.options.MinSide, id)
	d.Interval = Range(interval)
	s.OrthogonalityDetails = append(s.OrthogonalityDetails, d)
	if level != b.headlineLevel(theory) {
		return
	}
	s.Orthogonality[theory] = d.Mean
	s.ortho[theory] = draws
	s.Intervals.Orthogonality[theory] = d.Interval
	s.reasons["orthogonality."+theory] = fmt.Sprintf(
		"%d of %d values at level %d have at least %d supporting and %d opposing rows, and two are needed; "+
			"the data has %d opposing rows at this level",
		o.Values, listed, level, b.options.MinSide, b.options.MinSide, opposing)
}

// pathName writes a path with its levels' names.
//
//	[care/harm, caring, −1]     care/harm / caring
func (b *Bench) pathName(levels [3]int32) string {
	name := ""
	for k, id := range levels {
		if id < 0 {
			break
		}
		if k > 0 {
			name += " / "
		}
		name += b.labels.LevelNames[k][id]
	}
	return name
}
