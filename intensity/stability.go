package intensity

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"hives/internal/fault"
	"hives/structure"
)

// Ratings are one method's scores of items by judges, in one unit. NaN is missing. A text that a judge would not rate
// counts where others rated it and nowhere as 0.
type Ratings struct {
	Scores    [][][]float64 // [J][P][I]
	Value     []int         // [I] the value an item is scored for
	Direction []int         // [I] what people say: −1, 0 or +1
}

// Stability is how much scores depend on who is asked and how. Undefined numbers are NaN.
//
// The first four reward small scores: a map that presses most texts near 0 lowers variance, range, and prompt change
// without a judge agreeing more. So a claim that one method is stabler rests on VarianceShare, Spearman and KendallW,
// which no change of unit improves.
//
// Pressing all scores to a tenth divides MeanVariance and BetweenItems by a hundred each, so their ratio
// VarianceShare stays; ranks stay too. That is the sense of "no change of unit".
type Stability struct {
	Items int // scored by two judges or more under the first prompt: those of the first five figures

	MeanVariance           float64 // over judges, divisor J−1, mean over items
	MeanVariancePopulation float64 // divisor J
	MeanRange              float64 // max − min over judges
	SignFlips              float64 // share of items with a judge above 0 and another below
	SignFlipPairs          float64 // share of pairs of judges with opposite signs
	PromptChange           float64 // |second prompt − first|, mean over judges and items

	SignAccuracy float64 // share of (judge, item) with a human direction whose sign is that; 0 is wrong
	Ranking      float64 // mean over judges of the share of pairs in the human order, a tie counting ½
	RankingTies0 float64 // the same with a tie wrong
	TieShare     float64 // mean over judges of the share of tied pairs
	Pairs        []int   // [J] ordered pairs of one value with unlike human directions

	BetweenItems  float64 // variance of the items' means, divisor I−1
	VarianceShare float64 // MeanVariance/(MeanVariance + BetweenItems)
	Spearman      float64 // mean over pairs of judges, over the items both scored
	KendallW      float64 // over the items that all judges scored; 1: all orders alike
}

// Validate refuses ratings whose parts do not fit.
func (r Ratings) Validate() error {
	if len(r.Value) != len(r.Direction) || len(r.Value) == 0 {
		return fault.New(fault.Mismatch, "intensity: %d values and %d directions of items", len(r.Value), len(r.Direction))
	}
	if len(r.Scores) < 2 {
		return fault.New(fault.Invalid, "intensity: %d judges: two are needed to compare", len(r.Scores))
	}
	for j, prompts := range r.Scores {
		if len(prompts) == 0 || len(prompts) != len(r.Scores[0]) {
			return fault.New(fault.Mismatch, "intensity: judge %d was asked with %d prompts, judge 0 with %d", j, len(prompts),
				len(r.Scores[0]))
		}
		for p, scores := range prompts {
			if len(scores) != len(r.Value) {
				return fault.New(fault.Mismatch, "intensity: judge %d, prompt %d: %d scores for %d items", j, p, len(scores),
					len(r.Value))
			}
		}
	}
	for item, d := range r.Direction {
		if d < -1 || d > 1 {
			return fault.New(fault.Invalid, "intensity: direction %d of item %d: want −1, 0 or 1", d, item)
		}
	}
	return nil
}

// Measure computes the table's row of one method. Figures for which nothing is there to be counted (no second prompt,
// no directions) come out as 0/0, NaN.
func Measure(r Ratings) (Stability, error) {
	if err := r.Validate(); err != nil {
		return Stability{}, err
	}
	all := make([]int, len(r.Value))
	for item := range all {
		all[item] = item
	}
	return r.measure(all), nil
}

// measure is Measure over the items listed, which may hold one several times: a draw of the bootstrap. Repeated items
// count each time, in means and in ranks alike.
func (r Ratings) measure(items []int) Stability {
	var s Stability
	s.spread(r, items)
	s.prompts(r, items)
	s.order(r, items)
	s.Spearman, s.KendallW = r.agreement(items)
	s.VarianceShare = s.MeanVariance / (s.MeanVariance + s.BetweenItems)
	return s
}

// of returns the scores an item has under the first prompt.
func (r Ratings) of(item int) (scores []float64) {
	for _, prompts := range r.Scores {
		if x := prompts[0][item]; !math.IsNaN(x) {
			scores = append(scores, x)
		}
	}
	return scores
}

// spread fills what is compared over judges within items.
//
//	one item, three judges: 3, −1, 5     variance 9.33 (population 6.22), range 6, a sign flip, 2 of 3 pairs opposite
func (s *Stability) spread(r Ratings, items []int) {
	var means []float64
	var flips, pairs, opposite float64
	for _, item := range items {
		scores := r.of(item)
		if len(scores) > 0 {
			means = append(means, stat.Mean(scores, nil))
		}
		if len(scores) < 2 {
			continue
		}
		s.Items++
		s.MeanVariance += stat.Variance(scores, nil)
		s.MeanVariancePopulation += stat.PopVariance(scores, nil)
		low, high := slices.Min(scores), slices.Max(scores)
		s.MeanRange += high - low
		if low < 0 && high > 0 {
			flips++
		}
		for i, x := range scores {
			for _, y := range scores[:i] {
				pairs++
				if x*y < 0 {
					opposite++
				}
			}
		}
	}
	n := float64(s.Items)
	s.MeanVariance, s.MeanVariancePopulation, s.MeanRange = s.MeanVariance/n, s.MeanVariancePopulation/n, s.MeanRange/n
	s.SignFlips, s.SignFlipPairs = flips/n, opposite/pairs
	s.BetweenItems = stat.Variance(means, nil)
}

// prompts fills what changing the prompt changes, and how often signs are people's.
func (s *Stability) prompts(r Ratings, items []int) {
	var change, changes, right, signed float64
	for _, prompts := range r.Scores {
		for _, item := range items {
			first := prompts[0][item]
			if math.IsNaN(first) {
				continue
			}
			if len(prompts) > 1 && !math.IsNaN(prompts[1][item]) {
				change += math.Abs(prompts[1][item] - first)
				changes++
			}
			if d := r.Direction[item]; d != 0 {
				signed++
				if first*float64(d) > 0 {
					right++
				}
			}
		}
	}
	s.PromptChange, s.SignAccuracy = change/changes, right/signed
}

// order fills the share of pairs that stand as people say.
//
// Only pairs of one value are asked about, since a score says how strongly a text supports its own value. Of four
// items with directions + + 0 − there are 5 pairs; the two + are in no order.
func (s *Stability) order(r Ratings, items []int) {
	of := map[int][]int{} // items by value: pairs of unlike values are not even looked at
	for _, item := range items {
		of[r.Value[item]] = append(of[r.Value[item]], item)
	}
	var judges float64
	for _, prompts := range r.Scores {
		var right, tied, pairs float64
		for _, i := range items {
			for _, j := range of[r.Value[i]] {
				x, y := prompts[0][i], prompts[0][j]
				if r.Direction[i] <= r.Direction[j] || math.IsNaN(x) || math.IsNaN(y) {
					continue
				}
				pairs++
				switch {
				case x > y:
					right++
				case x == y:
					tied++
				}
			}
		}
		s.Pairs = append(s.Pairs, int(pairs))
		if pairs == 0 {
			continue
		}
		judges++
		s.Ranking += (right + tied/2) / pairs
		s.RankingTies0 += right / pairs
		s.TieShare += tied / pairs
	}
	s.Ranking, s.RankingTies0, s.TieShare = s.Ranking/judges, s.RankingTies0/judges, s.TieShare/judges
}

// agreement is Spearman's ρ, mean over pairs of judges, and Kendall's W with the correction for ties:
//
//	W = 12 Σ(R_i − R̄)² / (J²(n³ − n) − J ΣT),    R_i the sum of item i's ranks, T = Σ(t³ − t) over a judge's ties
//
//	two judges, three items, the same order     R 2 4 6     W = 12·8/(4·24) = 1
//	two judges, opposite orders                 R 4 4 4     W = 0
//
// A judge that gives all items one score has no order: its pairs are left out of ρ.
func (r Ratings) agreement(items []int) (spearman, w float64) {
	judges := len(r.Scores)
	var total, pairs float64
	for j := range judges {
		for i := range j {
			x, y := r.shared(items, []int{i, j})
			if rho := Spearman(x, y[0]); !math.IsNaN(rho) {
				total, pairs = total+rho, pairs+1
			}
		}
	}
	everyone := make([]int, judges)
	for j := range everyone {
		everyone[j] = j
	}
	first, others := r.shared(items, everyone)
	n := float64(len(first))
	sums, ties := make([]float64, len(first)), 0.
	for _, scores := range append([][]float64{first}, others...) {
		ranks := structure.Ranks(scores)
		for i, rank := range ranks {
			sums[i] += rank
		}
		ties += tieTerm(scores)
	}
	squares := n * stat.PopVariance(sums, nil)
	j := float64(judges)
	return total / pairs, 12 * squares / (j*j*(n*n*n-n) - j*ties)
}

// Spearman is the correlation of ranks, equal numbers sharing the mean of theirs; NaN where one side is constant.
func Spearman(x, y []float64) float64 {
	return stat.Correlation(structure.Ranks(x), structure.Ranks(y), nil)
}

// shared returns the scores of the named judges on the items that all of them scored: the first's, and the others'.
func (r Ratings) shared(items, judges []int) (first []float64, others [][]float64) {
	others = make([][]float64, len(judges)-1)
	for _, item := range items {
		if slices.ContainsFunc(judges, func(j int) bool { return math.IsNaN(r.Scores[j][0][item]) }) {
			continue
		}
		first = append(first, r.Scores[judges[0]][0][item])
		for at, j := range judges[1:] {
			others[at] = append(others[at], r.Scores[j][0][item])
		}
	}
	return first, others
}

// tieTerm is Σ(t³ − t) over runs of t equal values. Of 1 1 1 2 2 it is 24 + 6 = 30. Ties lower the largest possible
// Σ(R_i − R̄)²; without it W could not reach 1.
func tieTerm(x []float64) (sum float64) {
	sorted := slices.SortedFunc(slices.Values(x), cmp.Compare)
	for lo, hi := 0, 0; lo < len(sorted); lo = hi {
		for hi = lo; hi < len(sorted) && sorted[hi] == sorted[lo]; hi++ {
		}
		t := float64(hi - lo)
		sum += t*t*t - t
	}
	return sum
}
