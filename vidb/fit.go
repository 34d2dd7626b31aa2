package vidb

import (
	"context"
	"fmt"
	"slices"

	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/ranking"
)

// Solvers, models and what score 0 means.
const (
	SolverNewton = "newton" // the maximum
	SolverPaper  = "paper"  // the paper's fixed steps, for comparison

	ModelPlain  = "pl"     // all judges alike
	ModelJudges = "judges" // each with a sharpness and a bias of its own

	ZeroMean    = "mean"    // score 0 is the pool's middle
	ZeroNeutral = "neutral" // score 0 is where supporting and opposing texts are as likely

	TiesDrop = "drop" // a tie is left out
	TiesHalf = "half" // a tie is both orders, half each
)

// FitOptions say how orders become scores.
type FitOptions struct {
	Solver, Model, Zero, Ties string
	Prior                     ranking.Prior
	Calibration               intensity.Method
	Bootstrap                 int // draws; 0: none
	AllowDisconnected         bool
	NoGuard                   bool
}

// DefaultFit is the maximum under a ghost of ½.
func DefaultFit() FitOptions {
	return FitOptions{Solver: SolverNewton, Model: ModelPlain, Zero: ZeroMean, Ties: TiesDrop, Prior: ranking.DefaultPrior,
		Calibration: intensity.ZScore}
}

// fitted are the options of a value's last fit, the defaults where there was none. So hives vidb fit --bootstrap 200
// changes nothing but the errors.
func (v *Value) fitted() (FitOptions, error) {
	o := DefaultFit()
	if v.Report.Fit == nil {
		return o, nil
	}
	s := v.Settings
	o.Solver, o.Model, o.Zero, o.Ties, o.Calibration = v.Solver, s.Model, s.Zero, s.Ties, v.Calibration
	o.Bootstrap, o.AllowDisconnected, o.NoGuard = s.Bootstrap, s.AllowDisconnected, s.NoGuard
	var err error
	o.Prior, err = ranking.ParsePrior(v.Prior)
	return o, err
}

// validate refuses a choice that there is not, with the flag. A bootstrap of one draw has no spread.
func (o FitOptions) validate() error {
	for _, c := range []struct {
		flag, value string
		choices     []string
	}{
		{"--solver", o.Solver, []string{SolverNewton, SolverPaper}},
		{"--model", o.Model, []string{ModelPlain, ModelJudges}},
		{"--zero", o.Zero, []string{ZeroMean, ZeroNeutral}},
		{"--ties", o.Ties, []string{TiesDrop, TiesHalf}},
	} {
		if !slices.Contains(c.choices, c.value) {
			return invalid("%s %q: want one of %v", c.flag, c.value, c.choices)
		}
	}
	switch {
	case !slices.Contains(intensity.Methods, o.Calibration):
		return invalid("--calibration %q: want one of %v", o.Calibration, intensity.Methods)
	case o.Bootstrap < 0 || o.Bootstrap == 1:
		return invalid("--bootstrap %d: want 0 for none, or two draws at least", o.Bootstrap)
	case o.Zero == ZeroNeutral && o.Calibration != intensity.ZScore:
		return invalid("--zero neutral with --calibration %s: only zscore has a point that is subtracted", o.Calibration)
	}
	return nil
}

// Account says what the orders could tell.
type Account struct {
	Windows    int     `json:"windows"`
	Usable     int     `json:"usable"` // an order
	Ties       int     `json:"ties"`
	Unusable   int     `json:"unusable"`
	Weak       int     `json:"weak_components"`
	Strong     int     `json:"strong_components"`
	Undefeated int     `json:"undefeated"`
	Winless    int     `json:"winless"`
	Unseen     int     `json:"unseen"`
	Steps      int     `json:"steps,omitempty"`
	LogLik     float64 `json:"loglik"`
	MeanSE     float64 `json:"mean_se"`            // on the scale of scores
	JudgeSD    float64 `json:"judge_sd,omitempty"` // of scores fitted judge by judge, with three judges or more
	Thin       bool    `json:"thin,omitempty"`     // fewer than 80 % of the windows have an order or a tie
	Accuracy   float64 `json:"people_accuracy"`    // of pairs that people graded unlike: the share in their order
	Pairs      int     `json:"people_pairs"`       // such pairs that were looked at
	Judges     string  `json:"judges,omitempty"`   // why β and biases of the judges are missing
	Neutral    string  `json:"neutral,omitempty"`  // why there is none, or that it lies far off
}

// Fit computes everything that follows from the stored orders: utilities, errors, scores, and the judges' figures. It
// asks nobody. What voters and people said of scores stays, and is blended in again.
//
// In this order, since each step needs the one before:
//
//	orders     weighted: a window of the overlap once, a tie dropped or halved
//	graph      parts that never met are refused, unseen texts left out
//	utilities  by the solver and the model that the options name
//	errors     of the information, or of resampled orders
//	scores     by the calibration, with 0 where the options want it
//	judges     bias, consistency, agreement, sharpness
//	final      with what people decided
func Fit(ctx context.Context, v *Value, o FitOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	// Everything below is a function of the orders: the same file and options give the same bytes, without a call.
	orders := v.orders(o.Ties)
	if len(orders) == 0 {
		return fault.New(fault.Invalid, "vidb: %s has no usable order: build it first (hives vidb build)", v.ValueID)
	}
	f := newFitting(v, orders)
	if err := f.solve(ctx, o); err != nil {
		return fmt.Errorf("vidb: %s: %w", v.ValueID, err)
	}
	f.spread(o)
	if err := f.calibrate(o); err != nil {
		return err
	}
	f.account.JudgeSD = f.judgeSD(o)
	f.account.Judges = v.figures()
	f.account.Accuracy, f.account.Pairs = v.peopleAccuracy()
	v.Settings.Ties, v.Settings.Model, v.Settings.Zero, v.Settings.Bootstrap = o.Ties, o.Model, o.Zero, o.Bootstrap
	v.Settings.AllowDisconnected, v.Settings.NoGuard = o.AllowDisconnected, o.NoGuard
	v.Prior, v.Solver, v.Calibration = o.Prior.String(), o.Solver, o.Calibration
	v.Report.Fit = f.account
	return v.blend()
}

// take counts answers and what the graph can tell apart.
func (a *Account) take(v *Value, fit *ranking.Fitted, unseen int) {
	for _, w := range v.Windows {
		a.Windows++
		switch {
		case w.Answer == nil:
		case w.Answer.Tie:
			a.Ties++
		case w.Answer.Error != "":
			a.Unusable++
		default:
			a.Usable++
		}
	}
	g := fit.Graph
	a.Weak, a.Strong, a.Undefeated, a.Winless = g.Weak, g.Strong, len(g.Undefeated), len(g.Winless)
	a.Unseen, a.Steps, a.LogLik = unseen, fit.Steps, fit.LogLik
	a.Thin = float64(a.Usable+a.Ties) < thinBelow*float64(a.Windows)
}

// thinBelow is the share of windows with an answer below which a value is marked thin.
const thinBelow = .8

// blend fills in the final scores: of texts on which people decided, half their mean.
//
//	score 7.2, people 4 and 7.2, λ .5     final .5 · 7.2 + .5 · 5.6 = 6.4
//
//	score 7.2                                 final 7.2, accepted
//	score 7.2, checked, 3 of 7 doubt          final 7.2, open
//	the same, people say 4 and 7.2 (λ ½)      final ½·7.2 + ½·5.6 = 6.4, blended
//	no order holds the text                   no final, unseen
func (v *Value) blend() error {
	lambda := DefaultLambda
	if v.Settings.Lambda != nil {
		lambda = *v.Settings.Lambda
	}
	for i := range v.Scores {
		s := &v.Scores[i]
		s.Final = s.Score
		switch {
		case s.Status == Unseen:
		case s.Humans > 0:
			final, err := intensity.Blend(s.Score, s.HumanMean, lambda)
			if err != nil {
				return err
			}
			s.Final, s.Status = final, Blended
		case v.Report.Check != nil && s.doubted():
			s.Status = Waiting
		}
	}
	return nil
}

// DefaultLambda is the weight of people in a blended score.
const DefaultLambda = .5

// runOf names what answers depend on, where no judge's run does. It is that of people's grades: no votes file has
// them.
func runOf(v *Value) string {
	return judge.Hash(asJSON([]any{v.ValueID, v.DefinitionHash, v.PoolHash, v.Seed, v.K, v.M, v.Judges}))[:16]
}
