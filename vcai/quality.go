package vcai

import (
	"math"

	"hives/internal/fault"
	"hives/ranking"
	"hives/structure"
)

// Ordered is one question's answers put into order by a judge.
type Ordered struct {
	Tau float64 // between degrees and order
	P   float64 // exact, of a τ as far from 0 by chance

	levels, rank []float64 // by place
}

// Order compares a judge's order with the degrees. levels[i] is the degree of the answer shown at place i + 1; order
// names places, the most agreeing first. It refuses what is no permutation of the places.
//
//	shown: −1 2 0     order: 2 3 1     the degrees fall along it: τ = 1
func Order(levels []float64, order []int) (Ordered, error) {
	rank := make([]float64, len(levels))
	for at, place := range order {
		if place < 1 || place > len(levels) || len(order) != len(levels) || rank[place-1] != 0 {
			return Ordered{}, fault.New(fault.Invalid, "order %v: want each of 1 to %d once", order, len(levels))
		}
		rank[place-1] = float64(-at - 1) // later is less
	}
	if len(order) != len(levels) {
		return Ordered{}, fault.New(fault.Invalid, "order %v: want each of 1 to %d once", order, len(levels))
	}
	k := structure.KendallOf(levels, rank)
	return Ordered{k.Tau, k.Exact(len(levels)), levels, rank}, nil
}

// Summary is that of many questions.
type Summary struct {
	Tau   float64 // mean
	P     float64 // mean of the exact probabilities, which is no probability of anything
	Below float64 // share with p < .05: with five answers those in perfect order or its reverse, and no others

	Perfect float64 // share in perfect order
}

// Summarise takes the means; all NaN without a question.
func Summarise(all []Ordered) (s Summary) {
	n := float64(len(all))
	for _, o := range all {
		s.Tau, s.P = s.Tau+o.Tau, s.P+o.P
		if o.P < .05 {
			s.Below++
		}
		if o.Tau == 1 {
			s.Perfect++
		}
	}
	return Summary{s.Tau / n, s.P / n, s.Below / n, s.Perfect / n}
}

// Chance is the one probability that belongs to many questions: how often is the mean τ at least as far from 0 if each
// question's degrees are dealt out to its answers anew? NaN without a question. The order as it was counts as one of
// the draws, so that the least probability of n draws is 1/(n + 1) and never 0.
//
//	99 draws, none as far as the mean found     p = 1/100
func Chance(all []Ordered, draws int, seed uint64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	const rounding = 1e-12 // two sums of the same numbers in another order
	found, far := math.Abs(Summarise(all).Tau), 1
	rng := ranking.Stream("vcai orders", seed)
	for range draws {
		total := 0.
		for _, o := range all {
			dealt := make([]float64, len(o.levels))
			for to, from := range rng.Perm(len(dealt)) {
				dealt[to] = o.levels[from]
			}
			total += structure.KendallOf(dealt, o.rank).Tau
		}
		if math.Abs(total)/float64(len(all)) >= found-rounding {
			far++
		}
	}
	return float64(far) / float64(draws+1)
}
