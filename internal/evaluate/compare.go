package evaluate

import (
	"slices"

	"hives/metrics"
)

// Estimate is a figure, or a paired difference, with its interval.
type Estimate struct {
	Value    Number `json:"value"`
	Interval Range  `json:"interval"`
	P        Number `json:"p,omitzero"` // two-sided, of a difference with an interval: metrics.Resamples.P
}

// estimate is a figure that is no difference.
func estimate(value Number, interval Range) Estimate {
	return Estimate{Value: value, Interval: interval}
}

// Difference holds the paired differences of two systems on the same rows and the same draws. Two systems whose
// own intervals overlap may still differ with an interval well off zero: what is hard in a draw is hard for both.
type Difference struct {
	RankingAccuracy     ByScope[Estimate]   `json:"ranking_accuracy"`
	Correlation         ByScope[Estimate]   `json:"similarity_correlation"`
	CorrelationByCorpus map[string]Estimate `json:"similarity_correlation_by_corpus"`
	CorrelationMean     Estimate            `json:"similarity_correlation_corpus_mean"`
	Direction           Estimate            `json:"direction_accuracy"`
	DirectionByScope    ByScope[Estimate]   `json:"direction_accuracy_by_scope"`
	TextLevel           TextDifference      `json:"text_level"`
	// by theory, at the headline's level; where both have it
	Orthogonality map[string]Estimate `json:"orthogonality"`
}

// TextDifference is the text-level part, of all texts and by theory.
type TextDifference struct {
	TextEstimates
	ByTheory map[string]TextEstimates `json:"by_theory"`
}

// TextEstimates are differences of text-level figures.
type TextEstimates struct {
	Ranking ByScope[Estimate] `json:"ranking_accuracy"`
	Jaccard ByScope[Estimate] `json:"jaccard_correlation"`
}

// Compare gives a − b. Both must have been scored on this bench. Where either is a control whose ties count half,
// they count half on both sides: a tie must not be worth more to the one than to the other. Differences of other
// figures, such as the neighbours' votes, are not formed: no claim rests on them.
func (b *Bench) Compare(a, other *System) *Difference {
	// One control in the comparison is enough: both sides then count their ties half. A difference is therefore not always
	// that of the two figures in the table, which hold each by its own rule.
	half := a.half || other.half
	d := &Difference{
		RankingAccuracy:     b.rankGap(&a.rows.Ranking, &other.rows.Ranking, half),
		Correlation:         b.corrGap(a.rows, other.rows),
		CorrelationByCorpus: map[string]Estimate{},
		CorrelationMean:     b.pearsonGap(a.mean, other.mean),
		DirectionByScope:    b.rankGap(&a.rows.Direction, &other.rows.Direction, half),
		Orthogonality:       b.orthoGaps(a, other),
	}
	for _, c := range b.corpora {
		d.CorrelationByCorpus[c.Name] = b.pearsonGap(a.corpus[c.Name], other.corpus[c.Name])
	}
	d.Direction = d.DirectionByScope.All
	d.TextLevel.TextEstimates = b.textGap(a.texts, other.texts, half)
	d.TextLevel.ByTheory = map[string]TextEstimates{}
	for _, p := range b.parts {
		d.TextLevel.ByTheory[p.theory] = b.textGap(a.part[p.theory], other.part[p.theory], half)
	}
	return d
}

// textGap compares two text-level passes over the same texts; the relations are the bench's, only vectors differ.
func (b *Bench) textGap(a, other *metrics.Measurement, half bool) TextEstimates {
	return TextEstimates{Ranking: b.rankGap(&a.Ranking, &other.Ranking, half), Jaccard: b.corrGap(a, other)}
}

// rankGap subtracts macro figures, ties wrong or half; undefined in either is undefined in the difference. Macro: each
// anchor counts once, however many candidates it has.
func (b *Bench) rankGap(a, other *[metrics.Scopes]metrics.Ranking, half bool) ByScope[Estimate] {
	return scoped(func(c metrics.Scope) Estimate {
		x, y := &a[c], &other[c]
		if half {
			return b.gap(x.HalfMacro, y.HalfMacro, x.HalfInfluence, y.HalfInfluence)
		}
		return b.gap(x.Macro, y.Macro, x.Influence, y.Influence)
	})
}

// gap subtracts two figures that are known by their influences. The influence of a difference is the difference
// of the influences, group by group, which is what makes it paired: a group that is easy for both systems
// cancels.
//
//	influences (.3, −.1) and (.28, −.12)     of the difference (.02, .02): both find the first group easy
func (b *Bench) gap(x, y float64, influenceX, influenceY []float64) Estimate {
	e := estimate(Number(x-y), Range(b.draws.Difference(x, y, influenceX, influenceY)))
	if e.Interval.Known() {
		influence := slices.Clone(influenceX)
		for g := range influence {
			influence[g] -= influenceY[g]
		}
		e.P = Number(b.draws.P(x-y, influence))
	}
	return e
}

// orthoGaps subtracts the orthogonality of each theory that both systems have it of, draw by draw. A theory that either
// lacks is left out of the map: there is no difference from nothing.
func (b *Bench) orthoGaps(a, other *System) map[string]Estimate {
	out := map[string]Estimate{}
	for theory := range a.Orthogonality {
		x, y := a.Orthogonality[theory], other.Orthogonality.Of(theory)
		if !x.Known() || !y.Known() {
			continue
		}
		// Orthogonality was recomputed under each draw, not taken to first order, and is subtracted draw by draw.
		interval, p := b.draws.PairedDraws(float64(x-y), a.ortho[theory], other.ortho[theory])
		e := estimate(x-y, Range(interval))
		if e.Interval.Known() {
			e.P = Number(p)
		}
		out[theory] = e
	}
	return out
}

// corrGap subtracts Pearson correlations. r's are bounded by 1, and a difference of .05 is less near 0 than near .9;
// the interval, which is of the difference itself, is what is concluded from.
func (b *Bench) corrGap(a, other *metrics.Measurement) ByScope[Estimate] {
	return scoped(func(c metrics.Scope) Estimate { return b.pearsonGap(a.Correlation[c], other.Correlation[c]) })
}

// pearsonGap subtracts two correlations over the same pairs.
func (b *Bench) pearsonGap(x, y metrics.Correlation) Estimate {
	return b.gap(x.Pearson, y.Pearson, x.Influence, y.Influence)
}
