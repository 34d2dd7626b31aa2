package ranking_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hives/ranking"
)

// drawn makes rankings of 2 to 5 items at random, with weights.
func drawn(random *rand.Rand, items, n int) (orders [][]int, weights []float64) {
	for range n {
		orders = append(orders, random.Perm(items)[:2+random.IntN(min(4, items-1))])
		weights = append(weights, .25+random.Float64())
	}
	return orders, weights
}

// plainLogLik is the formula, written down.
func plainLogLik(orders [][]int, weights, theta []float64) (sum float64) {
	for r, order := range orders {
		for s := range len(order) - 1 {
			var left float64
			for _, item := range order[s:] {
				left += math.Exp(theta[item])
			}
			sum += weights[r] * (theta[order[s]] - math.Log(left))
		}
	}
	return sum
}

// plainInformation adds diag(p) − p pᵀ of every stage.
func plainInformation(items int, orders [][]int, weights, theta []float64) [][]float64 {
	h := make([][]float64, items)
	for i := range h {
		h[i] = make([]float64, items)
	}
	for r, order := range orders {
		for s := range len(order) - 1 {
			var left float64
			for _, item := range order[s:] {
				left += math.Exp(theta[item])
			}
			for _, i := range order[s:] {
				p := math.Exp(theta[i]) / left
				h[i][i] += weights[r] * p
				for _, j := range order[s:] {
					h[i][j] -= weights[r] * p * math.Exp(theta[j]) / left
				}
			}
		}
	}
	return h
}

func TestLikelihoodIsTheFormula(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		items := 2 + random.IntN(8)
		orders, weights := drawn(random, items, 1+random.IntN(20))
		theta := make([]float64, items)
		for i := range theta {
			theta[i] = 3 * random.NormFloat64()
		}
		r, err := ranking.New(items, orders, weights)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "log-likelihood", ranking.LogLikelihood(r, theta), plainLogLik(orders, weights, theta), 1e-12)
		for i := range theta {
			theta[i] += 700 // beyond what exp holds
		}
		shifted := ranking.LogLikelihood(r, theta)
		for i := range theta {
			theta[i] -= 700
		}
		near(t, "after a shift", shifted, plainLogLik(orders, weights, theta), 1e-9)
	}
}

func TestDerivativesAreThoseOfTheLikelihood(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		items := 2 + random.IntN(7)
		orders, weights := drawn(random, items, 1+random.IntN(15))
		r, err := ranking.New(items, orders, weights)
		if err != nil {
			t.Fatal(err)
		}
		theta, v := make([]float64, items), make([]float64, items)
		for i := range theta {
			theta[i], v[i] = random.NormFloat64(), random.NormFloat64()
		}
		gradient, product, diagonal := ranking.Derivatives(r, theta, v)
		wrong := 0.
		for i := range theta {
			const step = 1e-6
			up, down := append([]float64(nil), theta...), append([]float64(nil), theta...)
			up[i] += step
			down[i] -= step
			slope := (plainLogLik(orders, weights, up) - plainLogLik(orders, weights, down)) / (2 * step)
			near(t, "gradient", gradient[i], slope, 1e-6)
			wrong = max(wrong, math.Abs(2*gradient[i]+.1-slope))
		}
		if wrong < .05 {
			t.Errorf("a wrong gradient passes: %g off at most", wrong)
		}
		h := plainInformation(items, orders, weights, theta)
		for i := range theta {
			var want float64
			for j := range theta {
				want += h[i][j] * v[j]
			}
			near(t, "product", product[i], want, 1e-10)
			near(t, "diagonal", diagonal[i], h[i][i], 1e-10)
		}
	}
}

// Two items: the maximum is at log(wins/losses), and Ghost adds c to both.
func TestTwoItemsHaveAClosedForm(t *testing.T) {
	orders := [][]int{{0, 1}, {1, 0}}
	for _, c := range []struct {
		wins, losses float64
	}{{3, 1}, {1, 1}, {.5, 20}} {
		r, err := ranking.New(2, orders, []float64{c.wins, c.losses})
		if err != nil {
			t.Fatal(err)
		}
		f, err := ranking.Fit(r, ranking.None())
		if err != nil {
			t.Fatal(err)
		}
		near(t, "difference", f.Theta[0]-f.Theta[1], math.Log(c.wins/c.losses), 1e-8)
		e, err := f.Errors()
		if err != nil {
			t.Fatal(err)
		}
		p := c.wins / (c.wins + c.losses)
		near(t, "its error", e.Difference(0, 1), 1/math.Sqrt((c.wins+c.losses)*p*(1-p)), 1e-7)
		if sum := math.Hypot(e.SE[0], e.SE[1]); sum > .8*e.Difference(0, 1) {
			t.Errorf("√(se²+se²) = %v against %v: two items that met are correlated", sum, e.Difference(0, 1))
		}
	}
}

func TestOneWinsAlwaysIsFiniteWithAPrior(t *testing.T) {
	r, err := ranking.New(3, [][]int{{0, 1, 2}, {0, 2, 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, prior := range []ranking.Prior{ranking.Ghost(.5), ranking.Ghost(1), ranking.Ridge(.01)} {
		f, err := ranking.Fit(r, prior)
		if err != nil {
			t.Fatalf("%s: %v", prior, err)
		}
		if !(f.Theta[0] > f.Theta[1]) || math.IsInf(f.Theta[0], 0) || math.Abs(f.Theta[1]-f.Theta[2]) > 1e-7 {
			t.Errorf("%s: %v", prior, f.Theta)
		}
		again, err := ranking.ParsePrior(prior.String())
		if err != nil || again != prior {
			t.Errorf("%s is read as %s, %v", prior, again, err)
		}
	}
}

func TestAFitDoesNotDependOnItsStart(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	orders, weights := drawn(random, 30, 400)
	r, err := ranking.New(30, orders, weights)
	if err != nil {
		t.Fatal(err)
	}
	cold, err := ranking.Fit(r, ranking.DefaultPrior)
	if err != nil {
		t.Fatal(err)
	}
	start := make([]float64, 30)
	for i := range start {
		start[i] = 5 * random.NormFloat64()
	}
	warm, err := ranking.Fit(r, ranking.DefaultPrior, ranking.From(start))
	if err != nil {
		t.Fatal(err)
	}
	allNear(t, "theta", warm.Theta, cold.Theta, 1e-8)
}

func TestQuantileInterpolates(t *testing.T) {
	x := []float64{10, 20, 30, 40}
	for share, want := range map[float64]float64{0: 10, .5: 25, 1: 40, 1. / 6: 15} {
		near(t, "quantile", ranking.Quantile(x, share), want, 1e-12)
	}
	if !math.IsNaN(ranking.Quantile(nil, .5)) {
		t.Error("a quantile of nothing")
	}
}

// The posterior under a normal prior is that of a plain sum over a wide and fine grid, of the likelihood as it is
// written. Control: the twin with another prior is elsewhere.
func TestPosteriorNormalIsAnIntegral(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 11))
	for range 12 {
		mean, sd := 3*random.NormFloat64(), math.Exp(random.NormFloat64())
		var windows []ranking.Window
		for range 1 + random.IntN(12) {
			k := 2 + random.IntN(5)
			w := ranking.Window{Rank: 1 + random.IntN(k)}
			for range k - 1 {
				w.Anchors = append(w.Anchors, 2*random.NormFloat64())
			}
			windows = append(windows, w)
		}
		twin := func(mean float64) (u, spread float64) {
			var sum, first, second float64
			for x := -40.; x <= 40; x += .01 {
				logp := -(x - mean) * (x - mean) / (2 * sd * sd)
				for _, w := range windows {
					for stage := range min(w.Rank, len(w.Anchors)) {
						total := math.Exp(x)
						for _, a := range w.Anchors[stage:] {
							total += math.Exp(a)
						}
						chosen := x
						if stage+1 < w.Rank {
							chosen = w.Anchors[stage]
						}
						logp += chosen - math.Log(total)
					}
				}
				p := math.Exp(logp)
				sum, first, second = sum+p, first+x*p, second+x*x*p
			}
			u = first / sum
			return u, math.Sqrt(second/sum - u*u)
		}
		u, spread, err := ranking.PosteriorNormal(windows, mean, sd)
		want, wantSD := twin(mean)
		if err != nil || math.Abs(u-want) > 1e-6 || math.Abs(spread-wantSD) > 1e-5 {
			t.Errorf("%v under %v ± %v: %v ± %v (%v), the twin has %v ± %v", windows, mean, sd, u, spread, err, want, wantSD)
		}
		if other, _ := twin(mean + 1); math.Abs(other-u) < 1e-6 {
			t.Errorf("control: another prior gives the same mean %v", u)
		}
	}
	for _, bad := range [][2]float64{{0, 0}, {0, -1}, {math.NaN(), 1}, {0, math.Inf(1)}} {
		one := []ranking.Window{{Anchors: []float64{0}, Rank: 1}}
		if _, _, err := ranking.PosteriorNormal(one, bad[0], bad[1]); err == nil {
			t.Errorf("a prior of %v is taken", bad)
		}
	}
	w := []ranking.Window{{Anchors: []float64{1, 0, -1}, Rank: 1}} // the comment's example
	for mean, want := range map[float64][2]float64{0: {.65, .92}, 3: {3.18, .94}} {
		u, sd, err := ranking.PosteriorNormal(w, mean, 1)
		if err != nil || math.Abs(u-want[0]) > .005 || math.Abs(sd-want[1]) > .005 {
			t.Errorf("%v ± 1 becomes %.3f ± %.3f (%v), want %v", mean, u, sd, err, want)
		}
	}
}
