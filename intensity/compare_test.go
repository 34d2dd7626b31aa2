package intensity_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/intensity"
	"hives/ranking"
)

// noisy are three judges' scores of n items under two prompts, some missing.
func noisy(seed uint64, n int) intensity.Ratings {
	random := rand.New(rand.NewPCG(seed, 1))
	r := intensity.Ratings{Value: make([]int, n), Direction: make([]int, n)}
	truth := make([]float64, n)
	for i := range n {
		truth[i], r.Value[i], r.Direction[i] = 3*random.NormFloat64(), random.IntN(2), random.IntN(3)-1
	}
	for range 3 {
		var prompts [][]float64
		for range 2 {
			scores := make([]float64, n)
			for i := range scores {
				scores[i] = math.Round(truth[i] + random.NormFloat64())
				if random.IntN(20) == 0 {
					scores[i] = math.NaN()
				}
			}
			prompts = append(prompts, scores)
		}
		r.Scores = append(r.Scores, prompts)
	}
	return r
}

// picked are ratings with the items of a draw written out, one after another.
func picked(r intensity.Ratings, counts []float64) (out intensity.Ratings) {
	pick := func(x []float64) (y []float64) {
		for i, n := range counts {
			for range int(n) {
				y = append(y, x[i])
			}
		}
		return y
	}
	for i, n := range counts {
		for range int(n) {
			out.Value, out.Direction = append(out.Value, r.Value[i]), append(out.Direction, r.Direction[i])
		}
	}
	for _, prompts := range r.Scores {
		var own [][]float64
		for _, scores := range prompts {
			own = append(own, pick(scores))
		}
		out.Scores = append(out.Scores, own)
	}
	return out
}

// Intervals are the percentiles of the figures of items written out anew, and differences are taken within a draw: a
// method differs from itself by nothing. Control: of draws of its own for each method it would differ.
func TestComparedOnTheSameDraws(t *testing.T) {
	const n, draws, seed = 40, 30, 5
	r := noisy(1, n)
	c, err := intensity.Compare([]intensity.Ratings{r, r}, draws, seed)
	if err != nil {
		t.Fatal(err)
	}
	counts := ranking.Resample(seed, draws, n)
	for at, f := range intensity.Figures {
		var drawn []float64
		for _, draw := range counts {
			s, err := intensity.Measure(picked(r, draw))
			if err != nil {
				t.Fatal(err)
			}
			drawn = append(drawn, f.Of(s))
		}
		slices.Sort(drawn)
		got := c.Figures[0][at]
		near(t, f.Name+" lo", got.Lo, ranking.Quantile(drawn, .025), 1e-12)
		near(t, f.Name+" hi", got.Hi, ranking.Quantile(drawn, .975), 1e-12)
		if got.Lo >= got.Hi {
			t.Errorf("control: %s does not move between draws: %+v", f.Name, got)
		}
		if less := c.Less[1][at]; less.Value != 0 || less.Lo != 0 || less.Hi != 0 {
			t.Errorf("%s: a method differs from itself by %+v", f.Name, less)
		}
	}
	if _, err := intensity.Compare([]intensity.Ratings{r, noisy(2, n+1)}, draws, seed); err == nil {
		t.Error("methods on unlike items are compared")
	}
	if _, err := intensity.Compare(nil, draws, seed); err == nil {
		t.Error("no method is compared")
	}
}
