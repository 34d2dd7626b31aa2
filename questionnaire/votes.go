package questionnaire

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Probabilities are the shares of options by their log-probabilities: softmax. With prior, the log-probabilities of the
// same options under no text at all, what the model would say anyhow is taken off before: a small model favours an
// option whatever it is asked.
//
//	total −1 −2, no prior:       .73 .27
//	prior −1 −3:                 0 and 1: .27 .73
func Probabilities(total, prior []float64) []float64 {
	out := slices.Clone(total)
	if prior != nil {
		floats.Sub(out, prior)
	}
	all := floats.LogSumExp(out)
	for i := range out {
		out[i] = math.Exp(out[i] - all)
	}
	return out
}

// None is the option of a vote without a sample.
const None = -1

// Votes are what samples of one answer chose, among K options counted from 0. On a scale they stand for 1 … K.
type Votes struct {
	Hard  []int // each sample's most probable option, the first of equal ones
	Count []int // [K]
	Tied  []int // the options with most votes; several in a tie

	// One option, by three rules for a tie: the first; the one whose shares sum to most, then the first; the mean place
	// of all on the scale, which is none of them. None and NaN without a sample.
	Lowest, Soft int
	Middle       float64

	Expected  float64 // the mean place on the scale by the shares
	Agreement float64 // share of the samples that chose a winner
	Entropy   float64 // of the mean shares, in bits: 0 where all agree, log2 K where nobody knows
}

// Count takes samples [m][K] of shares and lets each vote for its largest.
//
//	.5 .3 .2 / .1 .6 .3 / .4 .1 .5      hard 0 1 2, a tie of three
//	lowest 0; soft 0, since the shares sum to 1, 1, 1 and equal ones go to the first; middle 2
func Count(samples [][]float64, options int) Votes {
	v := Votes{Count: make([]int, options), Lowest: None, Soft: None, Middle: math.NaN(), Expected: math.NaN(),
		Agreement: math.NaN(), Entropy: math.NaN()}
	if len(samples) == 0 {
		return v
	}
	sums := make([]float64, options)
	for _, p := range samples {
		best := floats.MaxIdx(p) // the first of equal ones
		v.Hard = append(v.Hard, best)
		v.Count[best]++
		floats.Add(sums, p)
	}
	most := slices.Max(v.Count)
	v.Middle = 0
	for k, n := range v.Count {
		if n != most {
			continue
		}
		v.Tied = append(v.Tied, k)
		v.Middle += float64(k + 1)
		if v.Soft == None || sums[k] > sums[v.Soft] {
			v.Soft = k
		}
	}
	v.Lowest, v.Middle = v.Tied[0], v.Middle/float64(len(v.Tied))
	v.Agreement = float64(most) / float64(len(samples))
	v.Expected, v.Entropy = spread(sums, float64(len(samples)))
	return v
}

// spread is the mean place and the entropy of mean shares.
func spread(sums []float64, samples float64) (expected, entropy float64) {
	for k, sum := range sums {
		p := sum / samples
		expected += float64(k+1) * p
		if p > 0 {
			entropy -= p * math.Log2(p)
		}
	}
	return expected, entropy
}
