package vidb

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/ranking"
)

// The fit is Plackett–Luce on the orders; a window of the overlap counts once whoever answered it; a tie is nothing or
// both orders.
func TestOrdersThatAreFitted(t *testing.T) {
	v := &Value{Texts: make([]Text, 4), Windows: []Window{
		{Focal: 0, Judge: "a", Shown: []int{0, 1}, Answer: &Answer{Ranking: []int{1, 0}}},
		{Focal: 1, Judge: "a", Shown: []int{1, 2}, Answer: &Answer{Tie: true}},
		{Focal: 2, Judge: "a", Shown: []int{2, 0}, Answer: &Answer{Error: "prose"}},
		{Focal: 2, Rep: 1, Judge: "a", Shown: []int{2, 0}, Overlap: true, Answer: &Answer{Ranking: []int{2, 0}}},
		{Focal: 2, Rep: 1, Judge: "a", Shown: []int{0, 2}, Overlap: true, Answer: &Answer{Ranking: []int{2, 0}}},
		{Focal: 2, Rep: 1, Judge: "b", Shown: []int{2, 0}, Overlap: true, Answer: &Answer{Error: "prose"}},
		{Focal: 2, Rep: 1, Judge: "b", Shown: []int{0, 2}, Overlap: true, Answer: &Answer{Ranking: []int{0, 2}}},
		{Focal: 3, Judge: "b", Shown: []int{3, 2}},
	}}
	said := func(ties string) string {
		var out []string
		for _, o := range v.orders(ties) {
			out = append(out, fmt.Sprintf("%v %.3f", o.ranking, o.weight))
		}
		return strings.Join(out, ", ")
	}
	if got, want := said(TiesDrop), "[1 0] 1.000, [2 0] 0.333, [2 0] 0.333, [0 2] 0.333"; got != want {
		t.Errorf("ties left out: %s, want %s", got, want)
	}
	if got, want := said(TiesHalf), "[1 0] 1.000, [1 2] 0.500, [2 1] 0.500, [2 0] 0.333, [2 0] 0.333, [0 2] "+
		"0.333"; got != want {
		t.Errorf("ties by half: %s, want %s", got, want)
	}
}

// A text that stands in no usable order has no score, and the others' are those of a fit without it.
func TestUnseenTextsHaveNoScore(t *testing.T) {
	v := built(t, 12, care)
	const gone = 3
	for at := range v.Windows {
		if slices.Contains(v.Windows[at].Shown, gone) {
			v.Windows[at].Answer = &Answer{Error: "prose"}
		}
	}
	must(t, Fit(context.Background(), v, DefaultFit()))
	if s := v.Scores[gone]; s.Status != Unseen || !math.IsNaN(s.Theta+s.Final) || v.Report.Fit.Unseen != 1 {
		t.Errorf("%+v", s)
	}
	var orders [][]int
	for _, o := range v.orders(TiesDrop) {
		orders = append(orders, nil)
		for _, text := range o.ranking {
			if text > gone {
				text--
			}
			orders[len(orders)-1] = append(orders[len(orders)-1], text)
		}
	}
	r, err := ranking.New(len(v.Texts)-1, orders, nil)
	must(t, err)
	want, err := ranking.Fit(r, ranking.DefaultPrior)
	must(t, err)
	for i, theta := range want.Theta {
		text := i
		if i >= gone {
			text++
		}
		if got := v.Scores[text].Theta; math.Abs(got-theta) > 1e-9 {
			t.Errorf("text %d: θ %v, want %v", text, got, theta)
		}
	}
}

// Score 0 is the pool's mean or the neutral point; the order stays, and the largest distance is 10 both times.
func TestZeroAtNeutral(t *testing.T) {
	v := built(t, 40, care)
	at := slices.Clone(v.Scores)
	if math.IsNaN(v.Neutral) {
		t.Fatalf("no neutral point: %+v", *v.Report.Fit)
	}
	o := DefaultFit()
	o.Zero = ZeroNeutral
	must(t, Fit(context.Background(), v, o))
	most := 0.
	for i, s := range v.Scores {
		if s.Status == Unseen {
			continue
		}
		most = max(most, math.Abs(s.Score))
		if want := 10 * (s.Theta - v.Neutral) / v.MaxAbs; math.Abs(s.Score-want) > 1e-9 || s.Theta != at[i].Theta {
			t.Errorf("text %d: %v, want %v", i, s.Score, want)
		}
		c, err := v.Map()
		must(t, err)
		if back := c.Utility(s.Score); math.Abs(back-s.Theta) > 1e-9 {
			t.Errorf("text %d: %v comes back as %v", i, s.Theta, back)
		}
	}
	if math.Abs(most-10) > 1e-12 {
		t.Errorf("the farthest text stands at %v", most)
	}
}

func TestFitsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		reason string
		change func(*Value, *FitOptions)
		want   string
	}{
		{"no order", func(v *Value, _ *FitOptions) { v.Windows = nil }, "build it first"},
		{"parts that never met", func(v *Value, _ *FitOptions) {
			v.Windows = []Window{{Judge: Annotations, Shown: []int{0, 1}, Answer: &Answer{Ranking: []int{0, 1}}},
				{Judge: Annotations, Shown: []int{2, 3}, Answer: &Answer{Ranking: []int{2, 3}}}}
		}, "2 parts"},
		{"no prior", func(_ *Value, o *FitOptions) { o.Prior = ranking.None() }, "infinite"},
		{"an unknown solver", func(_ *Value, o *FitOptions) { o.Solver = "magic" }, "newton"},
		{"an unknown map", func(_ *Value, o *FitOptions) { o.Calibration = "rank" }, "zscore"},
		{"one draw", func(_ *Value, o *FitOptions) { o.Bootstrap = 1 }, "two draws"},
		{"a constant pool", func(v *Value, o *FitOptions) {
			v.Windows = []Window{{Judge: Annotations, Shown: []int{0, 1}, Answer: &Answer{Tie: true}}}
			o.Ties = TiesHalf
		}, "same utility"},
	} {
		v, o := built(t, 10, care), DefaultFit()
		c.change(v, &o)
		if err := Fit(context.Background(), v, o); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}
