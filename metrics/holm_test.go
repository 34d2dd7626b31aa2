package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// naiveHolm finds the least level at which the step-down procedure rejects test i, among the levels at which anything
// can change.
func naiveHolm(p []float64, i int) float64 {
	rejects := func(level float64) bool {
		left := map[int]bool{}
		for k := range p {
			left[k] = true
		}
		for len(left) > 0 {
			at := -1
			for k := range left {
				if at < 0 || p[k] < p[at] {
					at = k
				}
			}
			if p[at]*float64(len(left)) > level*(1+1e-12) {
				return false
			}
			if p[at] == p[i] {
				return true
			}
			delete(left, at)
		}
		return false
	}
	least := 1.0
	for _, x := range p {
		for m := 1; m <= len(p); m++ {
			if level := x * float64(m); level < least && rejects(level) {
				least = level
			}
		}
	}
	return least
}

func TestHolmEqualsTheProcedure(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	bonferroni := false
	for range 50 {
		p := make([]float64, 1+random.IntN(9))
		for i := range p {
			p[i] = math.Pow(random.Float64(), 4)
		}
		for i, got := range Holm(p) {
			want := naiveHolm(p, i)
			same(t, "adjusted", got, &want, 1e-12)
			bonferroni = bonferroni || math.Abs(got-min(1, p[i]*float64(len(p)))) > 1e-9
		}
	}
	if !bonferroni {
		t.Error("Bonferroni's correction would have passed")
	}
	got := Holm([]float64{.01, math.NaN(), .04, .03})
	for i, want := range []float64{.03, math.NaN(), .06, .06} {
		if math.Abs(got[i]-want) > 1e-12 || math.IsNaN(got[i]) != math.IsNaN(want) {
			t.Errorf("%v", got)
		}
	}
}

// TestPIsThatOfTheMean: for a mean the bootstrap's standard error is that of the t test, but for G in place of G − 1;
// and the p of many draws is that of the formula.
func TestPIsThatOfTheMean(t *testing.T) {
	const groups = 40
	random := rand.New(rand.NewPCG(8, 8))
	x, mean := make([]float64, groups), 0.0
	for g := range x {
		x[g] = .4 + random.NormFloat64()
		mean += x[g] / groups
	}
	influence := make([]float64, groups)
	for g := range x {
		influence[g] = (x[g] - mean) / groups
	}
	r := NewResamples(groups, 20000, 4)
	p := r.P(mean, influence)
	draws, zero := make([]float64, len(r.weights)), make([]float64, len(r.weights))
	for k, w := range r.weights {
		for g := range x {
			draws[k] += w[g] * x[g] / groups
		}
	}
	_, drawn := r.PairedDraws(mean, draws, zero)
	if ratio := math.Log(p) / math.Log(drawn); ratio < .97 || ratio > 1.03 {
		t.Errorf("p %.5f by the formula, %.5f by draws", p, drawn)
	}
	if p < .0005 || p > .2 {
		t.Errorf("p %.5f: the example says nothing", p)
	}
	if got := r.P(0, influence); got != 1 {
		t.Errorf("no difference has p %v", got)
	}
	if got := NewResamples(minGroups-1, 5, 1).P(1, nil); !math.IsNaN(got) {
		t.Errorf("p %v of too few groups", got)
	}
}
