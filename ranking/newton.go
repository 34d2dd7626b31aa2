package ranking

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"hives/internal/fault"
)

// Newton's method with conjugate gradients: H is never written down, only multiplied with. At 2,000 items and 30
// pairs each it takes 7 to 11 steps and 70 to 240 products, where the usual minorise–maximise rounds take 400 to
// 3,100. The objective is concave, so a step that is halved until the objective rises always gets there.
const (
	maxSteps     = 100
	settled      = 1e-8 // of the largest gradient, in units of an item's appearances, and of the last step in logits
	longestStep  = 3.   // logits: the quadratic model is no guide beyond
	halvings     = 40
	maxProducts  = 2000 // of one step's conjugate gradients
	objectiveEps = 1e-13
	// leastShare of a gradient is left by a step at least: at the top the gradient is rounding, and whoever asks for
	// more of its digits searches noise, 200 products and more.
	leastShare = 1e-3
)

// counts is how much work a fit took: a figure of how well the rankings tie the items together. A well mixed pool
// takes few products; a chain, in which news travel one item a product, takes many.
type counts struct{ steps, products int }

// maximise moves theta to the maximum of p and centres it over the items. Invariant: it returns without an error
// only if every |gradient| is below 1e-8·max(1, appearances of the item) and the last step moved nothing by 1e-8.
//
// About θ the objective is f + gᵀd − ½ dᵀHd, whose top lies where Hd = g: that is a step. Each doubles the digits
// that are right. Two items, 3 wins to 1, no prior, from (0, 0):
//
//	step   θ_0 − θ_1 before   g_0 = 3 − 4p   after
//	1      0                  1              1
//	2      1                  .0758          1.0963
//	3      1.0963             .0017          1.098611
//	…                                        log 3 = 1.098612…
//
// Theta is written only by steps that were accepted, so of an error it holds the last good point.
func (p *problem) maximise(theta []float64, appearances []int) (counts, error) {
	var work counts
	n := len(theta)
	solver := newConjugate(n)
	trial := make([]float64, n)
	value := p.at(theta)
	for work.steps = 1; work.steps <= maxSteps; work.steps++ {
		small := p.isFlat(appearances)
		step, products := solver.solve(p)
		work.products += products
		length := largest(step)
		if small && length < settled {
			centre(theta, p.items)
			return work, nil
		}
		if length > longestStep {
			floats.Scale(longestStep/length, step)
		}
		next, moved := p.ascend(theta, trial, step, value)
		if !moved {
			return work, fault.New(fault.Invalid, "ranking: no step from step %d on raises the likelihood (gradient %.3g): "+
				"the weights span more than floating point holds", work.steps, largest(p.gradient))
		}
		value = next
	}
	return work, fault.New(fault.Invalid, "ranking: not settled after %d Newton steps (gradient %.3g): the rankings "+
		"barely tie the items together; use a stronger prior", maxSteps, largest(p.gradient))
}

// ascend halves the step until the objective does not fall, and leaves theta and the point there. Close to the top
// the gain is below rounding: a loss of 1e-13 of the value counts as none.
// Invariant: p stands at theta when it returns, with its gradient and odds, whether the step was taken or not.
func (p *problem) ascend(theta, trial, step []float64, value float64) (float64, bool) {
	floor := value - objectiveEps*math.Max(1, math.Abs(value))
	share := 1.
	for range halvings {
		for i := range trial {
			trial[i] = theta[i] + share*step[i]
		}
		if next := p.at(trial); next >= floor {
			copy(theta, trial)
			return next, true
		}
		share /= 2
	}
	p.at(theta)
	return value, false
}

// isFlat tells whether the gradient counts as zero; the ghost appears beside every item. A gradient is in
// comparisons, what was won less what was expected, and its rounding grows with how many an item has: so the bound
// does.
func (p *problem) isFlat(appearances []int) bool {
	for item, g := range p.gradient {
		met := p.items
		if item < p.items {
			met = appearances[item]
		}
		if math.Abs(g) >= settled*math.Max(1, float64(met)) {
			return false
		}
	}
	return true
}

// conjugate solves Hd = gradient approximately, with diag(H) as preconditioner.
//
// The preconditioner is what makes it quick: an item of 60 appearances has a diagonal of about 15, one of two has .5,
// and without scaling each the search would crawl along the former. With it, the number of products hangs on how well
// the windows mix the pool (uniform opponents mix it within two or three steps), hardly on its size.
//
// Conjugate gradients solve Hd = g by products alone. Each search direction is the residual g − Hd made conjugate to
// the one before it (sᵀHs′ = 0), so no product undoes what another has done, and n of them would be exact:
//
//	α = r·z / s·Hs,   d += α s,   r −= α Hs,   s ← z + (r·z new / r·z old) s,   z = r / diag(H)
type conjugate struct {
	step, residual, scaled, search, image, diagonal []float64 // [N]
	first                                           float64   // the gradient's length at the first call
}

// newConjugate makes the six arrays once; every step of a fit uses them again.
func newConjugate(n int) *conjugate {
	c := &conjugate{}
	for _, x := range []*[]float64{&c.step, &c.residual, &c.scaled, &c.search, &c.image, &c.diagonal} {
		*x = make([]float64, n)
	}
	return c
}

// solve returns the step and the products it took. It is asked for few digits far from the top, where the quadratic
// model has few, and for more as the gradient shrinks. H is flat along (1, …, 1); the gradient has no part in that
// direction, so the system has solutions, of which the centred one is returned. The share of the residual that may be
// left is √(|g|/|g at first|), between leastShare and a tenth: a share that shrinks with the gradient is what keeps
// Newton's steps faster than any constant factor.
func (c *conjugate) solve(p *problem) ([]float64, int) {
	clear(c.step)
	copy(c.residual, p.gradient)
	start := norm(c.residual)
	if c.first == 0 {
		c.first = start
	}
	p.curvature(c.diagonal)
	tolerance := start * max(leastShare, min(.1, math.Sqrt(start/c.first)))
	var previous float64
	products := 0
	for ; products < maxProducts && norm(c.residual) > tolerance; products++ {
		for i, r := range c.residual {
			c.scaled[i] = r
			if c.diagonal[i] > 0 {
				c.scaled[i] /= c.diagonal[i]
			}
		}
		gain := floats.Dot(c.residual, c.scaled)
		for i := range c.search {
			if products == 0 {
				c.search[i] = c.scaled[i]
			} else {
				c.search[i] = c.scaled[i] + gain/previous*c.search[i]
			}
		}
		previous = gain
		p.curve(c.image, c.search)
		bend := floats.Dot(c.search, c.image)
		if !(bend > 0) { // a flat direction: what is found so far is the step
			break
		}
		floats.AddScaled(c.step, gain/bend, c.search)
		floats.AddScaled(c.residual, -gain/bend, c.image)
	}
	centre(c.step, len(c.step))
	return c.step, products
}

// norm is the Euclidean length. floats.Norm guards against overflow, which logits never come near, and is slower.
func norm(x []float64) float64 { return math.Sqrt(floats.Dot(x, x)) }

// largest is the largest magnitude.
func largest(x []float64) float64 { return floats.Norm(x, math.Inf(1)) }
