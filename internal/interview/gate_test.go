package interview

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestKappa holds the sum by options to one by pairs of answers: chance is the share of all n² pairs that agree.
func TestKappa(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n := 2 + rng.IntN(30)
		a, b := make([]int, n), make([]int, n)
		for i := range a {
			a[i], b[i] = 1+rng.IntN(4), 1+rng.IntN(4)
		}
		agreed, chance := 0., 0.
		for i := range a {
			if a[i] == b[i] {
				agreed += 1 / float64(n)
			}
			for k := range b {
				if a[i] == b[k] {
					chance += 1 / float64(n*n)
				}
			}
		}
		want, got := (agreed-chance)/(1-chance), kappa(a, b, 4)
		if !(math.Abs(got-want) < 1e-12) && !(math.IsNaN(got) && chance > 1-1e-12) {
			t.Errorf("%v and %v: κ %v, want %v", a, b, got, want)
		}
	}
	if got := kappa([]int{1, 1, 2, 2}, []int{1, 1, 2, 1}, 2); math.Abs(got-.5) > 1e-12 {
		t.Errorf("κ %v, want .5", got)
	}
	if got := kappa([]int{3, 3}, []int{3, 3}, 3); !math.IsNaN(got) {
		t.Errorf("two readers who know one option: κ %v", got)
	}
}
