package ranking

import (
	"math"

	"hives/internal/fault"
)

// Fitted is the maximum of a Plackett–Luce likelihood with its prior. It keeps the odds and the gradient there, of
// which Errors are made.
type Fitted struct {
	Theta []float64 // [N] utilities in logits, centred: their mean is 0
	Ghost float64   // utility of the ghost on the same scale; NaN without one

	LogLik    float64 // of the rankings alone, at Theta
	Objective float64 // with the prior's part: the ghost's comparisons, or −α/2 Σ(θ−θ̄)²
	Graph     Graph

	MaxGradient     float64
	Steps, Products int // Newton steps, and products with the information in all of them

	at *problem
}

// Option changes what Fit accepts or where it begins.
type Option func(*settings)

type settings struct {
	disconnected bool
	start        []float64
}

// AllowDisconnected fits although some items never met others by any chain of rankings. How far apart such components
// lie is then the prior's choice, not the data's; Graph.Weak tells.
func AllowDisconnected() Option { return func(s *settings) { s.disconnected = true } }

// From starts at theta, [N], for instance the fit before the last answers came. The result is the same to 1e-8. It
// saves the first steps, in which everything moves.
func From(theta []float64) Option { return func(s *settings) { s.start = theta } }

// Fit maximises Σ w log P(ranking) plus the prior. See Newton's method in newton.go; memory O(places), time a few
// hundred passes over the rankings.
//
// Errors are of kind fault.Invalid and say what to change: a prior that is missing or no number, a pool in parts, an
// iteration that has not settled.
func Fit(r *Rankings, prior Prior, options ...Option) (*Fitted, error) {
	var s settings
	for _, option := range options {
		option(&s)
	}
	if err := prior.validate(); err != nil {
		return nil, err
	}
	graph := Inspect(r)
	if err := graph.check(prior, s.disconnected); err != nil {
		return nil, err
	}
	p := newProblem(r, prior)
	theta, err := s.begin(r.items, p.r.items)
	if err != nil {
		return nil, err
	}
	work, err := p.maximise(theta, graph.Appearances)
	if err != nil {
		return nil, err
	}
	f := &Fitted{
		Theta: theta[:r.items:r.items], Ghost: math.NaN(), Objective: p.at(theta), Graph: graph,
		MaxGradient: largest(p.gradient), Steps: work.steps, Products: work.products, at: p,
	}
	if p.r.items > r.items {
		f.Ghost = theta[r.items]
	}
	f.LogLik = LogLikelihood(r, f.Theta)
	return f, nil
}

// begin is the first point: zeros, or what From gave, with a ghost in the middle. All equal is a fair start: the
// objective is concave, and no start leads elsewhere.
func (s *settings) begin(items, withGhost int) ([]float64, error) {
	theta := make([]float64, withGhost)
	if s.start == nil {
		return theta, nil
	}
	if len(s.start) != items {
		return nil, fault.New(fault.Mismatch, "ranking: %d utilities to start from for %d items", len(s.start), items)
	}
	for item, t := range s.start {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return nil, fault.New(fault.Invalid, "ranking: utility %v of item %d to start from is not finite", t, item)
		}
	}
	copy(theta, s.start)
	centre(theta[:items], items)
	return theta, nil
}

// check refuses a graph on which the maximum would be the prior's alone or at infinity.
func (g Graph) check(prior Prior, disconnected bool) error {
	if g.Weak > 1 && !disconnected {
		return fault.New(fault.Invalid, "ranking: the items fall into %d parts that never met (sizes %s): rank more of them "+
			"together, or allow it and compare only within a part", g.Weak, few(g.Sizes()))
	}
	if prior.kind == noPrior && g.Strong > 1 {
		return fault.New(fault.Invalid, "ranking: without a prior some utilities are infinite: undefeated items %s, "+
			"winless %s, %d parts of which one always wins against another: use a prior", few(g.Undefeated),
			few(g.Winless), g.Strong)
	}
	return nil
}
