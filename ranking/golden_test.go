package ranking_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"hives/internal/rig/goldentest"
	"hives/ranking"
)

// number is a float64 in which null means undefined.
type number float64

func (n *number) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		*n = number(math.NaN())
		return nil
	}
	var f float64
	_, err := parse(string(raw), &f)
	*n = number(f)
	return err
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.IsNaN(want) || math.Abs(got-want) > tolerance*math.Max(1, math.Abs(want)) {
		t.Errorf("%s: %v, want %v (within %g)", what, got, want, tolerance)
	}
}

func allNear(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.IsNaN(got[i]) || math.Abs(got[i]-want[i]) > tolerance*math.Max(1, math.Abs(want[i])) {
			t.Errorf("%s [%d]: %v, want %v (within %g)", what, i, got[i], want[i], tolerance)
			return
		}
	}
}

type fitted struct {
	Theta            []float64
	LogLik           float64
	Ghost            float64
	PenalisedLogLik  float64 `json:"penalised_loglik"`
	LogLikWithGhost  float64 `json:"loglik_with_ghost"`
	SE               []float64
	SEDiagonal       []float64 `json:"se_diagonal"`
	SEDifference01   float64   `json:"se_difference_0_1"`
	MaxAbsGradientOf float64   `json:"max_abs_gradient"`
}

type fitCase struct {
	Name     string
	Items    int
	Rankings any
	Weights  []float64
	Graph    struct {
		Weak        int   `json:"weak_components"`
		Label       []int `json:"weak_label"`
		Strong      int   `json:"strong_components"`
		Undefeated  []int
		Winless     []int
		Appearances []int
		Wins        []int
		Losses      []int
	}
	MLE   *fitted
	Ridge *fitted `json:"ridge_0_01"`
	Ghost *fitted `json:"ghost_0_5"`
}

// orders reads rankings, which a case may take from another: "same as NAME".
func (c fitCase) orders(t *testing.T, all []fitCase) [][]int {
	t.Helper()
	if text, is := c.Rankings.(string); is {
		for _, other := range all {
			if strings.TrimPrefix(text, "same as ") == other.Name {
				return other.orders(t, all)
			}
		}
		t.Fatalf("case %s: rankings %q", c.Name, text)
	}
	return integers(t, c.Rankings)
}

func integers(t *testing.T, raw any) (out [][]int) {
	t.Helper()
	for _, row := range raw.([]any) {
		var order []int
		for _, item := range row.([]any) {
			order = append(order, int(item.(float64)))
		}
		out = append(out, order)
	}
	return out
}

func fitCases(t *testing.T) []fitCase {
	var file struct{ Cases []fitCase }
	goldentest.ReadJSON(t, &file, "g_valueflow", "pl_fit.json")
	return file.Cases
}

func TestGoldenFit(t *testing.T) {
	cases := fitCases(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			r, err := ranking.New(c.Items, c.orders(t, cases), c.Weights)
			if err != nil {
				t.Fatal(err)
			}
			checkGraph(t, ranking.Inspect(r), c)
			var options []ranking.Option
			if c.Graph.Weak > 1 {
				if _, err := ranking.Fit(r, ranking.DefaultPrior); err == nil {
					t.Error("a disconnected graph was fitted without leave")
				}
				options = append(options, ranking.AllowDisconnected())
			}
			if c.MLE == nil {
				if _, err := ranking.Fit(r, ranking.None(), options...); err == nil {
					t.Error("a maximum at infinity was returned")
				}
			}
			checkFit(t, "mle", r, ranking.None(), c.MLE, options)
			checkFit(t, "ridge", r, ranking.Ridge(.01), c.Ridge, options)
			checkFit(t, "ghost", r, ranking.Ghost(.5), c.Ghost, options)
		})
	}
}

func checkGraph(t *testing.T, g ranking.Graph, c fitCase) {
	t.Helper()
	if g.Weak != c.Graph.Weak || g.Strong != c.Graph.Strong {
		t.Errorf("%d weak and %d strong components, want %d and %d", g.Weak, g.Strong, c.Graph.Weak, c.Graph.Strong)
	}
	for i := range g.Label {
		for j := range i {
			if (g.Label[i] == g.Label[j]) != (c.Graph.Label[i] == c.Graph.Label[j]) {
				t.Fatalf("items %d and %d: another partition", i, j)
			}
		}
	}
	for _, pair := range [][2][]int{
		{g.Undefeated, c.Graph.Undefeated}, {g.Winless, c.Graph.Winless}, {g.Appearances, c.Graph.Appearances},
		{g.Wins, c.Graph.Wins}, {g.Losses, c.Graph.Losses},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("graph: %v, want %v", pair[0], pair[1])
		}
	}
}

func checkFit(t *testing.T, name string, r *ranking.Rankings, prior ranking.Prior, want *fitted,
	options []ranking.Option) {
	t.Helper()
	if want == nil {
		return
	}
	f, err := ranking.Fit(r, prior, options...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	allNear(t, name+" theta", f.Theta, want.Theta, 1e-8)
	near(t, name+" loglik", f.LogLik, want.LogLik, 1e-9)
	if want.PenalisedLogLik != 0 {
		near(t, name+" penalised", f.Objective, want.PenalisedLogLik, 1e-9)
	}
	if want.LogLikWithGhost != 0 {
		near(t, name+" with ghost", f.Objective, want.LogLikWithGhost, 1e-9)
		near(t, name+" ghost", f.Ghost, want.Ghost, 1e-8)
	}
	e, err := f.Errors()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if want.SE != nil {
		allNear(t, name+" se", e.SE, want.SE, 1e-7)
	}
	if want.SEDiagonal != nil {
		allNear(t, name+" diagonal se", f.Diagonal().SE, want.SEDiagonal, 1e-7)
	}
	if want.SEDifference01 != 0 {
		near(t, name+" se of a difference", e.Difference(0, 1), want.SEDifference01, 1e-7)
	}
}

func TestGoldenPaper(t *testing.T) {
	var file struct {
		S0            []float64
		LR, Eps       float64
		MaxEpochs     int       `json:"max_epochs"`
		FirstGradient []float64 `json:"first_gradient"`
		EpochsRun     int       `json:"epochs_run"`
		StepNorm      []float64 `json:"step_norm"`
		LogLik        []float64
		S             map[string][]float64
		Oscillating   struct {
			Items    int
			Rankings [][]int
			S0       []float64
			StepNorm []float64 `json:"step_norm"`
		}
		Rankings string
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "pl_trace.json")
	cases := fitCases(t)
	name := file.Rankings[strings.LastIndex(file.Rankings, " ")+1:]
	at := slices.IndexFunc(cases, func(c fitCase) bool { return c.Name == name })
	if at < 0 {
		t.Fatalf("no case %q", name)
	}
	r, err := ranking.New(cases[at].Items, cases[at].orders(t, cases), cases[at].Weights)
	if err != nil {
		t.Fatal(err)
	}
	options := ranking.PaperOptions{Rate: file.LR, Epsilon: file.Eps, Epochs: file.MaxEpochs}
	trace, err := ranking.PaperFit(r, file.S0, options)
	if err != nil {
		t.Fatal(err)
	}
	if len(trace.StepNorm) != file.EpochsRun {
		t.Errorf("%d epochs, want %d", len(trace.StepNorm), file.EpochsRun)
	}
	allNear(t, "step norms", trace.StepNorm, file.StepNorm, 1e-9)
	allNear(t, "log-likelihoods", trace.LogLik, file.LogLik, 1e-9)
	for epoch, s := range file.S {
		var n int
		if _, err := parse(epoch, &n); err != nil {
			t.Fatal(err)
		}
		shorter := options
		shorter.Epochs = n
		part, err := ranking.PaperFit(r, file.S0, shorter)
		if err != nil {
			t.Fatal(err)
		}
		allNear(t, "s after epoch "+epoch, part.S, s, 1e-9)
	}

	o := file.Oscillating
	r, err = ranking.New(o.Items, o.Rankings, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ranking.PaperFit(r, o.S0, options); err == nil || !strings.Contains(err.Error(), "does not settle") {
		t.Errorf("a solver whose steps grow: %v", err)
	}
	options.NoGuard = true
	trace, err = ranking.PaperFit(r, o.S0, options)
	if err != nil {
		t.Fatal(err)
	}
	allNear(t, "oscillating step norms", trace.StepNorm[:10], o.StepNorm[:10], 1e-6)
	if last := trace.StepNorm[len(trace.StepNorm)-1]; last <= 1 {
		t.Errorf("the last step is %v, want more than 1", last)
	}
}

func TestGoldenBootstrap(t *testing.T) {
	var file struct {
		Items      int
		Rankings   [][]int
		Counts     [][]float64
		Prior      string
		Point      []float64
		Theta      [][]float64
		SD         []float64
		Lo95, Hi95 []float64
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "bootstrap.json")
	prior, err := ranking.ParsePrior(strings.ReplaceAll(file.Prior, " ", ":"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ranking.New(file.Items, file.Rankings, nil)
	if err != nil {
		t.Fatal(err)
	}
	point, err := ranking.Fit(r, prior)
	if err != nil {
		t.Fatal(err)
	}
	allNear(t, "point", point.Theta, file.Point, 1e-8)
	b, err := ranking.Bootstrap(context.Background(), r, prior, point, file.Counts)
	if err != nil {
		t.Fatal(err)
	}
	for draw := range file.Theta {
		allNear(t, "draw", b.Theta[draw], file.Theta[draw], 1e-8)
	}
	allNear(t, "sd", b.SD, file.SD, 1e-7)
	allNear(t, "lo", b.Lo, file.Lo95, 1e-7)
	allNear(t, "hi", b.Hi, file.Hi95, 1e-7)
}

func TestGoldenJudgeModel(t *testing.T) {
	var file struct {
		Items, Judges int
		Votes         [][4]int `json:"votes_judge_first_second_firstwins"`
		PriorSD       struct {
			Theta, Bias float64
			LogBeta     float64 `json:"log_beta"`
		} `json:"prior_sd"`
		Expected struct {
			Theta, Beta, Bias []float64
			Objective         float64
		}
		Tolerance float64
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "judge_model.json")
	votes := make([]ranking.Vote, len(file.Votes))
	for at, v := range file.Votes {
		votes[at] = ranking.Vote{Judge: v[0], Order: []int{v[1], v[2]}, Shown: []int{0, 1}}
		if v[3] == 0 {
			votes[at].Order, votes[at].Shown = []int{v[2], v[1]}, []int{1, 0}
		}
	}
	priors := ranking.JudgePriors{Theta: file.PriorSD.Theta, LogBeta: file.PriorSD.LogBeta, Bias: file.PriorSD.Bias}
	j, err := ranking.FitJudges(file.Items, file.Judges, votes, priors)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d steps", j.Steps)
	near(t, "objective", j.Objective, file.Expected.Objective, 1e-7)
	allNear(t, "theta", j.Theta, file.Expected.Theta, file.Tolerance)
	allNear(t, "beta", j.Beta, file.Expected.Beta, file.Tolerance)
	for q, b := range j.Bias {
		near(t, "bias", b[0], file.Expected.Bias[q], file.Tolerance)
	}
}

func TestGoldenBias(t *testing.T) {
	var file struct {
		Two []struct {
			N, First int
			Share    float64
			P        float64    `json:"p_two_sided"`
			Wilson   [2]float64 `json:"wilson95"`
		}
		KWay []struct {
			Counts []int `json:"top_position_counts"`
			Chi2   float64
			Dof    int
			P      float64
		} `json:"k_way"`
		Swap struct {
			Pairs       []struct{ Forward, Reverse int }
			Consistency float64
			FirstBoth   float64 `json:"first_both"`
			SecondBoth  float64 `json:"second_both"`
		}
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "bias.json")
	for _, c := range file.Two {
		got, err := ranking.TestFirst(c.First, c.N)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "share", got.Share, c.Share, 1e-12)
		near(t, "p", got.P, c.P, 1e-9)
		allNear(t, "wilson", []float64{got.Lo, got.Hi}, c.Wilson[:], 1e-9)
	}
	for _, c := range file.KWay {
		got, err := ranking.TestPlaces(c.Counts)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "chi2", got.ChiSquare, c.Chi2, 1e-9)
		near(t, "p", got.P, c.P, 1e-9)
		if got.Freedom != c.Dof {
			t.Errorf("freedom %d, want %d", got.Freedom, c.Dof)
		}
	}
	var forward, reverse []int
	for _, p := range file.Swap.Pairs {
		forward, reverse = append(forward, p.Forward), append(reverse, p.Reverse)
	}
	got, err := ranking.TestSwap(forward, reverse)
	if err != nil {
		t.Fatal(err)
	}
	allNear(t, "swap", []float64{got.Consistency, got.FirstBoth, got.SecondBoth},
		[]float64{file.Swap.Consistency, file.Swap.FirstBoth, file.Swap.SecondBoth}, 1e-12)
}
