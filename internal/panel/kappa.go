package panel

import (
	"maps"
	"slices"
)

// ballot is what the voters said to one question about one text: votes by choice, usable answers only. Who said what
// is left out, since κ looks at pairs of answers only.
type ballot map[string]int

// Fleiss is Fleiss' κ over questions with different choices, such as the children of different nodes:
//
//	κ = Σ_g n_g (P_g − E_g) / Σ_g n_g (1 − E_g)
//
// where, for the n_g texts of question g, P_g is the mean share of agreeing pairs of voters and E_g what it would be
// if each voter chose at random with the question's overall shares. With one question it is Fleiss (1971); texts
// with fewer than two answers are left out, and the number of answers may differ between texts. ok is false
// where no text is left or chance alone agrees always.
//
// Worked example, one question, three voters, texts "a a a" and "a a b":
//
//	P summed   1 + 1/3 = 1.33            pairs that agree
//	E          (5/6)² + (1/6)² = .72     five of six answers are a
//	κ          (1.33 − 2·.72) / (2·.28) = −.2
//
// It is below 0 although most pairs agree: with an answer as common as a, chance alone would agree more often.
func Fleiss(questions map[string][]ballot) (kappa float64, texts int, ok bool) {
	var above, room float64
	for _, name := range slices.Sorted(maps.Keys(questions)) { // sums in a fixed order have fixed bits
		observed, expected, n := agreement(questions[name])
		above += observed - float64(n)*expected
		room += float64(n) * (1 - expected)
		texts += n
	}
	if room < 1e-12 {
		return 0, texts, false
	}
	return above / room, texts, true
}

// agreement returns, for one question, the sum over texts of the share of agreeing pairs, the agreement expected by
// chance, and the number of texts with two answers or more. Of n answers with v for each choice, Σ v(v−1) of n(n−1)
// pairs agree.
//
//	5 2       20 + 2 of 42 pairs     .52
//	4 2 1     12 + 2 of 42           .33
//	7         42 of 42               1
func agreement(ballots []ballot) (observed, expected float64, texts int) {
	totals, answers := ballot{}, 0
	for _, b := range ballots {
		n, pairs := 0, 0
		for _, votes := range b {
			n += votes
			pairs += votes * (votes - 1)
		}
		if n < 2 {
			continue
		}
		texts++
		observed += float64(pairs) / float64(n*(n-1))
		answers += n
		for choice, votes := range b {
			totals[choice] += votes
		}
	}
	for _, choice := range slices.Sorted(maps.Keys(totals)) {
		share := float64(totals[choice]) / float64(answers)
		expected += share * share
	}
	return observed, expected, texts
}
