package vcai_test

import (
	"math"
	"slices"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/vcai"
)

const folder = "h_vcai/b_stats"

func number(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

func same(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(want) != math.IsNaN(got) || !math.IsNaN(want) && !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

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
				r = append(r, number(x))
			}
			judged = append(judged, r)
		}
		d := vcai.DegreeOf(judged)
		same(t, c.Case, d.All, number(c.All))
		same(t, c.Case+" touched", d.Touched, number(c.Only))
		if d.Missing != c.Missing || !slices.Equal(d.Parts, c.Touched) {
			t.Errorf("%s: %d missing, touched %v, want %d, %v", c.Case, d.Missing, d.Parts, c.Missing, c.Touched)
		}
		for i, want := range c.PerPart {
			same(t, c.Case+" part", d.PerPart[i], number(want))
		}
		for i, want := range c.PerRole {
			same(t, c.Case+" role", d.PerRole[i], number(want))
		}
		if level, ok := vcai.Level(d.All); ok != (c.Level != nil) || ok && level != *c.Level {
			t.Errorf("%s: level %d %v", c.Case, level, ok)
		}
	}
	for _, c := range set.Loops {
		l := vcai.NewLoop(c.D, c.T, c.M)
		for i, score := range c.Scores {
			if ended := l.Offer(number(score)); ended != (i == len(c.Scores)-1) {
				t.Errorf("%s: ended %v after attempt %d of %d", c.Case, ended, i, len(c.Scores))
			}
			same(t, c.Case+" gap", l.Gaps[i], number(c.Trace[i].Gap))
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
		same(t, "τ", o.Tau, c.Tau)
		same(t, "p", o.P, c.P)
		all = append(all, o)
	}
	s := vcai.Summarise(all)
	same(t, "mean τ", s.Tau, set.Tau)
	same(t, "mean p", s.P, set.P)
	same(t, "share", s.Below, set.Below)
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
	same(t, "clear", got.Clear, set.BBQ.Clear)
	same(t, "ambiguous", got.Ambiguous, set.BBQ.Ambiguous)
	same(t, "accuracy of clear", got.AccuracyClear, set.BBQ.AccuracyClear)
	same(t, "accuracy of ambiguous", got.AccuracyAmbiguous, set.BBQ.AccuracyAmbiguous)
	for _, c := range set.Choice {
		if p := vcai.Pick(c.LogP, c.Bytes, false); p != c.PickTotal {
			t.Errorf("%v: option %d, want %d", c.LogP, p, c.PickTotal)
		}
		if p := vcai.Pick(c.LogP, c.Bytes, true); p != c.PickPerByte {
			t.Errorf("%v by byte: option %d, want %d", c.LogP, p, c.PickPerByte)
		}
	}
}

// TestHopelessIsRight: an attempt is given up early exactly where no way of judging the rest could save it.
func TestHopelessIsRight(t *testing.T) {
	for _, wanted := range []float64{-2, -1, 0, 1, 2} {
		l := vcai.NewLoop(wanted, .5, 1)
		const all = 5
		for judged := range all {
			for sum := -judged; sum <= judged; sum++ {
				saved := false
				left := all - judged
				for rest := -left; rest <= left; rest++ {
					degree := 2 * float64(sum+rest) / all
					saved = saved || math.Abs(degree-wanted) <= .5+1e-12
				}
				if hopeless := l.Hopeless(float64(sum), left, all); hopeless && saved {
					t.Errorf("wanted %v, sum %d of %d judged: given up, though it can be saved", wanted, sum, judged)
				}
			}
		}
	}
}
