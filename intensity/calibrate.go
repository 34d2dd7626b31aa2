package intensity

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"hives/internal/fault"
	"hives/structure"
)

// Limit is the end of the scale, on both sides.
const Limit = 10

// Method is a map from utilities to scores. All of them keep the order of the texts.
//
//	θ              −2     0      .5     1.5       μ 0, M 2
//	zscore         −10    0      2.5    7.5
//	minmax         −10    1.43   4.29   10
//	quantile       −10    −3.78  3.78   10        ±1.150/.844 cut at the ends, ±.319/.844
//	quantile-max   −10    −2.77  2.77   10        ±.319/1.150
type Method string

// The maps. ZScore is the default and the paper's; the quantile maps are for comparison.
const (
	ZScore      Method = "zscore"       // 10 (θ−μ)/max|θ−μ|: distances stay, the farthest text stands at an end
	MinMax      Method = "minmax"       // 20 (θ−min)/(max−min) − 10: both ends are taken, 0 is their middle
	Quantile    Method = "quantile"     // by rank, as a normal of SD 10, cut at the ends: a third of all texts are
	QuantileMax Method = "quantile-max" // by rank, the last rank at the end
)

// Methods are all maps, the default first.
var Methods = []Method{ZScore, MinMax, Quantile, QuantileMax}

// constantSD is the population SD below which utilities count as all the same.
const constantSD = 1e-12

// Calibration maps utilities of one pool to scores and back. It is made once for a pool and kept: a response that is
// scored later must stand on the scale of its anchors.
type Calibration struct {
	Method Method
	Mean   float64 // μ of the pool
	MaxAbs float64 // M = max|θ − μ|
	knots  []knot  // the pool's texts by utility, for the maps by rank
	low    float64 // smallest utility
	span   float64 // largest less smallest
}

// knot is one text of the pool on both scales.
type knot struct{ utility, score float64 }

// Calibrate makes the map of a pool and the scores of its texts, [N]. A pool of equal utilities has scores of 0 under
// the zscore map; whether that is an answer is for the caller to say. A utility that is not finite is refused with
// its text's number: one infinity would make M infinite and all other scores 0.
func Calibrate(method Method, theta []float64) (*Calibration, []float64, error) {
	if len(theta) == 0 {
		return nil, nil, fault.New(fault.Invalid, "intensity: no utilities to calibrate")
	}
	for item, t := range theta {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return nil, nil, fault.New(fault.Invalid, "intensity: utility %v of text %d is not finite", t, item)
		}
	}
	c := &Calibration{Method: method, Mean: stat.Mean(theta, nil), low: slices.Min(theta)}
	c.span = slices.Max(theta) - c.low
	for _, t := range theta {
		c.MaxAbs = max(c.MaxAbs, math.Abs(t-c.Mean))
	}
	var scores []float64
	switch method {
	case ZScore, MinMax:
		if method == ZScore && stat.PopStdDev(theta, nil) < constantSD {
			return c, make([]float64, len(theta)), nil
		}
		for _, t := range theta {
			scores = append(scores, c.Score(t))
		}
	case Quantile, QuantileMax:
		scores = c.byRank(theta)
	default:
		return nil, nil, fault.New(fault.Invalid, "intensity: calibration %q: want one of %v", method, Methods)
	}
	return c, scores, nil
}

// minMaxEps keeps the minmax map of a constant pool defined; the paper's number.
const minMaxEps = 1e-12

// Score maps a utility, also of a text that is not of the pool. Zscore alone goes beyond the ends there. The maps by
// rank know nothing of what lies beyond the pool, and give the end.
func (c *Calibration) Score(utility float64) float64 {
	switch c.Method {
	case ZScore:
		if c.MaxAbs == 0 {
			return 0
		}
		return Limit * ((utility - c.Mean) / c.MaxAbs) // in this order: 10·x/x may be 10.000000000000002
	case MinMax:
		return clip(2*Limit*(utility-c.low)/(c.span+minMaxEps) - Limit)
	}
	return interpolate(c.knots, utility, func(k knot) (float64, float64) { return k.utility, k.score }, Limit)
}

// slope is how many units of the scale a logit is, where a map is straight. By rank it is the mean slope over an
// interval: a text in the middle of a dense pool moves far by little, and one at its end not at all.
func (c *Calibration) slope(low, high float64) float64 {
	switch c.Method {
	case ZScore:
		return Limit / c.MaxAbs
	case MinMax:
		return 2 * Limit / (c.span + minMaxEps)
	}
	return (c.Score(high) - c.Score(low)) / (high - low)
}

// Utility is the inverse of Score. By rank it is linear between the texts of the pool, and the pool's end beyond.
// Scores that were cut at an end do not come back: several utilities have the score 10.
func (c *Calibration) Utility(score float64) float64 {
	switch c.Method {
	case ZScore:
		return c.Mean + score*c.MaxAbs/Limit
	case MinMax:
		return c.low + (score+Limit)/(2*Limit)*(c.span+minMaxEps)
	}
	return interpolate(c.knots, score, func(k knot) (float64, float64) { return k.score, k.utility }, math.NaN())
}

// byRank gives normal scores: rank r of n, ties sharing their average, stands at Φ⁻¹((r−½)/n). Five texts stand at
// −1.28, −.52, 0, .52 and 1.28; their SD is .96 (divisor n), so ×10/.96 the outer two are cut at ±10.
func (c *Calibration) byRank(theta []float64) []float64 {
	q, most := make([]float64, len(theta)), 0.
	for item, rank := range structure.Ranks(theta) {
		q[item] = distuv.UnitNormal.Quantile((rank - .5) / float64(len(theta)))
		most = max(most, math.Abs(q[item]))
	}
	unit := stat.PopStdDev(q, nil)
	if c.Method == QuantileMax {
		unit = most
	}
	for item := range q {
		if unit < constantSD {
			q[item] = 0
		} else {
			q[item] = clip(Limit * q[item] / unit)
		}
		c.knots = append(c.knots, knot{theta[item], q[item]})
	}
	slices.SortFunc(c.knots, func(a, b knot) int { return cmp.Compare(a.utility, b.utility) })
	return q
}

// interpolate is linear between knots that ascend on both sides; beyond them it is ±beyond, or with NaN the end knot's
// own value.
//
//	knots (0, −10) (1, 0) (3, 10), beyond 10     x 2 → 5     x 4 → 10     x −1 → −10
//
// Invariant: x0 < x ≤ x1 where it divides, also where several knots share a value.
func interpolate(knots []knot, x float64, sides func(knot) (from, to float64), beyond float64) float64 {
	end := func(at int, sign float64) float64 {
		if !math.IsNaN(beyond) {
			return sign * beyond
		}
		_, to := sides(knots[at])
		return to
	}
	above := slices.IndexFunc(knots, func(k knot) bool { from, _ := sides(k); return from >= x })
	switch {
	case above < 0:
		return end(len(knots)-1, 1)
	case above == 0:
		if from, to := sides(knots[0]); from == x {
			return to
		}
		return end(0, -1)
	}
	x0, y0 := sides(knots[above-1])
	x1, y1 := sides(knots[above])
	return y0 + (x-x0)/(x1-x0)*(y1-y0)
}

// Neutral is the utility at which a text is as likely to support as to oppose its value: where a logistic regression of
// direction on utility gives ½, both sides weighing alike whatever their numbers, ridge 1e-3 on the slope. It lies off
// the pool's middle when the pool is one-sided. direction is +1, −1, or 0 for texts that take no part.
//
//	θ −1 −1 −1 3, directions − − − +     the mean is 0, neutral is 1, half way between the sides
//
// Three opposing texts weigh a sixth each, the one supporting text a half: how many of each kind were collected says
// nothing of where the kinds part. The log-likelihood has two unknowns, so Newton's step is a system of two
// equations, solved by Cramer's rule. An error says that a side is missing, or that supporting texts stand below.
func Neutral(theta []float64, direction []int) (float64, error) {
	var sides [2]float64
	for _, d := range direction {
		if d != 0 {
			sides[(d+1)/2]++
		}
	}
	if len(theta) != len(direction) || sides[0] == 0 || sides[1] == 0 {
		return 0, fault.New(fault.Invalid, "intensity: neutral needs texts of both directions; there are %v opposing and %v "+
			"supporting", sides[0], sides[1])
	}
	middle := stat.Mean(theta, nil)
	var slope, offset float64 // P(supports) = σ(offset + slope (θ − middle))
	for range 100 {
		g := [2]float64{0, -neutralRidge * slope}
		h := [3]float64{0, 0, neutralRidge} // of offset², offset·slope, slope²
		for item, d := range direction {
			if d == 0 {
				continue
			}
			weight, x := .5/sides[(d+1)/2], theta[item]-middle
			p := 1 / (1 + math.Exp(-offset-slope*x))
			miss, bend := weight*(float64((d+1)/2)-p), weight*p*(1-p)
			g[0], g[1] = g[0]+miss, g[1]+miss*x
			h[0], h[1], h[2] = h[0]+bend, h[1]+bend*x, h[2]+bend*x*x
		}
		// Above 0 as long as both sides have a text: the ridge is in h[2].
		det := h[0]*h[2] - h[1]*h[1]
		stepOffset, stepSlope := (h[2]*g[0]-h[1]*g[1])/det, (h[0]*g[1]-h[1]*g[0])/det
		offset, slope = offset+stepOffset, slope+stepSlope
		if math.Abs(stepOffset)+math.Abs(stepSlope) < 1e-12 {
			break
		}
	}
	if !(slope > 0) {
		return 0, fault.New(fault.Invalid, "intensity: supporting texts do not stand above opposing ones (slope "+
			"%.3g): these utilities have no neutral point", slope)
	}
	return middle - offset/slope, nil
}

// neutralRidge keeps the slope finite where the sides do not overlap. The weights of all texts add up to 1.
const neutralRidge = 1e-3

// clip cuts a score at the ends of the scale.
func clip(x float64) float64 { return min(Limit, max(-Limit, x)) }
