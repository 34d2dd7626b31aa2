package evaluate

import "hives/metrics"

// Vectors of controls that need no model are few and repeat: a one-hot vector of the corpus ties all pairs within
// a corpus. With a tie counted wrong such a vector has a ranking accuracy of 0 there, where .5 is the level of
// chance. Tables and paired differences therefore count the ties of these controls half, and of a model they are
// compared with as well; a model's own vectors hardly tie, and its ties stay wrong otherwise.

// Ranked is the ranking accuracy of rows as tables show it.
func (s *System) Ranked(c metrics.Scope) Estimate {
	if s.half {
		return estimate(s.RankingTiesHalf.At(c), s.Intervals.RankingTiesHalf.At(c))
	}
	return estimate(s.RankingAccuracy.At(c), s.Intervals.RankingAccuracy.At(c))
}

// Directed is the direction accuracy as tables show it.
func (s *System) Directed(c metrics.Scope) Estimate {
	if s.half {
		return estimate(s.DirectionTiesHalf.At(c), s.Intervals.DirectionTiesHalf.At(c))
	}
	return estimate(s.DirectionByScope.At(c), s.Intervals.DirectionByScope.At(c))
}

// TextsRanked is the ranking accuracy of whole texts as tables show it, of one theory or, with "", of all.
func (s *System) TextsRanked(theory string, c metrics.Scope) Estimate {
	f := s.TextLevel.TextFigures
	if theory != "" {
		f = s.TextLevel.ByTheory[theory]
	}
	if s.half {
		return estimate(f.RankingTiesHalf.At(c), f.Intervals.RankingTiesHalf.At(c))
	}
	return estimate(f.Ranking.At(c), f.Intervals.Ranking.At(c))
}
