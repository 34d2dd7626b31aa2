package profiles_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/internal/rig/goldentest"
	"hives/profiles"
)

// goldenTexts is intensity.json of the reference values.
type goldenTexts struct {
	Train struct {
		X    [][]float64
		Y    []float64
		Fold []int
	}
	Calibration struct {
		X [][]float64
		Y []float64
	}
	Texts struct {
		X         [][]float64
		Relevance []float64
	}
	Lambdas    []float64
	Neighbours int
	Alpha      float64
	HalfWidth  float64 `json:"half_width_limit"`
	Floor      float64 `json:"relevance_floor"`
	Kappa      float64
	Expected   struct {
		CVMSE      []float64 `json:"cv_mse"`
		Best       float64   `json:"best_lambda"`
		W          []float64
		B          float64
		Rank       int       `json:"rank_of_quantile"`
		Q          float64   `json:"qhat"`
		Sigmas     []float64 `json:"sigma_calibration"`
		Prediction []float64
		Sigma      []float64
		Half       []float64 `json:"half_width"`
		Answered   []bool
		Profile    *float64
		Effective  *float64 `json:"effective_texts"`
	}
}

func TestGoldenTextProfile(t *testing.T) {
	var g goldenTexts
	goldentest.ReadJSON(t, &g, "g_valueflow", "intensity.json")
	rules := profiles.TextDefaults()
	rules.Neighbours, rules.Alpha, rules.HalfWidth = g.Neighbours, g.Alpha, g.HalfWidth
	rules.Relevance, rules.Kappa, rules.Effective = g.Floor, g.Kappa, 0
	fit, err := profiles.FitTexts(g.Train.X, g.Train.Y, g.Train.Fold, g.Lambdas)
	if err != nil {
		t.Fatal(err)
	}
	want := g.Expected
	for i := range want.CVMSE {
		goldentest.Same(t, "cv_mse", fit.Errors[i], want.CVMSE[i], 1e-9)
	}
	for d := range want.W {
		goldentest.Same(t, "w", fit.Ridge.W[d], want.W[d], 1e-9)
	}
	goldentest.Same(t, "b", fit.Ridge.Intercept, want.B, 1e-9)
	goldentest.Same(t, "λ", fit.Lambda, want.Best, 0)
	var sigma []float64
	for i, x := range g.Calibration.X {
		sigma = append(sigma, fit.Doubt(profiles.Products(g.Train.X, x), g.Neighbours))
		goldentest.Same(t, "σ of calibration", sigma[i], want.Sigmas[i], 1e-9)
	}
	if !fit.Calibrate(g.Calibration.X, g.Calibration.Y, sigma, g.Alpha) || fit.Rank != want.Rank {
		t.Fatalf("rank %d, want %d", fit.Rank, want.Rank)
	}
	goldentest.Same(t, "q̂", fit.Q, want.Q, 1e-9)
	var told []profiles.Told
	for i, x := range g.Texts.X {
		e := fit.At(x, profiles.Products(g.Train.X, x), g.Neighbours)
		goldentest.Same(t, "prediction", e.Value, want.Prediction[i], 1e-9)
		goldentest.Same(t, "σ", e.Sigma, want.Sigma[i], 1e-9)
		goldentest.Same(t, "half width", e.Half, want.Half[i], 1e-9)
		answered := rules.Decide(e, g.Texts.Relevance[i]) == profiles.Answered
		if answered != want.Answered[i] {
			t.Errorf("text %d: answered is %v", i, answered)
		}
		if answered {
			told = append(told, profiles.Told{ID: string(rune('a' + i)), Value: e.Value,
				Sum: profiles.Weight(g.Texts.Relevance[i], e.Sigma)})
		}
	}
	got := rules.Pool(told, "v")
	goldentest.Same(t, "profile", got.Score, goldentest.Number(want.Profile), 1e-9)
	goldentest.Same(t, "effective texts", got.Effective, goldentest.Number(want.Effective), 1e-9)
}

// world is texts whose scores are known: y = x·w + noise that is larger on one side of the space, and an offset for
// each group, since texts of one group are alike.
func world(seed uint64, n, groups int) (x [][]float64, y []float64, group []int) {
	random := rand.New(rand.NewPCG(seed, 14))
	const dimension = 12
	var w [dimension]float64
	for d := range w {
		w[d] = 2.5 * random.NormFloat64()
	}
	offsets := make([]float64, groups)
	for g := range offsets {
		offsets[g] = .5 * random.NormFloat64()
	}
	for range n {
		row, g := make([]float64, dimension), random.IntN(groups)
		var length, score float64
		for d := range row {
			row[d] = random.NormFloat64()
			length += row[d] * row[d]
		}
		for d := range row {
			row[d] /= math.Sqrt(length)
			score += row[d] * w[d]
		}
		noise := .6
		if row[0] > 0 {
			noise = 2
		}
		x, group = append(x, row), append(group, g)
		y = append(y, max(-10, min(10, score+offsets[g]+noise*random.NormFloat64())))
	}
	return x, y, group
}

// parted are the rows of some groups.
func parted(x [][]float64, y []float64, group []int, take func(int) bool) (xs [][]float64, ys []float64, folds []int) {
	for i, g := range group {
		if take(g) {
			xs, ys, folds = append(xs, x[i]), append(ys, y[i]), append(folds, g/3%5)
		}
	}
	return xs, ys, folds
}

// TestIntervalsCoverUnseenGroups holds the promise of 90 % on groups that neither fit nor calibration have seen; the
// specification asks for .87. Control: of half the width they cover far less. Second control: intervals follow the
// noise, so they are wider where it is.
func TestIntervalsCoverUnseenGroups(t *testing.T) {
	var covered, half, n float64
	var wide, narrow []float64
	for seed := range uint64(6) {
		x, y, group := world(seed, 1800, 180)
		trainX, trainY, folds := parted(x, y, group, func(g int) bool { return g%3 == 0 })
		calX, calY, _ := parted(x, y, group, func(g int) bool { return g%3 == 1 })
		fit, err := profiles.FitTexts(trainX, trainY, folds, nil)
		if err != nil {
			t.Fatal(err)
		}
		var sigma []float64
		for _, row := range calX {
			sigma = append(sigma, fit.Doubt(profiles.Products(trainX, row), 10))
		}
		if !fit.Calibrate(calX, calY, sigma, .1) {
			t.Fatal("too few to calibrate on")
		}
		testX, testY, _ := parted(x, y, group, func(g int) bool { return g%3 == 2 })
		for i, row := range testX {
			e := fit.At(row, profiles.Products(trainX, row), 10)
			n++
			if e.Lo <= testY[i] && testY[i] <= e.Hi {
				covered++
			}
			if math.Abs(testY[i]-e.Value) <= e.Half/2 {
				half++
			}
			if row[0] > .4 {
				wide = append(wide, e.Half)
			} else if row[0] < -.4 {
				narrow = append(narrow, e.Half)
			}
		}
	}
	if share := covered / n; share < .87 || share > .95 {
		t.Errorf("the 90 %% intervals hold %.3f of %v texts of unseen groups", share, n)
	}
	if share := half / n; share > .75 {
		t.Errorf("control: half of the width still holds %.3f", share)
	}
	if mean(wide) < 1.3*mean(narrow) {
		t.Errorf("intervals of %.2f where the noise is large, %.2f where it is small", mean(wide), mean(narrow))
	}
}

func mean(x []float64) (sum float64) {
	for _, v := range x {
		sum += v / float64(len(x))
	}
	return sum
}

// TestDoubtIsThatOfTheNearest sorts all texts for every one. Control: the farthest give another doubt.
func TestDoubtIsThatOfTheNearest(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	differs := 0
	for range 200 {
		n := 1 + random.IntN(40)
		fit := profiles.TextFit{}
		near := make([]float64, n)
		for i := range near {
			near[i] = float64(random.IntN(12)) / 4 // many ties
			fit.Misses = append(fit.Misses, random.Float64())
		}
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case near[a] > near[b]:
				return -1
			case near[a] < near[b]:
				return 1
			}
			return 0
		})
		twin := func(order []int) float64 {
			var sum float64
			for _, i := range order[:min(10, n)] {
				sum += fit.Misses[i]
			}
			return sum/float64(min(10, n)) + .1
		}
		goldentest.Same(t, "σ", fit.Doubt(near, 10), twin(order), 1e-12)
		slices.Reverse(order)
		if math.Abs(fit.Doubt(near, 10)-twin(order)) > 1e-6 {
			differs++
		}
	}
	if differs < 100 {
		t.Errorf("control: the farthest texts give the same doubt in %d of 200 worlds", 200-differs)
	}
}

func TestTooFewToCalibrate(t *testing.T) {
	x, y := [][]float64{}, []float64{}
	fit := profiles.TextFit{}
	fit.Ridge.W = []float64{1}
	var sigma []float64
	for n := 1; n <= 10; n++ {
		x, y, sigma = append(x, []float64{0}), append(y, float64(n)), append(sigma, 1)
		enough := fit.Calibrate(x, y, sigma, .1)
		if want := n >= 9; enough != want || want == math.IsNaN(fit.Q) {
			t.Errorf("%d texts: %v, q̂ %v", n, enough, fit.Q)
		}
		if enough && fit.Q != float64(n) {
			t.Errorf("%d texts: q̂ %v", n, fit.Q)
		}
	}
}

// TestDecide has each reason, and what is not a number answers nothing.
func TestDecide(t *testing.T) {
	r := profiles.TextDefaults()
	nan := math.NaN()
	for _, c := range []struct {
		half, rho float64
		want      profiles.Answer
	}{
		{3, .2, profiles.Answered}, {3.01, .2, profiles.Unsure}, {1, .19, profiles.Beside}, {9, .1, profiles.Beside},
		{nan, .9, profiles.Unsure}, {1, nan, profiles.Beside},
	} {
		if got := r.Decide(profiles.Estimate{Half: c.half}, c.rho); got != c.want {
			t.Errorf("half width %v, relevance %v: %s, want %s", c.half, c.rho, got, c.want)
		}
	}
}

// TestPoolIsTheFormula computes score and effective texts by hand, and holds the interval to draws of its own.
func TestPoolIsTheFormula(t *testing.T) {
	r := profiles.TextDefaults()
	r.Draws = 4000
	random := rand.New(rand.NewPCG(8, 8))
	var told []profiles.Told
	var sum, squares, weighted float64
	for i := range 40 {
		w, y := .2+random.Float64(), 2+2*random.NormFloat64()
		told = append(told, profiles.Told{ID: string(rune('A' + i)), Value: y, Sum: w})
		sum, squares, weighted = sum+w, squares+w*w, weighted+w*y
	}
	got := r.Pool(told, "v")
	goldentest.Same(t, "score", got.Score, weighted/(sum+1), 1e-12)
	goldentest.Same(t, "effective texts", got.Effective, sum*sum/squares, 1e-9)
	// The linearised standard error of a ratio, by texts: far simpler, and near for forty of them.
	var variance float64
	for _, p := range told {
		variance += math.Pow(p.Sum*(p.Value-got.Score)/(sum+1), 2)
	}
	goldentest.Same(t, "half of the interval", (got.Hi-got.Lo)/2, 1.96*math.Sqrt(variance), .1*math.Sqrt(variance)*1.96)
	// The order of texts changes nothing, to the last bit; another text does.
	slices.Reverse(told)
	if again := r.Pool(told, "v"); again.Score != got.Score || again.Lo != got.Lo || again.Hi != got.Hi {
		t.Errorf("in another order: %+v, %+v", again, got)
	}
	told[0].Value++
	if other := r.Pool(told, "v"); other.Score == got.Score || other.Lo == got.Lo {
		t.Error("control: another text changes nothing")
	}
	heaviest := slices.MaxFunc(told, func(a, b profiles.Told) int { return int(math.Copysign(1, a.Sum-b.Sum)) })
	if len(got.Most) != 3 || got.Most[0].ID != heaviest.ID || math.Abs(got.Most[0].Share-heaviest.Sum/sum) > 1e-12 {
		t.Errorf("evidence %+v, the heaviest is %+v", got.Most, heaviest)
	}
}

// TestFewEffectiveTextsAreNull: three texts of one weight are three, one heavy and nine light ones are not.
func TestFewEffectiveTextsAreNull(t *testing.T) {
	r := profiles.TextDefaults()
	of := func(weights ...float64) profiles.TextScore {
		var told []profiles.Told
		for i, w := range weights {
			told = append(told, profiles.Told{ID: string(rune('a' + i)), Value: 5, Sum: w})
		}
		return r.Pool(told, "v")
	}
	for _, c := range []struct {
		name    string
		weights []float64
		null    bool
	}{
		{"none", nil, true}, {"two", []float64{1, 1}, true}, {"three", []float64{1, 1, 1}, false},
		{"one heavy", []float64{20, 1, 1, 1, 1, 1, 1, 1, 1, 1}, true},
		{"ten", []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, false},
	} {
		got := of(c.weights...)
		if math.IsNaN(got.Score) != c.null || math.IsNaN(got.Lo) != c.null || math.IsNaN(got.Hi) != c.null ||
			got.N != len(c.weights) {
			t.Errorf("%s: %+v, null is %v", c.name, got, c.null)
		}
	}
	r.Effective = 2
	if r.Validate() == nil {
		t.Error("a rule of two effective texts is let pass")
	}
}
