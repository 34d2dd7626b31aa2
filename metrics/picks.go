package metrics

import "math"

// PickScore is the ranking accuracy on given candidates, one a bin, as the published evaluator draws them. An
// anchor with candidates in bins 0, 1 and 4 has three pairs; with two of them right it adds ⅔ to Macro, 2 of 3 to
// Micro, 0 to Strict.
type PickScore struct {
	Macro, Micro float64 // NaN without pairs
	Strict       float64 // share of anchors with every pair right
	Anchors      int
	Pairs        int
}

// RankPicks scores picks[a][bin], the row drawn for anchor a, −1 for an empty bin; a tie is wrong. Its
// expectation over random draws is Ranking.Macro; it exists to repeat published figures, draw by draw.
func RankPicks(v *Vectors, picks [][Bins]int) PickScore {
	var out PickScore
	var macro float64
	right, strict := 0, 0
	// Pairs p < q: the candidate of the nearer bin must be the closer one. Not a tie, which a space that puts all texts in
	// one place would have everywhere.
	for a, drawn := range picks {
		good, pairs := 0, 0
		for p := range Bins {
			for q := p + 1; q < Bins; q++ {
				if drawn[p] < 0 || drawn[q] < 0 {
					continue
				}
				pairs++
				if v.Cosine(a, drawn[p]) > v.Cosine(a, drawn[q]) {
					good++
				}
			}
		}
		if pairs == 0 {
			continue
		}
		out.Anchors++
		out.Pairs += pairs
		right += good
		macro += float64(good) / float64(pairs)
		if good == pairs {
			strict++
		}
	}
	// Macro is over anchors, Micro over pairs: an anchor with all five bins filled counts ten times in the second.
	n := float64(out.Anchors)
	out.Macro, out.Micro, out.Strict = macro/n, float64(right)/float64(out.Pairs), float64(strict)/n
	if out.Anchors == 0 {
		out.Macro, out.Micro, out.Strict = math.NaN(), math.NaN(), math.NaN()
	}
	return out
}
