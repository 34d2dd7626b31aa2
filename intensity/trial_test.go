package intensity_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/intensity"
)

// judge orders texts by β·utility + a liking of each place + Gumbel noise.
type judge struct {
	beta float64
	bias []float64
}

// rank returns the anchors as the judge orders them, and the response's rank; shown holds −1 for the response.
func (j judge) rank(random *rand.Rand, shown []int, utility func(int) float64) intensity.Window {
	key := make(map[int]float64)
	for place, text := range shown {
		key[text] = j.beta*utility(text) - math.Log(-math.Log(random.Float64()))
		if j.bias != nil {
			key[text] += j.bias[place]
		}
	}
	order := slices.Clone(shown)
	slices.SortFunc(order, func(a, b int) int {
		if key[a] > key[b] {
			return -1
		}
		return 1
	})
	at := slices.Index(order, -1)
	return intensity.Window{Anchors: slices.Delete(order, at, at+1), Rank: at + 1}
}

type trial struct{ meanError, rmse, coverage float64 }

// evaluate scores n responses of known utility, k = 6 and m = 3. upright is the authors' layout: the response first in
// every window, and the anchors behind it in ascending order.
func evaluate(t *testing.T, j judge, n int, upright bool) (out trial) {
	t.Helper()
	const k, m = 6, 3
	random := rand.New(rand.NewPCG(31, 32))
	theta := make([]float64, 400)
	for i := range theta {
		theta[i] = 1.6 * random.NormFloat64()
	}
	calibration, final, err := intensity.Calibrate(intensity.ZScore, theta)
	if err != nil {
		t.Fatal(err)
	}
	everyone := make([]int, len(theta))
	for i := range everyone {
		everyone[i] = i
	}
	pool, err := intensity.NewPool(final, everyone, k)
	if err != nil {
		t.Fatal(err)
	}
	scorer := intensity.Scorer{Final: final, Map: calibration, Logit: true}
	for range n {
		truth := 1.6 * random.NormFloat64()
		utility := func(text int) float64 {
			if text < 0 {
				return truth
			}
			return theta[text]
		}
		var windows []intensity.Window
		o := random.IntN(k)
		for at, anchors := range pool.Bucketed(random, m).Windows {
			if upright {
				slices.SortFunc(anchors, func(a, b int) int { return int(math.Copysign(1, final[a]-final[b])) })
				windows = append(windows, j.rank(random, append([]int{-1}, anchors...), utility))
				continue
			}
			random.Shuffle(len(anchors), func(a, b int) { anchors[a], anchors[b] = anchors[b], anchors[a] })
			windows = append(windows, j.rank(random, slices.Insert(anchors, intensity.Place(o, at, k, m), -1), utility))
		}
		score, err := scorer.Score(windows)
		if err != nil {
			t.Fatal(err)
		}
		want := calibration.Score(truth)
		out.meanError += (score.Value - want) / float64(n)
		out.rmse += (score.Value - want) * (score.Value - want) / float64(n)
		if score.Lo <= want && want <= score.Hi || math.Abs(want) > intensity.Limit {
			out.coverage += 1 / float64(n)
		}
	}
	out.rmse = math.Sqrt(out.rmse)
	return out
}

func TestAResponseIsScoredWhereItStands(t *testing.T) {
	const n = 2000
	biased := judge{1, []float64{.7, .3, 0, -.1, -.3, -.6}}
	fair, unfair := evaluate(t, judge{1, nil}, n, false), evaluate(t, biased, n, false)
	authors := evaluate(t, biased, n, true)
	t.Logf("fair %+v, biased %+v, response first %+v", fair, unfair, authors)
	if fair.coverage < .93 || unfair.coverage < .89 {
		t.Errorf("95 %% intervals hold %.3f, with a biased judge %.3f of the truths: want .93 and .89", fair.coverage,
			unfair.coverage)
	}
	if math.Abs(unfair.meanError) > .6 || unfair.rmse > 2.3 {
		t.Errorf("a biased judge: mean error %.2f, RMSE %.2f: want .6 and 2.3 at most", unfair.meanError, unfair.rmse)
	}
	if authors.meanError < 1.2 {
		t.Errorf("the response first in every window: mean error %.2f: the trial does not see place bias", authors.meanError)
	}
}

func TestPanelsServeEmptyBinsFromTheNearest(t *testing.T) {
	final := []float64{-9, -8.5, -8, 0, .5, 9} // bins 1 and 3 of five are empty
	random := rand.New(rand.NewPCG(1, 1))
	pool, err := intensity.NewPool(final, []int{0, 1, 2, 3, 4, 5}, 6)
	if err != nil {
		t.Fatal(err)
	}
	panel := pool.Bucketed(random, 4)
	for _, w := range panel.Windows {
		if len(slices.Compact(slices.Sorted(slices.Values(w)))) != 5 {
			t.Errorf("window %v holds a text twice", w)
		}
		if final[w[0]] > -8 || final[w[1]] > -8 { // bin 1 has bins 0 and 2 beside it: the lower serves
			t.Errorf("window %v: the low bins hold %v and %v", w, final[w[0]], final[w[1]])
		}
	}
	if panel.Borrowed != 8 {
		t.Errorf("%d places borrowed, want 2 a window", panel.Borrowed)
	}
	if fixed := pool.Fixed(); !slices.Equal(fixed, []int{2, -1, 3, -1, 5}) {
		t.Errorf("fixed panel %v", fixed)
	}
	for _, w := range pool.Random(random, 20).Windows {
		if len(slices.Compact(slices.Sorted(slices.Values(w)))) != 5 {
			t.Errorf("random window %v", w)
		}
	}
	if _, err := intensity.NewPool(final, []int{0, 1, 2}, 6); err == nil {
		t.Error("three texts fill a window of six")
	}
}

// A text does not return over a response's windows while its bin holds another.
func TestPanelsDoNotRepeatATextEarly(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	final, everyone := make([]float64, 60), make([]int, 60)
	for i := range final {
		final[i], everyone[i] = 20*random.Float64()-10, i
	}
	pool, err := intensity.NewPool(final, everyone, 6)
	if err != nil {
		t.Fatal(err)
	}
	size, count := make(map[int]int), make(map[int]int)
	for _, f := range final {
		size[intensity.Bin(f, 6)]++
	}
	const m = 5
	for _, w := range pool.Bucketed(random, m).Windows {
		for _, text := range w {
			count[text]++
		}
	}
	for text, times := range count {
		if bin := intensity.Bin(final[text], 6); times > (m+size[bin]-1)/size[bin] {
			t.Errorf("text %d of a bin of %d stands %d times in %d windows", text, size[bin], times, m)
		}
	}
}

func TestPlacesSpread(t *testing.T) {
	for _, c := range []struct{ k, m, distinct int }{{6, 3, 3}, {6, 6, 6}, {2, 30, 2}, {4, 3, 3}} {
		for o := range c.k {
			seen := make(map[int]bool)
			for window := range c.m {
				seen[intensity.Place(o, window, c.k, c.m)] = true
			}
			if len(seen) != c.distinct {
				t.Errorf("k %d, m %d, o %d: %d places", c.k, c.m, o, len(seen))
			}
		}
	}
}

func TestMapsHaveInverses(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	theta := make([]float64, 40)
	for i := range theta {
		theta[i] = random.NormFloat64()
	}
	for _, method := range intensity.Methods {
		c, scores, err := intensity.Calibrate(method, theta)
		if err != nil {
			t.Fatal(err)
		}
		for i, u := range theta {
			if method == intensity.Quantile && math.Abs(scores[i]) == intensity.Limit {
				continue // several texts share the end
			}
			near(t, string(method)+" back", c.Utility(scores[i]), u, 1e-9)
			near(t, string(method)+" forth", c.Score(u), scores[i], 1e-9)
		}
	}
	if _, _, err := intensity.Calibrate("sigmoid", theta); err == nil {
		t.Error("an unknown map is taken")
	}
	if _, _, err := intensity.Calibrate(intensity.ZScore, []float64{1, math.NaN()}); err == nil {
		t.Error("NaN is calibrated")
	}
}

func TestNeutralLiesBetweenTheSides(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	var theta []float64
	var direction []int
	for at := range 3000 { // sides of unlike size around 1 ± .8: the middle is 1, the pool's mean about 1.64
		d := 1
		if at%10 == 0 {
			d = -1
		}
		theta, direction = append(theta, 1+.8*float64(d)+random.NormFloat64()), append(direction, d)
	}
	neutral, err := intensity.Neutral(theta, direction)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(neutral-1) > .15 {
		t.Errorf("neutral %.2f, want about 1", neutral)
	}
	for i := range direction {
		direction[i] = -direction[i]
	}
	if _, err := intensity.Neutral(theta, direction); err == nil {
		t.Error("opposing texts above supporting ones have a neutral point")
	}
	if _, err := intensity.Neutral([]float64{1, 2}, []int{1, 1}); err == nil {
		t.Error("one side has a neutral point")
	}
}

func TestStatusesAreNeverZeros(t *testing.T) {
	c, final, err := intensity.Calibrate(intensity.ZScore, []float64{-2, -1, 0, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	s := intensity.Scorer{Final: final, Map: c, Logit: true}
	got, err := s.Score(nil)
	if err != nil || got.Status != intensity.Unranked || !math.IsNaN(got.Value) {
		t.Errorf("no window: %+v, %v", got, err)
	}
	if _, err := s.Score([]intensity.Window{{Anchors: []int{9}, Rank: 1}}); err == nil {
		t.Error("a text beyond the pool is an anchor")
	}
	got, err = s.Score([]intensity.Window{{Anchors: []int{3, 1}, Rank: 1}})
	if err != nil || got.Status != intensity.Above || got.Value != final[3]+1e-6 || !math.IsInf(got.SE, 1) ||
		got.Hi != intensity.Limit {
		t.Errorf("first in every window: %+v, %v", got, err)
	}
}

// A map that presses scores together lowers variance and range, and must not lower what claims rest on.
func TestShrinkingDoesNotBuyAgreement(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	wide := intensity.Ratings{Value: make([]int, 80), Direction: make([]int, 80)}
	truth := make([]float64, 80)
	for i := range truth {
		truth[i], wide.Direction[i] = 4*random.NormFloat64(), random.IntN(3)-1
	}
	narrow := wide
	for range 4 {
		var w, n []float64
		for i := range truth {
			x := truth[i] + 2*random.NormFloat64()
			w, n = append(w, x), append(n, x/10)
		}
		wide.Scores, narrow.Scores = append(wide.Scores, [][]float64{w}), append(narrow.Scores, [][]float64{n})
	}
	a, err := intensity.Measure(wide)
	if err != nil {
		t.Fatal(err)
	}
	b, err := intensity.Measure(narrow)
	if err != nil {
		t.Fatal(err)
	}
	if b.MeanVariance > a.MeanVariance/50 || b.MeanRange > a.MeanRange/5 {
		t.Errorf("variance %v and %v: the negative control shrinks nothing", a.MeanVariance, b.MeanVariance)
	}
	near(t, "variance share", b.VarianceShare, a.VarianceShare, 1e-9)
	near(t, "Spearman", b.Spearman, a.Spearman, 1e-12)
	near(t, "Kendall's W", b.KendallW, a.KendallW, 1e-12)
	if a.KendallW < .6 || a.KendallW > 1 || a.Spearman < .5 {
		t.Errorf("W %.2f, ρ %.2f of judges that share most of what they say", a.KendallW, a.Spearman)
	}
}
