package steer

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// StableBelow is the mean change of a score to the next larger setting below which scores are called stable.
const StableBelow = .3

// Ablation is one setting beside the reference.
type Ablation struct {
	Difference float64 // mean |score − reference| over responses and seeds
	SD         float64 // mean over responses of the standard deviation over seeds, divisor n−1
	Scores     int     // pairs that had both numbers
	Missing    int
}

// Ablate takes scores [seed][response] of a setting, and the reference's scores [response]. NaN is a missing score.
func Ablate(reference []float64, scores [][]float64) Ablation {
	a, sum := Ablation{}, 0.
	var spread []float64
	for response, want := range reference {
		var own []float64
		for _, of := range scores {
			if math.IsNaN(of[response]) || math.IsNaN(want) {
				a.Missing++
				continue
			}
			a.Scores++
			sum += math.Abs(of[response] - want)
			own = append(own, of[response])
		}
		if len(own) > 1 {
			spread = append(spread, stat.StdDev(own, nil))
		}
	}
	a.Difference = sum / float64(a.Scores)
	a.SD = math.NaN()
	if len(spread) > 0 {
		a.SD = stat.Mean(spread, nil)
	}
	return a
}

// Change is how far scores move from one setting to the next, over the responses and seeds that both have. A setting is
// stable if it is below StableBelow.
func Change(from, to [][]float64) float64 {
	sum, n := 0., 0.
	for seed := range min(len(from), len(to)) {
		for response, x := range from[seed] {
			if d := math.Abs(to[seed][response] - x); !math.IsNaN(d) {
				sum, n = sum+d, n+1
			}
		}
	}
	return sum / n
}
