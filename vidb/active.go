package vidb

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hives/ranking"
)

// active goes on from the first rounds, pair by pair where most is learned, refitted after every round. Vectors have a
// say in which pairs are shown and none in the fit.
//
// Each round waits for its answers, so the calls of a round are all that can be under way at once: N/2 of them.
func (y *jury) active(ctx context.Context, v *Value, o DesignOptions, a *asker, bar Bar) error {
	seen := v.seen()
	// Rounds are numbered on from the matching's, so that no window has the name of an earlier one.
	for round := o.rounds(); round < o.M*o.K; round++ {
		windows, err := v.round(o, y.prior, seen, round)
		if err != nil {
			return err
		}
		if err := y.answer(ctx, v, a, windows, bar); err != nil {
			return err
		}
		v.Windows = append(v.Windows, windows...)
	}
	return nil
}

// round draws one more round of pairs from what is known so far. It asks nobody.
//
// Every second round is dealt at random. Pairs that teach most are of like utility, so of texts that fall into groups
// nearly all of them lie within one, and how far apart the groups stand is never asked: errors then stay where they
// were, however many calls (docs/decisions/active-pairs.md).
func (v *Value) round(o DesignOptions, prior *vectorPrior, seen *history, round int) ([]Window, error) {
	theta, se, err := v.standing()
	if err != nil {
		return nil, err
	}
	if prior != nil {
		theta, se = prior.blend(theta, se)
	}
	// A round's draws are its own: taken up again in the middle, the run pairs the same texts.
	random := ranking.Stream(v.purpose("active"), o.Seed, fmt.Sprint(round))
	var pairs [][2]int
	if round%2 == 1 {
		for two := range slices.Chunk(random.Perm(len(v.Texts)), 2) {
			if len(two) == 2 { // of an odd number one sits out
				pairs = append(pairs, [2]int{two[0], two[1]})
			}
		}
	} else if pairs, err = ranking.ActiveRound(random, theta, se); err != nil {
		return nil, err
	}
	shown := seen.deal(pairs, round, random.IntN)
	v.overlap(shown, o)
	if o.Order == OrderRandom {
		v.shuffle(shown, o.Seed)
	}
	return v.spread(shown, o, v.Judges), nil
}

// history is who was shown what, in which order.
type history struct {
	judges int
	first  []int           // how often a text was shown first less how often second, outside the overlap
	asked  map[[3]int]bool // judge, first text, second text
}

// seen is the history of the windows so far.
func (v *Value) seen() *history {
	h := &history{judges: len(v.Judges), first: make([]int, len(v.Texts)), asked: map[[3]int]bool{}}
	for _, w := range v.Windows {
		j := slices.IndexFunc(v.Judges, func(j Juror) bool { return j.Name == w.Judge })
		h.asked[[3]int{j, w.Shown[0], w.Shown[1]}] = true
		if !w.Overlap {
			h.first[w.Shown[0]]++
			h.first[w.Shown[1]]--
		}
	}
	return h
}

// deal gives each pair an order and a judge. Judges take turns, and whichever text stood second more often comes first,
// a coin where both did alike. A judge that was shown a pair in an order has answered: asked again it would repeat
// itself and count twice. So the next judge gets it, and when all have seen it, in the other order.
//
//	pair 3 5, judge 0's turn, who has seen 3 5      judge 1 gets 3 5
//	all have seen 3 5                               judge 0 gets 5 3
func (h *history) deal(pairs [][2]int, round int, coin func(int) int) []ranking.Shown {
	var out []ranking.Shown
	for at, p := range pairs {
		if h.first[p[0]] > h.first[p[1]] || (h.first[p[0]] == h.first[p[1]] && coin(2) == 1) {
			p[0], p[1] = p[1], p[0]
		}
		judge := (round + at) % h.judges
		for try := range 2 * h.judges {
			next := (judge + try) % h.judges
			if try == h.judges {
				p[0], p[1] = p[1], p[0]
			}
			if !h.asked[[3]int{next, p[0], p[1]}] {
				judge = next
				break
			}
		}
		h.asked[[3]int{judge, p[0], p[1]}] = true
		h.first[p[0]]++
		h.first[p[1]]--
		out = append(out, ranking.Shown{Focal: p[0], Repeat: round, Items: p[:], Judge: judge})
	}
	return out
}

// standing is the judge model's account so far: utilities, and errors by the diagonal of the information, which is
// enough to choose pairs by. A text that no order holds stands in the middle with the prior's error.
//
//	p = σ(β (θ_a − θ_b) + bias)
//	information of a and of b: 1/σ² of the prior, and β² p (1 − p) of each pair
//	SE 1/√information
//
// At p = ½ a pair tells most, at p = .99 a twenty-fifth of that: hence pairs of like utility.
//
//	text 4: five answers at p(1−p) = .2, β 1     information 1/9 + 5·.2 = 1.11, error .95
func (v *Value) standing() (theta, se []float64, err error) {
	item := make([]int, len(v.Texts))
	for i := range item {
		item[i] = i
	}
	model, names, err := v.judgeModel(item, len(item))
	if err != nil {
		return nil, nil, err
	}
	// 1/σ² of the prior is what is known of a text before anybody was shown it; each answer adds β²p(1−p) to both of
	// its texts: most where the outcome was open, nothing where it was sure.
	wide := ranking.DefaultJudgePriors().Theta
	information := make([]float64, len(item))
	for i := range information {
		information[i] = 1 / (wide * wide)
	}
	for _, o := range v.orders(TiesDrop) {
		q := slices.Index(names, o.judge)
		beta, bias := model.Beta[q], model.Bias[q][0]
		a, b := o.shown[0], o.shown[1]
		p := 1 / (1 + math.Exp(-(beta*(model.Theta[a]-model.Theta[b]) + bias)))
		information[a] += beta * beta * p * (1 - p)
		information[b] += beta * beta * p * (1 - p)
	}
	se = make([]float64, len(item))
	for i, h := range information {
		se[i] = 1 / math.Sqrt(h)
	}
	return model.Theta, se, nil
}
