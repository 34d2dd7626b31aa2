package intensity_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"hives/intensity"
	"hives/internal/rig/goldentest"
)

// number is a float64 in which null means undefined.
type number float64

func (n *number) UnmarshalJSON(raw []byte) error {
	*n = number(math.NaN())
	if string(raw) == "null" {
		return nil
	}
	var f float64
	_, err := fmt.Sscan(string(raw), &f)
	*n = number(f)
	return err
}

func plain(x []number) (out []float64) {
	for _, n := range x {
		out = append(out, float64(n))
	}
	return out
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(want) {
		if !math.IsNaN(got) && !math.IsInf(got, 0) {
			t.Errorf("%s: %v, want none", what, got)
		}
		return
	}
	if math.IsNaN(got) || math.Abs(got-want) > tolerance*math.Max(1, math.Abs(want)) {
		t.Errorf("%s: %v, want %v (within %g)", what, got, want, tolerance)
	}
}

func TestGoldenCalibration(t *testing.T) {
	var file map[string]struct {
		S                        []float64
		Mean                     float64
		MaxAbs                   float64 `json:"max_abs_deviation"`
		ZScore, MinMax, Quantile []float64
		QuantileMax              []float64 `json:"quantile_max"`
		ClippedShare             float64   `json:"clipped_share_quantile"`
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "calibration.json")
	for name, c := range file {
		t.Run(name, func(t *testing.T) {
			for method, want := range map[intensity.Method][]float64{
				intensity.ZScore: c.ZScore, intensity.MinMax: c.MinMax, intensity.Quantile: c.Quantile,
				intensity.QuantileMax: c.QuantileMax,
			} {
				m, scores, err := intensity.Calibrate(method, c.S)
				if err != nil {
					t.Fatal(err)
				}
				near(t, "mean", m.Mean, c.Mean, 1e-12)
				near(t, "max abs", m.MaxAbs, c.MaxAbs, 1e-12)
				clipped := 0.
				for i, s := range scores {
					near(t, string(method), s, want[i], 1e-9)
					if math.Abs(s) == intensity.Limit {
						clipped += 1 / float64(len(scores))
					}
				}
				if method == intensity.Quantile && name != "constant" {
					near(t, "clipped", clipped, c.ClippedShare, 1e-9)
				}
			}
		})
	}
}

type scoreWant struct {
	U, LogLik, Intensity number
	Raw                  number `json:"intensity_raw"`
	SE                   number `json:"intensity_se"`
	Lo                   number `json:"intensity_lo"`
	Hi                   number `json:"intensity_hi"`
	Status               string
}

func TestGoldenEvaluator(t *testing.T) {
	var file struct {
		K, M  int
		Delta float64
		Pool  struct {
			Theta, Score, Final, Utility []float64
			Mean                         float64
			MaxAbs                       float64  `json:"max_abs_deviation"`
			HumanMean                    []number `json:"human_mean"`
			Flagged                      []bool
		}
		Bins       map[string]any
		FixedPanel []number `json:"fixed_panel"`
		Cases      []struct {
			Name    string
			Windows []struct {
				Anchors []int `json:"anchors_best_first"`
				Rank    int
			}
			Logit, Score scoreWant
		}
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "evaluator.json")
	pool := file.Pool
	calibration, scores, err := intensity.Calibrate(intensity.ZScore, pool.Theta)
	if err != nil {
		t.Fatal(err)
	}
	for text := range scores {
		near(t, "score", scores[text], pool.Score[text], 1e-9)
		final := scores[text]
		if pool.Flagged[text] {
			if final, err = intensity.Blend(final, float64(pool.HumanMean[text]), .5); err != nil {
				t.Fatal(err)
			}
		}
		near(t, "final", final, pool.Final[text], 1e-9)
		near(t, "utility", calibration.Utility(final), pool.Utility[text], 1e-9)
	}
	checkBins(t, file.Bins, pool.Final)
	everyone := make([]int, len(pool.Final))
	for text := range everyone {
		everyone[text] = text
	}
	p, err := intensity.NewPool(pool.Final, everyone, file.K)
	if err != nil {
		t.Fatal(err)
	}
	for bin, text := range p.Fixed() {
		want := -1
		if w := float64(file.FixedPanel[bin]); !math.IsNaN(w) {
			want = int(w)
		}
		if text != want {
			t.Errorf("fixed panel, bin %d: text %d, want %d", bin, text, want)
		}
	}
	for _, c := range file.Cases {
		var windows []intensity.Window
		for _, w := range c.Windows {
			windows = append(windows, intensity.Window{Anchors: w.Anchors, Rank: w.Rank})
		}
		for _, want := range []struct {
			scoreWant
			logit bool
		}{{c.Logit, true}, {c.Score, false}} {
			s := intensity.Scorer{Final: pool.Final, Map: calibration, Logit: want.logit}
			got, err := s.Score(windows)
			if err != nil {
				t.Fatal(err)
			}
			near(t, c.Name+" intensity", got.Value, float64(want.Intensity), 1e-8)
			near(t, c.Name+" u", got.U, float64(want.U), 1e-8)
			if !want.logit {
				continue
			}
			near(t, c.Name+" raw", got.Raw, float64(want.Raw), 1e-8)
			near(t, c.Name+" se", got.SE, float64(want.SE), 1e-7)
			near(t, c.Name+" lo", got.Lo, float64(want.Lo), 1e-7)
			near(t, c.Name+" hi", got.Hi, float64(want.Hi), 1e-7)
			if string(got.Status) != want.Status {
				t.Errorf("%s: status %s, want %s", c.Name, got.Status, want.Status)
			}
		}
	}
}

// checkBins holds Bin to every list kN of the pool's bins and to the scores at the edges.
func checkBins(t *testing.T, bins map[string]any, final []float64) {
	t.Helper()
	length := func(name string) (k int) {
		if _, err := fmt.Sscanf(name, "k%d", &k); err != nil {
			t.Fatal(err)
		}
		return k
	}
	for name, raw := range bins {
		if name == "edges" {
			for _, edge := range raw.([]any) {
				edge := edge.(map[string]any)
				for name, want := range edge {
					if strings.HasPrefix(name, "k") && intensity.Bin(edge["score"].(float64), length(name)) != int(want.(float64)) {
						t.Errorf("bin of %v, %s: want %v", edge["score"], name, want)
					}
				}
			}
			continue
		}
		for text, want := range raw.([]any) {
			if got := intensity.Bin(final[text], length(name)); got != int(want.(float64)) {
				t.Errorf("text %d, %s: bin %d, want %v", text, name, got, want)
			}
		}
	}
}

func TestGoldenStability(t *testing.T) {
	var file struct {
		Value, Direction []int
		Scores           map[string][][][]number
		Expected         map[string]struct {
			MeanVariance  float64 `json:"mean_variance"`
			Population    float64 `json:"mean_variance_population"`
			MaxRange      float64 `json:"mean_max_range"`
			SignFlip      float64 `json:"sign_flip_rate"`
			SignFlipPairs float64 `json:"sign_flip_rate_pairs"`
			PromptChange  float64 `json:"mean_prompt_change"`
			SignAccuracy  float64 `json:"sign_accuracy"`
			Half          float64 `json:"ranking_accuracy_ties_half"`
			Wrong         float64 `json:"ranking_accuracy_ties_wrong"`
			TieShare      float64 `json:"tie_share"`
			Pairs         []int   `json:"pairs_per_judge"`
			Between       float64 `json:"between_item_variance"`
			VarianceShare float64 `json:"variance_share"`
			ItemsUsed     int     `json:"items_used"`
		}
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "instability.json")
	for method, scores := range file.Scores {
		r := intensity.Ratings{Value: file.Value, Direction: file.Direction}
		for _, prompts := range scores {
			var judge [][]float64
			for _, items := range prompts {
				judge = append(judge, plain(items))
			}
			r.Scores = append(r.Scores, judge)
		}
		got, err := intensity.Measure(r)
		if err != nil {
			t.Fatal(err)
		}
		want := file.Expected[method]
		for _, c := range []struct {
			what      string
			got, want float64
		}{
			{"mean variance", got.MeanVariance, want.MeanVariance}, {"population", got.MeanVariancePopulation, want.Population},
			{"range", got.MeanRange, want.MaxRange}, {"flips", got.SignFlips, want.SignFlip},
			{"flip pairs", got.SignFlipPairs, want.SignFlipPairs}, {"prompt", got.PromptChange, want.PromptChange},
			{"sign", got.SignAccuracy, want.SignAccuracy}, {"ranking", got.Ranking, want.Half},
			{"ties wrong", got.RankingTies0, want.Wrong}, {"ties", got.TieShare, want.TieShare},
			{"between", got.BetweenItems, want.Between}, {"share", got.VarianceShare, want.VarianceShare},
			{"items", float64(got.Items), float64(want.ItemsUsed)},
		} {
			near(t, method+" "+c.what, c.got, c.want, 1e-9)
		}
		if !slices.Equal(got.Pairs, want.Pairs) {
			t.Errorf("%s: pairs %v, want %v", method, got.Pairs, want.Pairs)
		}
	}
}
