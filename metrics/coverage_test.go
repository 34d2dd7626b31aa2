package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Percentiles are sums of order statistics with hat-shaped weights: place p takes 1 − |p − i| of the i-th.
func TestPercentilesInterpolate(t *testing.T) {
	hats := func(sorted []float64, q float64) (sum float64) {
		for i, x := range sorted {
			sum += x * math.Max(0, 1-math.Abs(q*float64(len(sorted)-1)-float64(i)))
		}
		return sum
	}
	rng := rand.New(rand.NewPCG(5, 1))
	between := false
	for _, n := range []int{1, 2, 3, 10, 41, 42, 100, 1000} {
		draws := make([]float64, n)
		for i := range draws {
			draws[i] = rng.NormFloat64()
		}
		got := percentiles(slices.Clone(draws))
		slices.Sort(draws)
		low, high := hats(draws, .025), hats(draws, .975)
		same(t, "low end", got.Low, &low, 1e-12)
		same(t, "high end", got.High, &high, 1e-12)
		between = between || !slices.Contains(draws, low)
	}
	if !between {
		t.Error("every end is a draw itself: the comparison does not see the interpolation")
	}
}

// Five groups give an interval, four do not: by every way to one.
func TestFiveGroupsAreTheLeast(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	for groups := 3; groups <= 6; groups++ {
		want := groups >= 5
		x, influence, group := make([]float64, 4*groups), make([]float64, groups), make([]int32, 4*groups)
		var sided Sided
		for i := range x {
			x[i], group[i] = rng.NormFloat64(), int32(i%groups)
			influence[i%groups] += x[i] / float64(len(x))
			sided.Add(x[i], i%4 < 2, 0, group[i])
		}
		r := NewResamples(groups, 200, 1)
		_, mean := GroupMean(x, group, 200, 1)
		draws := make([]float64, 200)
		for k := range draws {
			draws[k] = rng.NormFloat64()
		}
		paired, p := r.PairedDraws(.1, draws, make([]float64, 200))
		for name, known := range map[string]bool{
			"Interval": r.Interval(.5, influence).Known(), "P": !math.IsNaN(r.P(.5, influence)), "GroupMean": mean.Known(),
			"AUC": sided.AUC(200, 1).Interval.Known(), "PairedDraws": paired.Known(), "PairedDraws' p": !math.IsNaN(p),
		} {
			if known != want {
				t.Errorf("%s of %d groups: known is %v, want %v", name, groups, known, want)
			}
		}
	}
	v, l := world(13, 200)
	for groups, want := range map[int32]bool{4: false, 5: true} {
		for i := range l.Group {
			l.Group[i] = int32(i) % groups
		}
		if got, _ := NewResamples(int(groups), 50, 1).Orthogonality(v, l, 1, 1, 0); got.Known() != want {
			t.Errorf("orthogonality of %d groups: %v", groups, got)
		}
	}
}

// simulated draws rows of groups that err together: an effect for the group, and noise. Its true mean is 0.
func simulated(rng *rand.Rand, groups int) (x []float64, group []int32) {
	for g := range groups {
		effect := rng.NormFloat64()
		for range 2 + rng.IntN(5) {
			x, group = append(x, effect+.5*rng.NormFloat64()), append(group, int32(g))
		}
	}
	return x, group
}

// covered is the share of simulated data sets whose interval holds the truth.
func covered(times int, interval func(rng *rand.Rand) (Interval, float64)) float64 {
	held := 0
	for k := range times {
		if i, truth := interval(rand.New(rand.NewPCG(uint64(k), 77))); i.Low <= truth && truth <= i.High {
			held++
		}
	}
	return float64(held) / float64(times)
}

// Of many data sets whose truth is known about 95 % of the intervals hold it. A percentile bootstrap of 40 groups is a
// little too narrow, so .93 is what theory promises; 400 sets have a standard error of .01.
func TestIntervalsCoverTheTruth(t *testing.T) {
	const times, groups, draws = 400, 40, 150
	for name, interval := range map[string]func(*rand.Rand) (Interval, float64){
		"GroupMean": func(rng *rand.Rand) (Interval, float64) {
			x, group := simulated(rng, groups)
			_, i := GroupMean(x, group, draws, rng.Uint64())
			return i, 0
		},
		"Resamples of a mean": func(rng *rand.Rand) (Interval, float64) {
			influence, mean := make([]float64, groups), 0.0
			for g := range influence {
				influence[g] = rng.NormFloat64() / groups
				mean += influence[g]
			}
			for g := range influence {
				influence[g] -= mean / groups
			}
			return NewResamples(groups, draws, rng.Uint64()).Interval(mean, influence), 0
		},
		"Difference of two means": func(rng *rand.Rand) (Interval, float64) {
			var influence [2][]float64
			var mean [2]float64
			for range groups { // systems that err alike: the common part cancels
				common := rng.NormFloat64()
				for s := range influence {
					f := (3*common + rng.NormFloat64() + .5*float64(s)) / groups
					influence[s], mean[s] = append(influence[s], f), mean[s]+f
				}
			}
			for s := range influence {
				for g := range influence[s] {
					influence[s][g] -= mean[s] / groups
				}
			}
			return NewResamples(groups, draws, rng.Uint64()).Difference(mean[1], mean[0], influence[1], influence[0]), .5
		},
		"AUC": func(rng *rand.Rand) (Interval, float64) {
			var s Sided
			for g := range groups {
				for range 3 {
					positive := rng.IntN(2) == 0
					shift := 0.0
					if positive {
						shift = 1
					}
					s.Add(shift+rng.NormFloat64(), positive, 0, int32(g))
				}
			}
			return s.AUC(draws, rng.Uint64()).Interval, .5 * math.Erfc(-.5) // Φ(1/√2)
		},
	} {
		got := covered(times, interval)
		t.Logf("%s: %.3f of %d intervals hold the truth", name, got, times)
		if got < .90 || got > .98 {
			t.Errorf("%s: %.3f of the intervals hold the truth, want about .95", name, got)
		}
	}
	// The control: rows drawn as if each were a group of its own.
	alone := covered(times, func(rng *rand.Rand) (Interval, float64) {
		x, _ := simulated(rng, groups)
		own := make([]int32, len(x))
		for i := range own {
			own[i] = int32(i)
		}
		_, i := GroupMean(x, own, draws, rng.Uint64())
		return i, 0
	})
	if alone > .85 {
		t.Errorf("rows drawn alone cover %.3f: the simulation does not tell groups from rows", alone)
	}
}
