package intensity_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/intensity"
)

// The outermost texts stand at the ends exactly, whatever their utilities: a file with a score beyond ±10 is refused.
// Control: 10·x/x, the other order, goes beyond in some of the pools.
func TestZScoresEndAtTen(t *testing.T) {
	random, beyond := rand.New(rand.NewPCG(3, 4)), 0
	for range 2000 {
		theta := []float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
		c, scores, err := intensity.Calibrate(intensity.ZScore, theta)
		if err != nil {
			t.Fatal(err)
		}
		if most := max(slices.Max(scores), -slices.Min(scores)); most != intensity.Limit {
			t.Fatalf("%v: the outermost score is %v", theta, most)
		}
		for _, x := range theta {
			if math.Abs(intensity.Limit*(x-c.Mean)/c.MaxAbs) > intensity.Limit {
				beyond++
			}
		}
	}
	if beyond == 0 {
		t.Error("control: the other order never goes beyond")
	}
	t.Logf("the other order goes beyond in %d of 2000 pools", beyond)
}
