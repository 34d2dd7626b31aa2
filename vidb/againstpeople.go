package vidb

import (
	"slices"

	"hives/ranking"
)

// AgainstPeople is how a judge's answers compare with what people said of the same texts. Wilson's interval takes pairs
// as independent, which they are not: a text stands in several. So beside it stands the control that knows the pairs
// and not the texts: the same answers, with people's grades dealt out anew.
//
//	.52 of 240, interval .46–.58, permuted .41–.59     the judge knows nothing of what people said
//	.86 of 240, interval .81–.90, permuted .42–.58     it does
type AgainstPeople struct {
	Judge      string   `json:"judge"`
	Pairs      int      `json:"pairs"`       // of its windows, on which people are not at one
	Agreed     float64  `json:"agreed"`      // share of them in people's order
	Lo         float64  `json:"lo"`          // Wilson's interval of 95 %
	Hi         float64  `json:"hi"`          //
	PermutedLo *float64 `json:"permuted_lo"` // 95 % of the shares with grades dealt out anew; null without pairs
	PermutedHi *float64 `json:"permuted_hi"`
}

// permutedDraws of the grades: their ends of 95 % are then known to within about .01.
const permutedDraws = 200

// AgainstPeople measures every judge on the pairs of its own windows that people graded unlike, by their mean grades.
// A judge that guesses has ½.
func (v *Value) AgainstPeople() []AgainstPeople {
	grades := make([]People, len(v.Texts))
	means := make([]float64, len(v.Texts))
	var graded []int
	for i, t := range v.Texts {
		grades[i], means[i] = t.People, t.People.Mean()
		if t.People.Measure != "" {
			graded = append(graded, i)
		}
	}
	var out []AgainstPeople
	for _, j := range v.Judges {
		pairs := v.ordered(j.Name)
		share := func(of func(text int) int) (agreed, n int) {
			for _, p := range pairs {
				a, b := of(p[0]), of(p[1])
				if !sameQuestion(grades[a].Measure, grades[b].Measure) {
					continue
				}
				switch compare(grades[a].Measure, grades[b].Measure, means[a], means[b]) {
				case 1:
					agreed, n = agreed+1, n+1
				case -1:
					n++
				}
			}
			return agreed, n
		}
		agreed, n := share(func(text int) int { return text })
		a := AgainstPeople{Judge: j.Name, Pairs: n}
		if n > 0 {
			a.Agreed = float64(agreed) / float64(n)
		}
		a.Lo, a.Hi = ranking.Wilson(agreed, n)
		a.permute(share, graded, v.purpose("permuted people"), len(v.Texts))
		out = append(out, a)
	}
	return out
}

// permute deals the grades out anew among the texts that have some, and measures again.
func (a *AgainstPeople) permute(share func(func(int) int) (int, int), graded []int, purpose string, texts int) {
	random := ranking.Stream(purpose, 0, a.Judge)
	to := make([]int, texts)
	for i := range to {
		to[i] = i
	}
	var shares []float64
	for range permutedDraws {
		for at, from := range random.Perm(len(graded)) {
			to[graded[at]] = graded[from]
		}
		if agreed, n := share(func(text int) int { return to[text] }); n > 0 {
			shares = append(shares, float64(agreed)/float64(n))
		}
	}
	if a.Pairs > 0 && len(shares) > 0 {
		slices.Sort(shares)
		a.PermutedLo, a.PermutedHi = known(ranking.Quantile(shares, .025)), known(ranking.Quantile(shares, .975))
	}
}

// ordered are the pairs of texts that a judge put into an order, the better first.
func (v *Value) ordered(judge string) (pairs [][2]int) {
	for _, w := range v.Windows {
		if w.Judge != judge || w.Answer == nil {
			continue
		}
		for at, a := range w.Answer.Ranking {
			for _, b := range w.Answer.Ranking[at+1:] {
				pairs = append(pairs, [2]int{a, b})
			}
		}
	}
	return pairs
}

// PeopleOrder is which of two texts, by their numbers, people grade higher on the whole: 1 the first, −1 the second, 0
// neither, or nobody was asked the same of both.
func (v *Value) PeopleOrder(a, b int) int { return v.people(a, b) }

// people is which of two texts people grade higher on the whole: 1 the first, −1 the second, 0 neither.
//
//	judged 2 and judged 1          1
//	judged 2 and side 1            0: both support
//	voiced 3 and side 1            0: two questions
func (v *Value) people(a, b int) int {
	p, q := v.Texts[a].People, v.Texts[b].People
	if !sameQuestion(p.Measure, q.Measure) {
		return 0
	}
	return compare(p.Measure, q.Measure, p.Mean(), q.Mean())
}
