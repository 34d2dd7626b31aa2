package ranking

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"hives/internal/fault"
)

// Prior keeps utilities finite where the rankings alone do not: an undefeated text would stand at +∞.
type Prior struct {
	kind  priorKind
	value float64
}

type priorKind int

const (
	noPrior priorKind = iota
	ghostPrior
	ridgePrior
)

// DefaultPrior is Ghost(.5), as R's PlackettLuce has it (npseudo .5). Of ghost ½, ghost 1, ridge .01 and a ridge
// fitted to the data it had the least or nearly the least error of scores in all simulated worlds tried.
var DefaultPrior = Ghost(.5)

// Ghost lets every item win and lose once, with weight c, against one further item whose utility is free and is not
// reported. It pulls utilities towards a common middle, by a whole c of a comparison each, and by so little where an
// item has many comparisons that order and distances hardly move.
//
// An item of utility θ gets c (1 − 2σ(θ − γ)) added to its gradient, γ the ghost's utility: c at the most, towards γ.
// Two items, the distance that is fitted:
//
//	wins       without   Ghost(.5)   Ridge(.01)
//	1 : 0      ∞         1.51        3.91
//	4 : 0      ∞         2.57        5.06
//	3 : 1      1.099     .949        1.091
//	30 : 10    1.099     1.081       1.098
//	300 : 100  1.099     1.097       1.099
func Ghost(c float64) Prior { return Prior{ghostPrior, c} }

// Ridge subtracts α/2 Σ(θ − θ̄)² from the log-likelihood. It is a normal prior of variance 1/α. Against the ghost it
// pulls far texts harder than near ones.
func Ridge(alpha float64) Prior { return Prior{ridgePrior, alpha} }

// None is the plain maximum of the likelihood. It exists only where one strong component holds all items.
func None() Prior { return Prior{} }

// String is what ParsePrior reads back, for configurations and for what is stored beside a result.
func (p Prior) String() string {
	switch p.kind {
	case ghostPrior:
		return fmt.Sprintf("ghost:%v", p.value)
	case ridgePrior:
		return fmt.Sprintf("ridge:%v", p.value)
	}
	return "none"
}

// ParsePrior reads what String writes: ghost:C, ridge:ALPHA or none; ghost alone is ghost:0.5.
func ParsePrior(text string) (Prior, error) {
	var value float64
	switch {
	case text == "none":
		return None(), nil
	case text == "ghost":
		return Ghost(.5), nil
	case scan(text, "ghost:", &value):
		return Ghost(value), Ghost(value).validate()
	case scan(text, "ridge:", &value):
		return Ridge(value), Ridge(value).validate()
	}
	return Prior{}, fault.New(fault.Invalid, "ranking: prior %q: want ghost:C, ridge:ALPHA or none", text)
}

// scan reads prefix and one number that ends the text: "ghost:.5x" is none, since %s would take the x.
func scan(text, prefix string, value *float64) bool {
	var rest string
	n, _ := fmt.Sscanf(text, prefix+"%g%s", value, &rest)
	return n == 1
}

// validate refuses a number of 0 too: who wants no prior says so, by none.
func (p Prior) validate() error {
	if p.kind != noPrior && (!(p.value > 0) || math.IsInf(p.value, 0)) {
		return fault.New(fault.Invalid, "ranking: prior %s: its number must be above 0 and finite", p)
	}
	return nil
}

// problem is what the solver maximises: the rankings, the ghost's among them, less the ridge. The ghost is an item like
// any other, so the solver and the errors know nothing of it; only the centring leaves it out.
//
// Invariant: its objective is concave whatever the prior, so the solver has one top to find.
type problem struct {
	*point
	items int     // N, without the ghost
	ridge float64 // α, or 0
}

// newProblem sets a prior beside the rankings, which it does not change.
func newProblem(r *Rankings, p Prior) *problem {
	items := r.items
	if p.kind == ghostPrior {
		r = r.haunted(p.value)
	}
	out := &problem{point: newPoint(r), items: items}
	if p.kind == ridgePrior {
		out.ridge = p.value
	}
	return out
}

// at moves to theta and returns the objective there; the gradient is the objective's.
func (p *problem) at(theta []float64) float64 {
	p.evaluate(theta)
	if p.ridge == 0 {
		return p.loglik
	}
	centre, squares := stat.Mean(theta, nil), 0.
	for item, t := range theta {
		squares += (t - centre) * (t - centre)
		p.gradient[item] -= p.ridge * (t - centre)
	}
	return p.loglik - p.ridge/2*squares
}

// curve is dst = Hv with the ridge's part, α(v − v̄): the ridge's Hessian is α(I − 11ᵀ/n), which a shift does not feel.
func (p *problem) curve(dst, v []float64) {
	p.product(dst, v)
	if p.ridge == 0 {
		return
	}
	centre := stat.Mean(v, nil)
	for item := range dst {
		dst[item] += p.ridge * (v[item] - centre)
	}
}

// curvature is the diagonal of H with the ridge's. A diagonal element of α(I − 11ᵀ/n) is α(1 − 1/n).
func (p *problem) curvature(dst []float64) {
	p.diagonal(dst)
	for item := range dst {
		dst[item] += p.ridge * (1 - 1/float64(len(dst)))
	}
}

// centre subtracts the mean of the first n numbers from all. A ghost at the end moves along, so that its distance to
// the items stays.
func centre(x []float64, n int) {
	floats.AddConst(-stat.Mean(x[:n], nil), x)
}
