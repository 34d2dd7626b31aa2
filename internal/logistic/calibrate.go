package logistic

import (
	"math"
)

// z95 is the normal quantile of a two-sided 95 % interval.
const z95 = 1.959964

// Calibration turns a score into a probability: sigmoid(Slope·score + Offset). A regression's own probabilities
// are too sure of themselves away from its training rows; on rows that it has not seen, two numbers mend most of
// it. A slope below 1 takes sureness away, an offset moves all.
type Calibration struct {
	Slope  float64 `json:"slope"`
	Offset float64 `json:"offset"`
	// Covariance of slope and offset: variance of the slope, covariance, variance of the offset.
	Covariance [3]float64 `json:"covariance"`
	// Low and High are the least and the largest score seen. Scores beyond them are taken as these: nothing was
	// learned of how sure one may be out there.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Probability with a 95 % interval.
type Probability struct{ P, Low, High float64 }

// Above tells whether the whole interval lies above one half, Below whether it lies below.
func (p Probability) Above() bool { return p.Low > .5 }

// Below is the other side of Above.
func (p Probability) Below() bool { return p.High < .5 }

// At is the probability of a row with a score. The interval is that of the fitted line's logit at the score: how
// well the calibrating rows tell which share of such rows is positive. The logit's variance at score s is
// s²·Var(slope) + 2s·Cov + Var(offset); the interval is symmetric in the logit and so not in the probability: .9
// may have [.75, .96].
func (c Calibration) At(score float64) Probability {
	s := max(c.Low, min(c.High, score))
	logit := c.Slope*s + c.Offset
	v := c.Covariance
	half := z95 * math.Sqrt(max(0, v[0]*s*s+2*v[1]*s+v[2]))
	return Probability{Sigmoid(logit), Sigmoid(logit - half), Sigmoid(logit + half)}
}

// Calibrate fits both numbers by maximum likelihood (Platt, 1999), with his targets (N₊+1)/(N₊+2) and 1/(N₋+2) in
// place of 1 and 0, which keep them finite where scores part the sides without a miss. Rows of one group count as
// one observation in the covariance (the sandwich estimate): they are written about one event.
//
// Newton's steps: (slope, offset) less H⁻¹g, for the gradient g and the Hessian H of the loss. The loss is
// convex, so a step that is halved until it does not rise ends at the minimum.
func Calibrate(scores []float64, positive []bool, group []int32) Calibration {
	c := Calibration{Slope: 1, Low: math.Inf(1), High: math.Inf(-1)}
	targets := platt(positive)
	for _, s := range scores {
		c.Low, c.High = min(c.Low, s), max(c.High, s)
	}
	for range 100 { // Newton's steps; five to ten suffice
		gradient, hessian := c.slopes(scores, targets)
		inverse := invert(hessian)
		step := [2]float64{inverse[0]*gradient[0] + inverse[1]*gradient[1], inverse[1]*gradient[0] + inverse[2]*gradient[1]}
		by := c.shrink(scores, targets, step)
		c.Slope -= by * step[0]
		c.Offset -= by * step[1]
		if by*(math.Abs(step[0])+math.Abs(step[1])) < 1e-10 {
			break
		}
	}
	_, hessian := c.slopes(scores, targets)
	c.Covariance = c.sandwich(scores, targets, group, invert(hessian))
	return c
}

// platt are the targets of his paper: of 8 positive and 2 negative rows .9 and .25 in place of 1 and 0.
func platt(positive []bool) []float64 {
	var n [2]float64
	for _, p := range positive {
		n[index(p)]++
	}
	to := [2]float64{1 / (n[0] + 2), (n[1] + 1) / (n[1] + 2)}
	out := make([]float64, len(positive))
	for i, p := range positive {
		out[i] = to[index(p)]
	}
	return out
}

func index(positive bool) int {
	if positive {
		return 1
	}
	return 0
}

// loss is the cross entropy against soft targets.
func (c Calibration) loss(scores, targets []float64) float64 {
	var sum float64
	for i, s := range scores {
		z := c.Slope*s + c.Offset
		sum += targets[i]*softplus(-z) + (1-targets[i])*softplus(z)
	}
	return sum
}

// slopes are the gradient and the Hessian (three numbers, symmetric) in slope and offset.
func (c Calibration) slopes(scores, targets []float64) (g [2]float64, h [3]float64) {
	for i, s := range scores {
		p := Sigmoid(c.Slope*s + c.Offset)
		miss, curve := p-targets[i], p*(1-p)
		g[0] += miss * s
		g[1] += miss
		h[0] += curve * s * s
		h[1] += curve * s
		h[2] += curve
	}
	return g, h
}

// shrink halves a step until the loss does not rise.
func (c Calibration) shrink(scores, targets []float64, step [2]float64) float64 {
	from := c.loss(scores, targets)
	by := 1.0
	for range 40 {
		next := c
		next.Slope -= by * step[0]
		next.Offset -= by * step[1]
		if next.loss(scores, targets) <= from {
			return by
		}
		by /= 2
	}
	return 0
}

// sandwich is H⁻¹ (Σ over groups of the outer product of the group's gradient) H⁻¹. If every row were a group of
// its own and the model true, the middle would be H, and all of it H⁻¹. Rows of a group miss the same way; their
// gradients are summed before they are squared, which is what makes the interval wider.
func (c Calibration) sandwich(scores, targets []float64, group []int32, inverse [3]float64) [3]float64 {
	place := map[int32]int{}
	var sums [][2]float64
	for i, s := range scores {
		at, ok := place[group[i]]
		if !ok {
			at = len(sums)
			place[group[i]] = at
			sums = append(sums, [2]float64{})
		}
		miss := Sigmoid(c.Slope*s+c.Offset) - targets[i]
		sums[at][0] += miss * s
		sums[at][1] += miss
	}
	var out [3]float64
	// H⁻¹ times the group's gradient, and the outer product of that with itself.
	for _, g := range sums {
		a := inverse[0]*g[0] + inverse[1]*g[1]
		b := inverse[1]*g[0] + inverse[2]*g[1]
		out[0] += a * a
		out[1] += a * b
		out[2] += b * b
	}
	return out
}

// invert a symmetric 2 × 2 matrix. Where all scores are equal the slope cannot be told; a little on the diagonal
// keeps it where it is.
func invert(h [3]float64) [3]float64 {
	a, b, d := h[0]+1e-9, h[1], h[2]+1e-9
	det := a*d - b*b
	if det < 1e-18 {
		a, d = a+1e-6, d+1e-6
		det = a*d - b*b
	}
	return [3]float64{d / det, -b / det, a / det}
}

// Tenth is one point of a reliability curve: rows whose probability lies in one tenth of [0, 1].
type Tenth struct {
	Rows  int     `json:"rows"`
	Mean  float64 `json:"mean"`  // of the probabilities; 0 without rows
	Share float64 `json:"share"` // of rows that are positive; 0 without rows
}

// Curve sorts rows into tenths by probability: [0, .1), …, [.9, 1]. Of rows that are given .7 to .8, Mean .75, a
// share of .75 should be positive; the distance of the two is what a reader looks for.
func Curve(p []float64, positive []bool) []Tenth {
	out := make([]Tenth, 10)
	for i, x := range p {
		t := &out[min(9, max(0, int(10*x)))]
		t.Rows++
		t.Mean += x
		t.Share += float64(index(positive[i]))
	}
	for k := range out {
		if n := float64(out[k].Rows); n > 0 {
			out[k].Mean /= n
			out[k].Share /= n
		}
	}
	return out
}
