package evaluate

import "hives/metrics"

// Estimate is a figure, or a paired difference, with its interval.
type Estimate struct {
	Value    Number `json:"value"`
	Interval Range  `json:"interval"`
}

// Difference holds the paired differences of two systems on the same rows and the same draws.
type Difference struct {
	RankingAccuracy     ByScope[Estimate]   `json:"ranking_accuracy"`
	Correlation         ByScope[Estimate]   `json:"similarity_correlation"`
	CorrelationByCorpus map[string]Estimate `json:"similarity_correlation_by_corpus"`
	CorrelationMean     Estimate            `json:"similarity_correlation_corpus_mean"`
	Direction           Estimate            `json:"direction_accuracy"`
	DirectionByScope    ByScope[Estimate]   `json:"direction_accuracy_by_scope"`
	TextLevel           TextDifference      `json:"text_level"`
}

// TextDifference is the text-level part.
type TextDifference struct {
	TextEstimates
	ByTheory map[string]TextEstimates `json:"by_theory"`
}

// TextEstimates are differences of text-level figures.
type TextEstimates struct {
	Ranking ByScope[Estimate] `json:"ranking_accuracy"`
	Jaccard ByScope[Estimate] `json:"jaccard_correlation"`
}

// Compare gives a − b. Both must have been scored on this bench.
func (b *Bench) Compare(a, other *System) *Difference {
	d := &Difference{
		RankingAccuracy:     b.rankGap(&a.rows.Ranking, &other.rows.Ranking),
		Correlation:         b.corrGap(a.rows, other.rows),
		CorrelationByCorpus: map[string]Estimate{},
		CorrelationMean:     b.pearsonGap(a.mean, other.mean),
		DirectionByScope:    b.rankGap(&a.rows.Direction, &other.rows.Direction),
	}
	for _, c := range b.corpora {
		d.CorrelationByCorpus[c.name] = b.pearsonGap(a.corpus[c.name], other.corpus[c.name])
	}
	d.Direction = d.DirectionByScope.All
	d.TextLevel.TextEstimates = b.textGap(a.texts, other.texts)
	d.TextLevel.ByTheory = map[string]TextEstimates{}
	for _, p := range b.parts {
		d.TextLevel.ByTheory[p.theory] = b.textGap(a.part[p.theory], other.part[p.theory])
	}
	return d
}

// textGap compares two text-level passes over the same texts.
func (b *Bench) textGap(a, other *metrics.Measurement) TextEstimates {
	return TextEstimates{Ranking: b.rankGap(&a.Ranking, &other.Ranking), Jaccard: b.corrGap(a, other)}
}

// rankGap subtracts macro figures; undefined in either is undefined in the difference.
func (b *Bench) rankGap(a, other *[metrics.Scopes]metrics.Ranking) ByScope[Estimate] {
	return scoped(func(c metrics.Scope) Estimate {
		x, y := &a[c], &other[c]
		return Estimate{Number(x.Macro - y.Macro), Range(b.draws.Difference(x.Macro, y.Macro, x.Influence, y.Influence))}
	})
}

// corrGap subtracts Pearson correlations.
func (b *Bench) corrGap(a, other *metrics.Measurement) ByScope[Estimate] {
	return scoped(func(c metrics.Scope) Estimate { return b.pearsonGap(a.Correlation[c], other.Correlation[c]) })
}

// pearsonGap subtracts two correlations over the same pairs.
func (b *Bench) pearsonGap(x, y metrics.Correlation) Estimate {
	return Estimate{Number(x.Pearson - y.Pearson), Range(b.draws.Difference(x.Pearson, y.Pearson, x.Influence, y.Influence))}
}
