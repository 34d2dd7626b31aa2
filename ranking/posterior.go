package ranking

import (
	"math"

	"gonum.org/v1/gonum/stat"

	"hives/internal/fault"
)

const (
	kernelWidth = .35 // logits, of the density of a pool's utilities
	gridPoints  = 241
	gridReach   = 1.2 // of the largest distance from the mean
)

// Posterior is the mean and the SD of a response's utility under the likelihood of its windows and the density of the
// pool's utilities theta, a Gaussian kernel of .35 logits on a grid of 241 points μ ± 1.2 max|θ − μ|. It is never
// infinite. It shrinks towards the pool, differences with it (a true gain of 1.90 comes out as 1.5), so gains and
// means of groups take Estimate.
//
// The density is what a response may be before its windows are seen: as one more text of the pool.
func Posterior(windows []Window, theta []float64) (u, sd float64, err error) {
	s, err := newStages(windows)
	if err != nil {
		return 0, 0, err
	}
	if len(theta) == 0 {
		return 0, 0, fault.New(fault.Invalid, "ranking: a posterior needs the pool's utilities")
	}
	middle, reach := stat.Mean(theta, nil), 0.
	for _, t := range theta {
		reach = max(reach, math.Abs(t-middle))
	}
	reach *= gridReach
	u, sd = s.posterior(middle-reach, middle+reach, gridPoints, func(at float64) float64 {
		var density float64
		for _, t := range theta {
			z := (at - t) / kernelWidth
			density += math.Exp(-z * z / 2)
		}
		return math.Log(density)
	})
	return u, sd, nil
}

const (
	normalReach = 8 // SDs of the prior on either side of the mode
	normalStep  = 4 // grid points to the narrowest SD that the posterior may have
)

// PosteriorNormal is the mean and the SD of a response's utility under the likelihood of its windows and a normal
// prior, such as what the response's vector lets expect. It is never infinite. Like Posterior it shrinks: towards the
// prior's mean.
//
//	no prior, first among anchors 1, 0, −1     +∞
//	prior 0 ± 1, the same window               .65 ± .92
//	prior 3 ± 1                                3.18 ± .94: that it came first was to be expected
//
// How far must the grid reach? The likelihood is concave in u, so the posterior falls from its mode at least as fast
// as the prior does from its mean: beyond 8 SDs nothing is left. And how fine? Each stage adds a curvature of ¼ at
// most, so no SD is below 1/√(1/sd² + stages/4).
func PosteriorNormal(windows []Window, mean, sd float64) (u, spread float64, err error) {
	if !(sd > 0) || math.IsInf(sd, 0) || math.IsNaN(mean) || math.IsInf(mean, 0) {
		return 0, 0, fault.New(fault.Invalid, "ranking: a prior of %v ± %v: want finite numbers, the SD above 0", mean, sd)
	}
	s, err := newStages(windows)
	if err != nil {
		return 0, 0, err
	}
	for at := range s.logS { // from here on utilities count from the prior's mean, where stagesOf has its prior
		s.logS[at] -= mean
	}
	s.precision = 1 / (sd * sd)
	mode := s.maximum(s.bracket())
	narrowest := 1 / math.Sqrt(s.precision+float64(len(s.logS))/4)
	points := 1 + int(math.Ceil(2*normalReach*sd*normalStep/narrowest))
	u, spread = s.posterior(mode-normalReach*sd, mode+normalReach*sd, points, func(float64) float64 { return 0 })
	return mean + u, spread, nil
}

// posterior is the mean and the SD under ℓ and a log-density, on a grid. Sums stand for integrals, and their common
// step cancels. Weights are taken against the largest, which is 1 then and cannot underflow.
func (s *stagesOf) posterior(low, high float64, points int, density func(u float64) float64) (mean, sd float64) {
	grid, logs := make([]float64, points), make([]float64, points)
	top := math.Inf(-1)
	for at := range grid {
		grid[at] = low + (high-low)*float64(at)/float64(points-1)
		value, _, _ := s.at(grid[at])
		logs[at] = value + density(grid[at])
		top = max(top, logs[at])
	}
	var sum, first, second float64
	for at, x := range grid {
		weight := math.Exp(logs[at] - top)
		sum, first = sum+weight, first+weight*x
	}
	mean = first / sum
	for at, x := range grid {
		second += math.Exp(logs[at]-top) * (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(second / sum)
}

// FitScale is the factor β that makes the anchors' own orders likeliest: Σ log P(order | β·utility) over the windows,
// the response left out. A judge half as sharp as those whose rankings gave the utilities has β about .5, and
// without it the interval of a score is too narrow (coverage .84 for .95). orders[t] are utilities, the best first;
// those of fewer than two say nothing. β = 0 where the orders contradict the utilities.
//
// Anchors of utilities 1 and 0 that a judge orders rightly three times of four: σ(β) = ¾, so β = log 3 = 1.10. Always
// rightly is refused, since then β has no upper bound.
func FitScale(orders [][]float64) (float64, error) {
	informative := 0
	for at, order := range orders {
		for _, u := range order {
			if math.IsNaN(u) || math.IsInf(u, 0) {
				return 0, fault.New(fault.Invalid, "ranking: order %d holds the utility %v", at, u)
			}
		}
		if len(order) > 1 {
			informative++
		}
	}
	if informative == 0 {
		return 0, fault.New(fault.Invalid, "ranking: no order of two anchors to fit a scale to")
	}
	if _, slope := scaleSlope(orders, 0); slope <= 0 {
		return 0, nil
	}
	low, high := 0., 1.
	for {
		if _, slope := scaleSlope(orders, high); slope < 0 {
			break
		}
		if low, high = high, 2*high; high > 1e6 {
			return 0, fault.New(fault.Invalid, "ranking: every anchor order agrees with the utilities: the judge's "+
				"sharpness has no upper bound, more windows are needed")
		}
	}
	for range 200 {
		middle := (low + high) / 2
		if middle == low || middle == high {
			break
		}
		if _, slope := scaleSlope(orders, middle); slope > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2, nil
}

// scaleSlope is Σ log P(order | β·utility) and its derivative by β, which falls with β: a stage of shares p gives
// u_first − Σ p u.
func scaleSlope(orders [][]float64, beta float64) (value, slope float64) {
	for _, order := range orders {
		for s := 0; s < len(order)-1; s++ {
			top := math.Inf(-1)
			for _, u := range order[s:] {
				top = max(top, beta*u)
			}
			var sum, weighted float64
			for _, u := range order[s:] {
				e := math.Exp(beta*u - top)
				sum, weighted = sum+e, weighted+e*u
			}
			value += beta*order[s] - top - math.Log(sum)
			slope += order[s] - weighted/sum
		}
	}
	return value, slope
}
