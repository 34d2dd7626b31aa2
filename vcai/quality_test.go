package vcai_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hives/vcai"
)

// ordered are questions whose answers are put into order by degree plus noise.
func ordered(t *testing.T, n int, noise float64, seed uint64) (all []vcai.Ordered) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 5))
	for range n {
		levels, worth := []float64{-2, -1, 0, 1, 2}, make([]float64, 5)
		rng.Shuffle(5, func(i, j int) { levels[i], levels[j] = levels[j], levels[i] })
		order := []int{1, 2, 3, 4, 5}
		for i := range worth {
			worth[i] = levels[i]/(noise+1e-9) + rng.NormFloat64()
		}
		for i := range order { // the most agreeing first
			for j := i + 1; j < 5; j++ {
				if worth[order[j]-1] > worth[order[i]-1] {
					order[i], order[j] = order[j], order[i]
				}
			}
		}
		o, err := vcai.Order(levels, order)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// TestChanceTellsOrderFromNone: orders that follow the degrees get the least probability that so many draws can give,
// and orders at random are below .1 in about a tenth of the cases.
func TestChanceTellsOrderFromNone(t *testing.T) {
	if p := vcai.Chance(ordered(t, 12, .5, 1), 499, 1); p != 1./500 {
		t.Errorf("orders that follow: p = %v", p)
	}
	low := 0
	for seed := range uint64(60) {
		if vcai.Chance(ordered(t, 6, 1e9, seed), 99, seed) <= .1 {
			low++
		}
	}
	// Binomial of 60 and .1: 6 expected, 15 or more in .0005.
	if low == 0 || low >= 15 {
		t.Errorf("%d of 60 sets of random orders have p ≤ .1, 6 are expected", low)
	}
	if !math.IsNaN(vcai.Chance(nil, 9, 1)) {
		t.Error("no question has a probability")
	}
	if s := vcai.Summarise(ordered(t, 8, 0, 1)); s.Perfect != 1 || s.Tau != 1 {
		t.Errorf("perfect orders: %+v", s)
	}
}
