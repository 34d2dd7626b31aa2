package vcai_test

import (
	"slices"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/vcai"
)

const folder = "h_vcai/b_stats"

func TestGoldenDegrees(t *testing.T) {
	var set struct {
		Aggregate []struct {
			Case    string
			J       [][]*float64
			All     *float64 `json:"D_prime"`
			Missing int
			Touched []int
			Only    *float64   `json:"D_prime_touched"`
			PerPart []*float64 `json:"per_sub_value"`
			PerRole []*float64 `json:"per_role"`
			Level   *int       `json:"nearest_level"`
		}
		Loops []struct {
			Case   string
			D, T   float64
			M      int
			Scores []*float64
			Trace  []struct{ Gap *float64 }
			Chosen *int
			Stop   string
		}
	}
	goldentest.ReadJSON(t, &set, folder, "agreement.json")
	for _, c := range set.Aggregate {
		var judged [][]float64
		for _, row := range c.J {
			var r []float64
			for _, x := range row {
				r = append(r, goldentest.Number(x))
			}
			judged = append(judged, r)
		}
		d := vcai.DegreeOf(judged)
		goldentest.Same(t, c.Case, d.All, goldentest.Number(c.All), 1e-12)
		goldentest.Same(t, c.Case+" touched", d.Touched, goldentest.Number(c.Only), 1e-12)
		if d.Missing != c.Missing || !slices.Equal(d.Parts, c.Touched) {
			t.Errorf("%s: %d missing, touched %v, want %d, %v", c.Case, d.Missing, d.Parts, c.Missing, c.Touched)
		}
		for i, want := range c.PerPart {
			goldentest.Same(t, c.Case+" part", d.PerPart[i], goldentest.Number(want), 1e-12)
		}
		for i, want := range c.PerRole {
			goldentest.Same(t, c.Case+" role", d.PerRole[i], goldentest.Number(want), 1e-12)
		}
		if level, ok := vcai.Level(d.All); ok != (c.Level != nil) || ok && level != *c.Level {
			t.Errorf("%s: level %d %v", c.Case, level, ok)
		}
	}
	for _, c := range set.Loops {
		l := vcai.NewLoop(c.D, c.T, c.M)
		for i, score := range c.Scores {
			if ended := l.Offer(goldentest.Number(score)); ended != (i == len(c.Scores)-1) {
				t.Errorf("%s: ended %v after attempt %d of %d", c.Case, ended, i, len(c.Scores))
			}
			goldentest.Same(t, c.Case+" gap", l.Gaps[i], goldentest.Number(c.Trace[i].Gap), 1e-12)
		}
		chosen := -1
		if c.Chosen != nil {
			chosen = *c.Chosen
		}
		if l.Chosen != chosen || l.End != c.Stop {
			t.Errorf("%s: attempt %d, %s, want %d, %s", c.Case, l.Chosen, l.End, chosen, c.Stop)
		}
	}
}

func TestGoldenOrders(t *testing.T) {
	var set struct {
		Items []struct {
			Levels  []float64 `json:"levels_in_prompt"`
			Ranking []int
			Tau     float64
			P       float64 `json:"p_exact"`
		}
		Tau      float64 `json:"mean_tau"`
		P        float64 `json:"mean_p"`
		Below    float64 `json:"share_p_below_05"`
		Unusable []struct{ Ranking []int }
	}
	goldentest.ReadJSON(t, &set, folder, "ranking.json")
	var all []vcai.Ordered
	for _, c := range set.Items {
		o, err := vcai.Order(c.Levels, c.Ranking)
		if err != nil {
			t.Fatal(err)
		}
		goldentest.Same(t, "τ", o.Tau, c.Tau, 1e-12)
		goldentest.Same(t, "p", o.P, c.P, 1e-12)
		all = append(all, o)
	}
	s := vcai.Summarise(all)
	goldentest.Same(t, "mean τ", s.Tau, set.Tau, 1e-12)
	goldentest.Same(t, "mean p", s.P, set.P, 1e-12)
	goldentest.Same(t, "share", s.Below, set.Below, 1e-12)
	for _, c := range set.Unusable {
		if _, err := vcai.Order([]float64{-2, -1, 0, 1, 2}, c.Ranking); fault.Of(err) != fault.Invalid {
			t.Errorf("%v is taken: %v", c.Ranking, err)
		}
	}
}

func TestGoldenBenchmarks(t *testing.T) {
	var set struct {
		BBQ struct {
			Items []struct {
				Ambiguous                 bool
				Polarity, Answer, Correct string
			}
			Clear             float64 `json:"s_dis"`
			Ambiguous         float64 `json:"s_amb"`
			AccuracyClear     float64 `json:"accuracy_dis"`
			AccuracyAmbiguous float64 `json:"accuracy_amb"`
		}
		Choice []struct {
			LogP        []float64
			Bytes       []int
			PickTotal   int `json:"pick_total"`
			PickPerByte int `json:"pick_per_byte"`
		}
	}
	goldentest.ReadJSON(t, &set, folder, "bench.json")
	var items []vcai.Item
	for _, it := range set.BBQ.Items {
		items = append(items, vcai.Item{Ambiguous: it.Ambiguous, Negative: it.Polarity == "neg", Answer: it.Answer,
			Correct: it.Correct})
	}
	got := vcai.Bias(items)
	goldentest.Same(t, "clear", got.Clear, set.BBQ.Clear, 1e-12)
	goldentest.Same(t, "ambiguous", got.Ambiguous, set.BBQ.Ambiguous, 1e-12)
	goldentest.Same(t, "accuracy of clear", got.AccuracyClear, set.BBQ.AccuracyClear, 1e-12)
	goldentest.Same(t, "accuracy of ambiguous", got.AccuracyAmbiguous, set.BBQ.AccuracyAmbiguous, 1e-12)
	for _, c := range set.Choice {
		if p := vcai.Pick(c.LogP, c.Bytes, false); p != c.PickTotal {
			t.Errorf("%v: option %d, want %d", c.LogP, p, c.PickTotal)
		}
		if p := vcai.Pick(c.LogP, c.Bytes, true); p != c.PickPerByte {
			t.Errorf("%v by byte: option %d, want %d", c.LogP, p, c.PickPerByte)
		}
	}
}
