package logistic

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hives/internal/fault"
)

// made draws rows of three strata with unlike shares of positives; the true weights are 1, −1, .5, 0, 0.
func made(n int, seed uint64) (Data, []int32) {
	random := rand.New(rand.NewPCG(seed, 2))
	truth := []float64{1, -1, .5, 0, 0}
	var d Data
	var group []int32
	for i := range n {
		s := random.IntN(3)
		x := make([]float64, len(truth))
		z := 1.5 * float64(s-1)
		for k := range x {
			x[k] = random.NormFloat64()
			z += truth[k] * x[k]
		}
		d.X, d.Y, d.Stratum = append(d.X, x), append(d.Y, random.Float64() < 1/(1+math.Exp(-z))), append(d.Stratum, s)
		group = append(group, int32(i/2))
	}
	return d, group
}

// plainLoss is the formula of Fit's comment.
func plainLoss(d Data, ridge float64, w, b []float64) float64 {
	var sum float64
	for i, row := range d.X {
		z := b[d.Stratum[i]]
		for k := range row {
			z += w[k] * row[k]
		}
		if !d.Y[i] {
			z = -z
		}
		sum += math.Log(1 + math.Exp(-z))
	}
	for _, f := range w {
		sum += ridge / 2 * f * f
	}
	return sum
}

// descend is gradient descent on plainLoss by central differences: slow, and shares nothing with Fit.
func descend(d Data, ridge float64, strata int) (w, b []float64) {
	at := make([]float64, len(d.X[0])+strata)
	w, b = at[:len(d.X[0])], at[len(d.X[0]):]
	const h = 1e-5
	for range 3000 {
		g := make([]float64, len(at))
		for k := range at {
			keep := at[k]
			at[k] = keep + h
			up := plainLoss(d, ridge, w, b)
			at[k] = keep - h
			g[k] = (up - plainLoss(d, ridge, w, b)) / (2 * h)
			at[k] = keep
		}
		for k := range at {
			at[k] -= 4 / float64(len(d.X)) * g[k]
		}
	}
	return w, b
}

func TestFitFindsTheMinimum(t *testing.T) {
	d, _ := made(120, 4)
	for _, ridge := range []float64{.1, 5} {
		w, b := descend(d, ridge, 3)
		for name, start := range map[string]*Model{"from nothing": nil, "from afar": {W: []float64{3, 3, 3, 3, 3},
			Intercepts: []float64{-2, 2, 0}}} {
			m, err := Fit(d, ridge, start)
			if err != nil {
				t.Fatal(err)
			}
			for k := range w {
				if math.Abs(m.W[k]-w[k]) > 1e-5 {
					t.Errorf("ridge %v, %s: weight %d is %v, want %v", ridge, name, k, m.W[k], w[k])
				}
			}
			for s := range b {
				if math.Abs(m.Intercepts[s]-b[s]) > 1e-5 {
					t.Errorf("ridge %v, %s: intercept %d is %v, want %v", ridge, name, s, m.Intercepts[s], b[s])
				}
			}
		}
	}
}

func TestGradientIsTheLosssSlope(t *testing.T) {
	d, _ := made(60, 9)
	o := objective{d, 2, 5}
	at := []float64{.3, -.2, .1, 0, 1, .5, -.5, .2}
	g := make([]float64, len(at))
	loss := o.loss(at, g)
	if want := plainLoss(d, 2, at[:5], at[5:]) / 60; math.Abs(loss-want) > 1e-12 {
		t.Errorf("loss %v, want %v", loss, want)
	}
	slope := func(k int) float64 {
		const h = 1e-5
		up, down := append([]float64{}, at...), append([]float64{}, at...)
		up[k] += h
		down[k] -= h
		return (plainLoss(d, 2, up[:5], up[5:]) - plainLoss(d, 2, down[:5], down[5:])) / (2 * h) / 60
	}
	for k := range at {
		if math.Abs(g[k]-slope(k)) > 1e-8 {
			t.Errorf("entry %d of the gradient is %v, want %v", k, g[k], slope(k))
		}
	}
	o.ridge = 1 // a wrong gradient is seen
	o.loss(at, g)
	if math.Abs(g[4]-slope(4)) < 1e-3 {
		t.Error("half the ridge passes for the whole")
	}
}

func TestFitRefuses(t *testing.T) {
	d, _ := made(30, 1)
	oneSided := d
	oneSided.Stratum = append([]int{}, d.Stratum...)
	for i, y := range d.Y {
		oneSided.Stratum[i] = 0
		if y {
			oneSided.Stratum[i] = 1
		}
	}
	for _, c := range []struct {
		name  string
		d     Data
		ridge float64
		says  string
	}{
		{"no rows", Data{}, 1, "0 rows"},
		{"no ridge", d, 0, "ridge 0"},
		{"no number", d, math.NaN(), "ridge NaN"},
		{"strata of one side", oneSided, 1, "stratum 0 has 0 positive"},
	} {
		if _, err := Fit(c.d, c.ridge, nil); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAverageIsOfProbabilities(t *testing.T) {
	intercepts := []float64{-3, 0, 1}
	for _, z := range []float64{0, 1.5, -7} {
		var p float64
		for _, b := range intercepts {
			p += 1 / (1 + math.Exp(-(z + b))) / 3
		}
		if got := Sigmoid(Average(z, intercepts)); math.Abs(got-p) > 1e-12 {
			t.Errorf("at %v: %v, want %v", z, got, p)
		}
	}
	if s := Average(-1000, intercepts); math.IsInf(s, 0) || math.IsNaN(s) {
		t.Errorf("far away the score is %v", s)
	}
}

// TestCalibrateFindsTheMinimum goes over a grid around the answer: no neighbour is better.
func TestCalibrateFindsTheMinimum(t *testing.T) {
	d, group := made(200, 6)
	scores := make([]float64, len(d.X))
	for i := range scores {
		scores[i] = 3 * d.X[i][0]
	}
	c := Calibrate(scores, d.Y, group)
	var positives float64
	for _, y := range d.Y {
		if y {
			positives++
		}
	}
	loss := func(slope, offset float64) (sum float64) {
		for i, s := range scores {
			target := 1 / (200 - positives + 2)
			if d.Y[i] {
				target = (positives + 1) / (positives + 2)
			}
			p := 1 / (1 + math.Exp(-slope*s-offset))
			sum -= target*math.Log(p) + (1-target)*math.Log(1-p)
		}
		return sum
	}
	best := loss(c.Slope, c.Offset)
	for _, step := range [][2]float64{{1e-3, 0}, {-1e-3, 0}, {0, 1e-3}, {0, -1e-3}, {1e-3, 1e-3}, {-1e-3, 1e-3}} {
		if got := loss(c.Slope+step[0], c.Offset+step[1]); got <= best {
			t.Errorf("loss %v at a step of %v, %v at the answer", got, step, best)
		}
	}
	if c.Slope < .1 || c.Slope > 1 {
		t.Errorf("slope %v: the scores are three times the logit's part", c.Slope)
	}
}

// TestIntervalCoversTheTruth calibrates many samples whose true line is known. Rows come in equal pairs, so an
// interval that took them for independent would be too short by the root of two: that control must fail.
func TestIntervalCoversTheTruth(t *testing.T) {
	const tries, pairs, at = 400, 120, .8
	truth := Sigmoid(1.2*at - .4)
	random := rand.New(rand.NewPCG(5, 5))
	covered, naive := 0, 0
	for range tries {
		var scores []float64
		var y []bool
		var group, own []int32
		for g := range int32(pairs) {
			s := random.NormFloat64()
			positive := random.Float64() < Sigmoid(1.2*s-.4)
			for range 2 {
				scores, y = append(scores, s), append(y, positive)
				group, own = append(group, g), append(own, int32(len(own)))
			}
		}
		if p := Calibrate(scores, y, group).At(at); p.Low <= truth && truth <= p.High {
			covered++
		}
		if p := Calibrate(scores, y, own).At(at); p.Low <= truth && truth <= p.High {
			naive++
		}
	}
	if share := float64(covered) / tries; share < .91 || share > .98 {
		t.Errorf("the 95 %% interval covers the truth in %.3f of %d samples", share, tries)
	}
	if share := float64(naive) / tries; share > .89 {
		t.Errorf("with groups ignored it still covers %.3f: the test would not see it", share)
	}
}

func TestCalibrateAtTheEdges(t *testing.T) {
	group := []int32{0, 1, 2, 3, 4, 5}
	y := []bool{false, false, false, true, true, true}
	for name, scores := range map[string][]float64{"parted without a miss": {-3, -2, -1, 1, 2, 3},
		"all equal": {1, 1, 1, 1, 1, 1}} {
		c := Calibrate(scores, y, group)
		for _, s := range []float64{-1e9, -1, 0, 2, 1e9} {
			p := c.At(s)
			if math.IsNaN(p.P+p.Low+p.High) || p.P <= 0 || p.P >= 1 || p.Low > p.P || p.High < p.P {
				t.Errorf("%s: %+v at %v", name, p, s)
			}
		}
		if c.At(1e9) != c.At(c.High) || c.At(-1e9) != c.At(c.Low) {
			t.Errorf("%s: beyond the scores seen it goes on rising", name)
		}
	}
}

func TestCurve(t *testing.T) {
	c := Curve([]float64{0, .05, .1, .95, 1, 1}, []bool{false, true, true, true, true, false})
	if c[0] != (Tenth{2, .025, .5}) || c[1] != (Tenth{1, .1, 1}) || c[9].Rows != 3 || math.Abs(c[9].Share-2./3) > 1e-12 ||
		c[5] != (Tenth{}) {
		t.Errorf("%+v", c)
	}
}
