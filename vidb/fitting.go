package vidb

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"hives/intensity"
	"hives/internal/fault"
	"hives/ranking"
)

// order is one ranking with its weight.
type order struct {
	judge   string
	ranking []int
	shown   []int
	weight  float64
	window  int // number in Value.Windows
}

// orders are what the fit takes. The answers to one window of the overlap count once together; a tie is nothing, or
// both orders by half.
//
//	a plain window, an order                          weight 1
//	a window of the overlap, six usable answers       each 1/6: together one window
//	a tie of a plain window, with TiesHalf            both orders, ½ each
func (v *Value) orders(ties string) []order {
	// A window of the overlap is known by its focal text and repetition: its rows differ in judge and order.
	type draw struct{ focal, rep int }
	shared := map[draw]int{} // usable answers to a window of the overlap
	counts := func(a *Answer) bool {
		return a != nil && a.Error == "" && (!a.Tie || (ties == TiesHalf && len(a.Ranking) == 0))
	}
	for _, w := range v.Windows {
		if w.Overlap && counts(w.Answer) {
			shared[draw{w.Focal, w.Rep}]++
		}
	}
	var out []order
	for at, w := range v.Windows {
		if !counts(w.Answer) {
			continue
		}
		o := order{judge: w.Judge, ranking: w.Answer.Ranking, shown: w.Shown, weight: 1, window: at}
		if w.Overlap {
			o.weight = 1 / float64(shared[draw{w.Focal, w.Rep}])
		}
		if !w.Answer.Tie {
			out = append(out, o)
			continue
		}
		o.weight /= 2
		// A tie of two texts by half: each wins and loses half a comparison, which draws them together.
		back := slices.Clone(w.Shown)
		slices.Reverse(back)
		for _, ranking := range [][]int{w.Shown, back} {
			o.ranking = ranking
			out = append(out, o)
		}
	}
	return out
}

// fitting is one fit under way. Items are the texts that stand in an order, numbered anew: the others have no utility.
//
//	texts 0 1 2 3, of which 2 stands in no order     item 0 1 −1 2, text 0 1 3
type fitting struct {
	v       *Value
	orders  []order
	item    []int // [N] item of a text; −1 unseen
	text    []int // [items] text of an item
	account *Account

	rankings *ranking.Rankings
	fit      *ranking.Fitted
	theta    []float64
	se       []float64
	kind     string
}

// newFitting numbers the texts that orders hold.
//
//	texts 0 1 2 3 4, orders 1 > 4 and 4 > 0     items 0 1 2 are the texts 0 1 4; 2 and 3 are unseen
func newFitting(v *Value, orders []order) *fitting {
	f := &fitting{v: v, orders: orders, item: make([]int, len(v.Texts)), account: &Account{}}
	seen := make([]bool, len(v.Texts))
	for _, o := range orders {
		for _, text := range o.ranking {
			seen[text] = true
		}
	}
	for text := range v.Texts {
		f.item[text] = -1
		if seen[text] {
			f.item[text] = len(f.text)
			f.text = append(f.text, text)
		}
	}
	return f
}

// solve finds the utilities. The maximum is found in any case: the graph's figures and the errors are its own.
func (f *fitting) solve(ctx context.Context, o FitOptions) error {
	ranked, weights := make([][]int, len(f.orders)), make([]float64, len(f.orders))
	for at, order := range f.orders {
		for _, text := range order.ranking {
			ranked[at] = append(ranked[at], f.item[text])
		}
		weights[at] = order.weight
	}
	var err error
	if f.rankings, err = ranking.New(len(f.text), ranked, weights); err != nil {
		return err
	}
	var options []ranking.Option
	if o.AllowDisconnected {
		options = append(options, ranking.AllowDisconnected())
	}
	if f.fit, err = ranking.Fit(f.rankings, o.Prior, options...); err != nil {
		return err
	}
	f.theta = f.fit.Theta
	f.account.take(f.v, f.fit, len(f.v.Texts)-len(f.text))
	switch {
	case o.Solver == SolverPaper:
		err = f.paper(o)
	case o.Model == ModelJudges:
		err = f.judges()
	}
	return cmp.Or(err, f.errors(ctx, o))
}

// paper is the paper's solver from its own start, N(0, .01²). Its errors are those of the maximum: it has none.
//
// It is here so that what was published can be made again. With many orders a text its steps grow, which its guard
// refuses; see ranking.PaperFit.
func (f *fitting) paper(o FitOptions) error {
	random := ranking.Stream(f.v.purpose("paper start"), f.v.Seed)
	s0 := make([]float64, len(f.text))
	for i := range s0 {
		s0[i] = .01 * random.NormFloat64()
	}
	options := ranking.DefaultPaper()
	options.NoGuard = o.NoGuard
	trace, err := ranking.PaperFit(f.rankings, s0, options)
	if err != nil {
		return err
	}
	f.theta = centred(trace.S)
	return nil
}

// judges takes the utilities of the judge model: a judge that answers at random or by place counts less.
func (f *fitting) judges() error {
	model, _, err := f.v.judgeModel(f.item, len(f.text))
	if err != nil {
		return err
	}
	f.theta = centred(model.Theta)
	return nil
}

// centred is x less its mean: orders tell differences of utilities alone, and every solver leaves another middle.
func centred(x []float64) []float64 {
	var mean float64
	for _, t := range x {
		mean += t / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, t := range x {
		out[i] = t - mean
	}
	return out
}

// errors are those of the information, or of resampled orders.
//
//	--bootstrap 200            bootstrap: the spread over resampled orders
//	parts that never met       diagonal: their information cannot be inverted
//	2,000 texts and fewer      exact, from the inverse of the information
//	more                       diagonal
func (f *fitting) errors(ctx context.Context, o FitOptions) error {
	// Resampling takes longest and believes least: it does not take windows as independent of their texts.
	if o.Bootstrap > 0 {
		counts := ranking.Resample(f.v.Seed, o.Bootstrap, f.rankings.Len())
		b, err := ranking.Bootstrap(ctx, f.rankings, o.Prior, f.fit, counts)
		if err != nil {
			return err
		}
		f.se, f.kind = b.SD, "bootstrap"
		return nil
	}
	if o.AllowDisconnected && f.fit.Graph.Weak > 1 { // the information of parts cannot be inverted
		f.se, f.kind = f.fit.Diagonal().SE, "diagonal"
		return nil
	}
	e, err := f.fit.Errors()
	if err != nil {
		return err
	}
	f.se, f.kind = e.SE, "diagonal"
	if e.Exact {
		f.kind = "exact"
	}
	return nil
}

// spread puts utilities and errors beside their texts. What voters and people said is kept: it was said of the text's
// score, which a fit may move a little. A text that stood in an order before and does not now has no score.
func (f *fitting) spread(o FitOptions) {
	g := f.fit.Graph
	for text := range f.v.Scores {
		s := &f.v.Scores[text]
		was := *s // voters and people looked at the score before: what they said stays until they are asked again
		*s = unscored()
		s.Zeros, s.Answers, s.HumanMean, s.Humans = was.Zeros, was.Answers, was.HumanMean, was.Humans
		if item := f.item[text]; item >= 0 {
			s.Theta, s.SE, s.SEKind, s.Status = f.theta[item], f.se[item], f.kind, Accepted
			s.Appearances, s.Wins, s.Losses = g.Appearances[item], g.Wins[item], g.Losses[item]
		}
	}
}

// calibrate maps utilities to scores. The neutral point rests on the texts of the value alone: another text's direction
// is towards another value.
//
//	θ −1, 0, 3; zero at the mean 2/3       M = 7/3: scores −7.1, −2.9, 10
//	the same, neutral at 0                 M = 3:   scores −3.3, 0, 10
func (f *fitting) calibrate(o FitOptions) error {
	v := f.v
	c, scores, err := intensity.Calibrate(o.Calibration, f.theta)
	if err != nil {
		return err
	}
	if c.MaxAbs < constant {
		return fault.New(fault.Invalid, "vidb: %s: all texts have the same utility: the orders contradict each other "+
			"evenly, and no score can be told", v.ValueID)
	}
	// Texts of other values take no part: a 0 is left out of the regression.
	direction := make([]int, len(f.text))
	for item, text := range f.text {
		if v.Texts[text].Target {
			direction[item] = v.Texts[text].Direction
		}
	}
	v.Mean, v.MaxAbs, v.Neutral = c.Mean, c.MaxAbs, math.NaN()
	if neutral, err := intensity.Neutral(f.theta, direction); err != nil {
		f.account.Neutral = err.Error()
	} else {
		v.Neutral = neutral
		if off := intensity.Limit * (neutral - c.Mean) / c.MaxAbs; math.Abs(off) > 1 {
			f.account.Neutral = fmt.Sprintf("lies %.1f units from the pool's middle: signs depend on --zero", off)
		}
	}
	if o.Zero == ZeroNeutral {
		if scores, err = f.fromNeutral(); err != nil {
			return err
		}
	}
	f.account.MeanSE = 0
	for item, text := range f.text {
		// The farthest text stands at an end, and rounding may put it 2e-15 beyond.
		v.Scores[text].Score = min(intensity.Limit, max(-intensity.Limit, scores[item]))
		f.account.MeanSE += intensity.Limit / v.MaxAbs * f.se[item] / float64(len(f.text))
	}
	return nil
}

// constant is the spread of utilities below which there are no scores.
const constant = 1e-12

// fromNeutral are scores whose 0 is the neutral point: it is subtracted before the largest distance is taken.
//
//	utilities −2 0 1, neutral 0.5     −2.5 −.5 .5     scores −10 −2 2
func (f *fitting) fromNeutral() ([]float64, error) {
	v := f.v
	if math.IsNaN(v.Neutral) {
		return nil, fault.New(fault.Invalid, "vidb: %s has no neutral point for --zero neutral: %s", v.ValueID,
			f.account.Neutral)
	}
	v.Mean, v.MaxAbs = v.Neutral, 0
	for _, t := range f.theta {
		v.MaxAbs = max(v.MaxAbs, math.Abs(t-v.Mean))
	}
	scores := make([]float64, len(f.theta))
	for item, t := range f.theta {
		scores[item] = intensity.Limit * ((t - v.Mean) / v.MaxAbs)
	}
	return scores, nil
}
