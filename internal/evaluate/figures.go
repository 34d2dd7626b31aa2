package evaluate

import (
	"maps"
	"math"
	"slices"

	"hives/metrics"
)

// Figure is one number of a system: how it is called, where it is found, and what its paired difference is.
// Tables, plots and claims go over this list, so a figure that is added here stands everywhere.
type Figure struct {
	Name  string // "ranking accuracy"
	Scope string // "within corpus"; a theory, corpus or level where the figure is of that alone
	Claim bool   // conclusions rest on it

	Of  func(*System) Estimate     // without an interval where none is computed
	Gap func(*Difference) Estimate // nil where no difference is computed
}

// Title is name and scope.
//
//	ranking accuracy, within corpus
//	orthogonality, svt level 2
func (f *Figure) Title() string {
	if f.Scope == "" {
		return f.Name
	}
	return f.Name + ", " + f.Scope
}

// scopeNames are those of metrics.Scope, for people. Within a corpus is the hardest and the one that is believed: there
// a model cannot be right by knowing where a text is from.
var scopeNames = [metrics.Scopes]string{metrics.All: "all rows", metrics.WithinTheory: "within theory",
	metrics.WithinCorpus: "within corpus"}

// Figures lists the figures of systems that were measured on the rows that s was; claims come first. s is asked
// only for what the rows have: theories, corpora, levels.
func Figures(s *System) []Figure {
	out := slices.Concat(rowFigures(), corpusFigures(s), textFigures(s), orthogonalities(s), plainFigures())
	slices.SortStableFunc(out, func(a, b Figure) int { return order(a.Claim) - order(b.Claim) })
	return out
}

// order is 0 for what comes first. A stable sort by it keeps the order within claims and within the others.
func order(first bool) int {
	if first {
		return 0
	}
	return 1
}

// Claims are the figures that conclusions rest on. Each is of one corpus at a time, or a mean over corpora: none is
// made by telling corpora apart.
func Claims(s *System) []Figure {
	return slices.DeleteFunc(Figures(s), func(f Figure) bool { return !f.Claim })
}

// eachScope makes one figure a scope; only the scope within a corpus can carry a claim. The order is that of
// trust: within a corpus, within a theory, all rows.
func eachScope(claim bool, make func(metrics.Scope) Figure) []Figure {
	var out []Figure
	for _, c := range []metrics.Scope{metrics.WithinCorpus, metrics.WithinTheory, metrics.All} {
		f := make(c)
		f.Scope, f.Claim = scopeNames[c], claim && c == metrics.WithinCorpus
		out = append(out, f)
	}
	return out
}

// rowFigures are those of single rows: direction, ranking, and the pooled correlation, which is shown and carries
// no claim.
func rowFigures() []Figure {
	// Each figure says how it is found in a system and how its difference is found in a Difference.
	direction := eachScope(true, func(c metrics.Scope) Figure {
		return Figure{
			Name: "direction accuracy",
			Of:   func(s *System) Estimate { return s.Directed(c) },
			Gap:  func(d *Difference) Estimate { return d.DirectionByScope.At(c) },
		}
	})
	ranking := eachScope(true, func(c metrics.Scope) Figure {
		return Figure{
			Name: "ranking accuracy",
			Of:   func(s *System) Estimate { return s.Ranked(c) },
			Gap:  func(d *Difference) Estimate { return d.RankingAccuracy.At(c) },
		}
	})
	correlation := eachScope(false, func(c metrics.Scope) Figure {
		return Figure{
			Name: "similarity correlation",
			Of:   func(s *System) Estimate { return estimate(s.Correlation.At(c), s.Intervals.Correlation.At(c)) },
			Gap:  func(d *Difference) Estimate { return d.Correlation.At(c) },
		}
	})
	correlation[0].Scope += ", pooled over corpora" // claims rest on the mean over corpora
	return slices.Concat(direction, ranking, correlation)
}

// corpusFigures are the correlations of each corpus alone and their mean. The mean carries the claim; the single
// ones show which corpus it comes from. Corpora count alike in it, whatever their size: a mean over pairs would be the
// figure of the largest.
func corpusFigures(s *System) []Figure {
	out := []Figure{{
		Name: "similarity correlation", Scope: "mean over corpora", Claim: true,
		Of:  func(s *System) Estimate { return s.CorrelationCorpusMean },
		Gap: func(d *Difference) Estimate { return d.CorrelationMean },
	}}
	for _, corpus := range slices.Sorted(maps.Keys(s.CorrelationByCorpus)) {
		out = append(out, Figure{
			Name: "similarity correlation", Scope: corpus + " alone",
			Of:  func(s *System) Estimate { return s.CorrelationByCorpus[corpus] },
			Gap: func(d *Difference) Estimate { return d.CorrelationByCorpus[corpus] },
		})
	}
	return out
}

// textFigures are those of whole texts, of each theory and of all. Only those of one theory carry claims: over
// all theories a text's source tells its theory.
//
//	texts: ranking, …                  of all labels of a text        shown
//	texts by mft: ranking, …           of its labels of mft           within a corpus a claim
//	texts by mft: overlap correlation  cosine with the share of labels that two texts have in common
func textFigures(s *System) []Figure {
	// The same figures of all texts ("") and of those of one theory.
	level := func(theory string, of func(*System) *TextFigures, gap func(*Difference) TextEstimates) []Figure {
		name := "texts"
		if theory != "" {
			name += " by " + theory
		}
		ranking := eachScope(theory != "", func(c metrics.Scope) Figure {
			return Figure{
				Name: name + ": ranking",
				Of:   func(s *System) Estimate { return s.TextsRanked(theory, c) },
				Gap:  func(d *Difference) Estimate { return gap(d).Ranking.At(c) },
			}
		})
		overlap := eachScope(theory != "", func(c metrics.Scope) Figure {
			return Figure{
				Name: name + ": overlap correlation",
				Of:   func(s *System) Estimate { f := of(s); return estimate(f.Jaccard.At(c), f.Intervals.Jaccard.At(c)) },
				Gap:  func(d *Difference) Estimate { return gap(d).Jaccard.At(c) },
			}
		})
		return append(ranking, overlap...)
	}
	out := level("", func(s *System) *TextFigures { return &s.TextLevel.TextFigures }, func(d *Difference) TextEstimates {
		return d.TextLevel.TextEstimates
	})
	for _, theory := range slices.Sorted(maps.Keys(s.TextLevel.ByTheory)) {
		out = append(out, level(theory,
			func(s *System) *TextFigures { f := s.TextLevel.ByTheory[theory]; return &f },
			func(d *Difference) TextEstimates { return d.TextLevel.ByTheory[theory] })...)
	}
	return out
}

// orthogonalities are the means over the values of a theory at a level. k is a place in the details, which all
// systems of a bench list alike: which values have a vector depends on the rows, not on the system. None carries a
// claim here; a fall is told of as a finding of its own (spread).
func orthogonalities(s *System) []Figure {
	var out []Figure
	for k, d := range s.OrthogonalityDetails {
		if d.Pairs == 0 {
			continue
		}
		out = append(out, Figure{
			Name: "orthogonality", Scope: d.Theory + " level " + string(rune('0'+d.Level)),
			Of: func(s *System) Estimate {
				return estimate(s.OrthogonalityDetails[k].Mean, s.OrthogonalityDetails[k].Interval)
			},
		})
	}
	return out
}

// noRange is the interval of a figure that has none: null in JSON, a dash in tables. Zero to zero would be a sure
// figure.
var noRange = Range{math.NaN(), math.NaN()}

// plainFigures have no interval: they are variants for those who look closer, and no claim rests on them. Where a
// variant and its headline part, the choice behind the headline matters (ties, weights of anchors, ranks), and
// docs/METRICS.md says which was made and why.
func plainFigures() []Figure {
	var out []Figure
	for _, f := range []struct {
		name string
		of   func(*System) ByScope[Number]
	}{
		{"ranking accuracy, ties half", func(s *System) ByScope[Number] { return s.RankingTiesHalf }},
		{"ranking accuracy, micro", func(s *System) ByScope[Number] { return s.RankingMicro }},
		{"similarity correlation, Spearman", func(s *System) ByScope[Number] { return s.CorrelationSpearman }},
		{"similarity correlation, by prefix", func(s *System) ByScope[Number] { return s.CorrelationPrefix }},
		{"ten neighbours' vote, level 1", neighbours(func(a Accuracy) Number { return a.Level1 })},
		{"ten neighbours' vote, level 2", neighbours(func(a Accuracy) Number { return a.Level2 })},
		{"ten neighbours' vote, level 3", neighbours(func(a Accuracy) Number { return a.Level3 })},
		{"ten neighbours' vote, direction", neighbours(func(a Accuracy) Number { return a.Direction })},
	} {
		out = append(out, eachScope(false, func(c metrics.Scope) Figure {
			return Figure{Name: f.name, Of: func(s *System) Estimate { return estimate(f.of(s).At(c), noRange) }}
		})...)
	}
	return out
}

// neighbours takes the vote of ten in each scope; that of one stands in the document alone.
func neighbours(of func(Accuracy) Number) func(*System) ByScope[Number] {
	return func(s *System) ByScope[Number] {
		return scoped(func(c metrics.Scope) Number { return of(s.Neighbours["k10"].At(c)) })
	}
}
