package vidb

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"hives/intensity"
	"hives/ranking"
)

// figures fills in what each judge's answers look like. Where the judge model does not settle, β and biases are
// missing, and the reason is returned: the scores do not hang on them.
//
//	answers 100, ties 6, unusable 4        90 orders
//	the first shown won 54 of them         first share .60, interval .50 to .70
func (v *Value) figures() (why string) {
	v.Jurors = nil
	for _, j := range v.Judges {
		f := JudgeFigures{Judge: j.Name, Beta: math.NaN(), FirstShare: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
		first := 0
		for _, w := range v.Windows {
			if w.Judge != j.Name || w.Answer == nil {
				continue
			}
			f.Answers++
			switch {
			case w.Answer.Tie:
				f.Ties++
			case w.Answer.Error != "":
				f.Unusable++
			case w.Answer.Ranking[0] == w.Shown[0]:
				first++
			}
		}
		if n := f.Answers - f.Ties - f.Unusable; n > 0 {
			f.FirstShare = float64(first) / float64(n)
			f.Lo, f.Hi = ranking.Wilson(first, n)
		}
		f.Consistency, f.Agreement = v.consistency(j.Name), v.agreement(j.Name)
		v.Jurors = append(v.Jurors, f)
	}
	if err := v.sharpness(); err != nil {
		return err.Error()
	}
	return ""
}

// sharpness adds β and the bias of each judge. People's grades know no place, and one judge's β is 1 by definition.
func (v *Value) sharpness() error {
	if len(v.Judges) == 1 && v.Judges[0].Name == Annotations {
		return nil
	}
	item := make([]int, len(v.Texts))
	for i := range item {
		item[i] = i
	}
	model, judges, err := v.judgeModel(item, len(v.Texts))
	if err != nil {
		return err
	}
	for at, name := range judges {
		i := slices.IndexFunc(v.Jurors, func(f JudgeFigures) bool { return f.Judge == name })
		v.Jurors[i].Beta, v.Jurors[i].Bias = model.Beta[at], model.Bias[at]
	}
	return nil
}

// judgeModel fits the judges' sharpness and biases to all orders. An answer of the overlap counts like any other there:
// it is one more answer of that judge. It returns the judges' names in the model's order.
func (v *Value) judgeModel(item []int, items int) (*ranking.Judges, []string, error) {
	// By place in the file's list of judges: the model knows numbers alone.
	var names []string
	for _, j := range v.Judges {
		names = append(names, j.Name)
	}
	var votes []ranking.Vote
	for _, o := range v.orders(TiesDrop) {
		vote := ranking.Vote{Judge: slices.Index(names, o.judge)}
		for _, text := range o.ranking {
			vote.Order = append(vote.Order, item[text])
			vote.Shown = append(vote.Shown, slices.Index(o.shown, text))
		}
		votes = append(votes, vote)
	}
	model, err := ranking.FitJudges(items, len(names), votes, ranking.DefaultJudgePriors())
	return model, names, err
}

// consistency is the share of a judge's windows of the overlap on which it chose the same text in both orders; NaN
// without such windows.
//
//	A B: A     B A: A     the same text
//	A B: A     B A: B     the same place
//
//	pair 4 7: 4 won in 4 7 and in 7 4          the same text: consistent
//	pair 4 7: 4 won in 4 7 and 7 won in 7 4    the same place: a lean, or a coin
func (v *Value) consistency(name string) float64 {
	type draw struct{ focal, rep int }
	forward := map[draw]int{}
	same, pairs := 0, 0
	for _, w := range v.Windows {
		if !w.Overlap || w.Judge != name || w.Answer == nil || len(w.Answer.Ranking) == 0 {
			continue
		}
		key := draw{w.Focal, w.Rep}
		before, twice := forward[key]
		if !twice {
			forward[key] = w.Answer.Ranking[0]
			continue
		}
		pairs++
		if before == w.Answer.Ranking[0] {
			same++
		}
	}
	return float64(same) / float64(pairs) // 0/0 is NaN
}

// agreement is how often other judges put two texts of a window into the same order as this one, over the windows
// that all got in the same order; NaN without another judge. Windows in one order are compared, so that two judges
// that lean to the first place agree for that too; consistency tells them from judges that see the same.
func (v *Value) agreement(name string) float64 {
	// The same window in the same order: two judges that lean to one place would else agree by their lean in one order and
	// disagree in the other.
	type shown struct {
		focal, rep, first int
	}
	others := map[shown][][]int{}
	for _, w := range v.Windows {
		if w.Overlap && w.Judge != name && w.Answer != nil && len(w.Answer.Ranking) > 0 {
			key := shown{w.Focal, w.Rep, w.Shown[0]}
			others[key] = append(others[key], w.Answer.Ranking)
		}
	}
	var agreed, pairs int
	for _, w := range v.Windows {
		if !w.Overlap || w.Judge != name || w.Answer == nil || len(w.Answer.Ranking) == 0 {
			continue
		}
		for _, other := range others[shown{w.Focal, w.Rep, w.Shown[0]}] {
			a, n := concordant(w.Answer.Ranking, other)
			agreed, pairs = agreed+a, pairs+n
		}
	}
	return float64(agreed) / float64(pairs)
}

// concordant counts the pairs of one order that the other has the same way round.
//
//	1 2 3 and 1 3 2     2 of 3: they part on 2 and 3
//
//	A B C and B A C     2 of 3: A C and B C
func concordant(a, b []int) (agreed, pairs int) {
	for i := range a {
		for j := i + 1; j < len(a); j++ {
			pairs++
			if slices.Index(b, a[i]) < slices.Index(b, a[j]) {
				agreed++
			}
		}
	}
	return agreed, pairs
}

// accuracyPairs is how many pairs the share below rests on at most: its error is then .001, and 8,000 texts have 3·10⁷
// pairs.
const accuracyPairs = 200000

// peopleAccuracy is the share of pairs of scored texts, graded unlike by people, that the scores put into people's
// order; equal scores count ½. Of large pools a sample is looked at. The sample is of pairs with replacement, by the
// value's seed: 200,000 pairs give a share to within .002 if they were independent.
//
// It says how much of people's order survived the drawing of windows and the fit. Of people's own grades it is near 1
// and proves nothing but that; of a model's it says how well the model stands in for people.
func (v *Value) peopleAccuracy() (share float64, pairs int) {
	var graded []int
	for i, t := range v.Texts {
		if t.People.Measure != "" && !math.IsNaN(v.Scores[i].Score) {
			graded = append(graded, i)
		}
	}
	var right float64
	look := func(a, b int) {
		side := v.people(a, b)
		if side == 0 {
			return
		}
		pairs++
		switch d := v.Scores[a].Score - v.Scores[b].Score; {
		case d == 0:
			right += .5
		case (d > 0) == (side > 0):
			right++
		}
	}
	if n := len(graded); n*(n-1)/2 <= accuracyPairs {
		for i, a := range graded {
			for _, b := range graded[:i] {
				look(a, b)
			}
		}
	} else {
		random := ranking.Stream(v.purpose("accuracy"), v.Seed)
		for range accuracyPairs {
			look(graded[random.IntN(n)], graded[random.IntN(n)])
		}
	}
	if pairs == 0 {
		return 0, 0
	}
	return right / float64(pairs), pairs
}

// judgeSD is the mean over texts of the standard deviation of scores that each judge's orders give alone. Two judges
// have no spread to speak of, and a judge that saw a text in no window says nothing of it.
//
//	a text scored 3, 5 and 4 by three judges alone     SD 1
//
// The scores of a judge alone have a scale of their own, so part of it is the scale's.
func (f *fitting) judgeSD(o FitOptions) float64 {
	if len(f.v.Judges) < 3 {
		return 0
	}
	seen := make([][]float64, len(f.v.Texts))
	for _, j := range f.v.Judges {
		var own []order
		for _, order := range f.orders {
			if order.judge == j.Name {
				order.weight = 1
				own = append(own, order)
			}
		}
		alone := newFitting(f.v, own)
		if len(alone.text) < 2 || alone.solveAlone(o) != nil {
			continue
		}
		_, scores, err := intensity.Calibrate(intensity.ZScore, alone.theta)
		for item, text := range alone.text {
			if err == nil {
				seen[text] = append(seen[text], scores[item])
			}
		}
	}
	var sum, texts float64
	for _, scores := range seen {
		if len(scores) > 1 {
			sum, texts = sum+stat.StdDev(scores, nil), texts+1
		}
	}
	if texts == 0 {
		return 0
	}
	return sum / texts
}

// solveAlone fits one judge's orders, which may leave parts that never met: the prior holds them together. Weights of
// the overlap are one: a judge is alone in its own window.
func (f *fitting) solveAlone(o FitOptions) error {
	ranked, weights := make([][]int, len(f.orders)), make([]float64, len(f.orders))
	for at, order := range f.orders {
		weights[at] = order.weight
		for _, text := range order.ranking {
			ranked[at] = append(ranked[at], f.item[text])
		}
	}
	r, err := ranking.New(len(f.text), ranked, weights)
	if err != nil {
		return err
	}
	fit, err := ranking.Fit(r, ranking.DefaultPrior, ranking.AllowDisconnected())
	if err != nil {
		return err
	}
	f.theta = fit.Theta
	return nil
}
