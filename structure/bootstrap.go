package structure

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Resamples is how often Bootstrap draws.
const Resamples = 2000

// Whole are the places 0 … n−1: a statistic of them is the figure itself.
func Whole(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Bootstrap is a 95 % interval of a statistic of n things that were drawn independently: the things are drawn again
// with replacement, and the statistic's 2.5th and 97.5th percentiles over the draws are the interval. Draws in which it
// is undefined are left out; NaN for fewer than Least things, or where half of the draws are undefined. The draws are a
// function of purpose, seed and n alone, so two statistics of one purpose are drawn alike and can be compared in pairs.
//
//	the mean of 1, 2, 6     draws such as (1, 1, 6) and (2, 6, 6) have the means 2.7 and 4.7
func Bootstrap(n int, purpose string, seed uint64, of func(at []int) float64) (low, high float64) {
	if n < Least {
		return math.NaN(), math.NaN()
	}
	rng := rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "bootstrap %s %d %d", purpose, seed, n))))
	at, drawn := make([]int, n), make([]float64, 0, Resamples)
	for range Resamples {
		for i := range at {
			at[i] = rng.IntN(n)
		}
		if x := of(at); !math.IsNaN(x) {
			drawn = append(drawn, x)
		}
	}
	if len(drawn) < Resamples/2 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(drawn)
	return drawn[len(drawn)*25/1000], drawn[len(drawn)*975/1000]
}
