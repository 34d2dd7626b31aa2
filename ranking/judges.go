package ranking

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"hives/internal/fault"
)

// Vote is one judge's ranking of a window, with the places at which the items were shown.
type Vote struct {
	Judge int
	Order []int // item numbers, the best first
	Shown []int // Shown[l]: the place, from 0, at which item Order[l] was shown
}

// JudgePriors are standard deviations of the normal priors.
type JudgePriors struct {
	Theta, LogBeta, Bias float64
}

// DefaultJudgePriors are wide for utilities and biases, and keep a judge's sharpness within a factor of e most times.
func DefaultJudgePriors() JudgePriors { return JudgePriors{Theta: 3, LogBeta: .5, Bias: 1} }

// Judges is the most probable joint account of utilities, of how sharp each judge is, and of what it adds to a place:
//
//	utility of item i, shown at place s, to judge q:   β_q θ_i + b_q,s
//
// For pairs b_q is one number, added to the text shown first, so P(first wins) = σ(β_q(θ_a − θ_b) + b_q). For longer
// windows a judge has one number a place, and they add up to 0.
//
// Only products β_q θ_i show in votes. So Σ log β = 0 fixes the unit of θ: it is that of a judge of mean sharpness.
// Of two texts one logit apart that judge prefers the better with σ(1) = .73, one of β = 2 with .88, and one of β = 0
// throws dice.
type Judges struct {
	Theta     []float64   // [N] Σ = 0
	Beta      []float64   // [J] the mean of log β is 0
	Bias      [][]float64 // [J][1] for pairs, else [J][k]
	Objective float64     // −log P − log prior, without the priors' constants, at its minimum
	Steps     int
}

// FitJudges fits votes of windows of one length k over items and judges. It is Plackett–Luce with the judge's own
// unit and place terms. The objective is not convex in θ and β together. So where the Hessian is not positive, Fisher's
// information takes its place, which always is: each step goes downhill, and is halved until it does.
//
// The objective is minimised: it is the sum of −log P over all stages and of x²/2σ² over all parameters. Errors are
// of kind fault.Invalid, or Mismatch where votes do not fit each other, with the vote's number.
func FitJudges(items, judges int, votes []Vote, priors JudgePriors) (*Judges, error) {
	m, err := newJudgeModel(items, judges, votes, priors)
	if err != nil {
		return nil, err
	}
	x := make([]float64, m.size) // θ, log β, biases
	solver := newConjugate(m.size)
	trial := make([]float64, m.size)
	value := m.at(x)
	for step := range maxJudgeSteps {
		direction := m.direction(solver)
		length := largest(direction)
		if length < settled && largest(m.gradient) < judgeGradient {
			return m.result(x, value, step), nil
		}
		if length > longestStep {
			// Beyond a few logits the information at x says nothing of what comes there.
			floats.Scale(longestStep/length, direction)
		}
		next, moved := value, false
		for share := 1.; share > 1e-12 && !moved; share /= 2 {
			for i := range trial {
				trial[i] = x[i] + share*direction[i]
			}
			next = m.at(trial)
			moved = next <= value+objectiveEps*math.Max(1, math.Abs(value))
		}
		if !moved {
			return nil, fault.New(fault.Invalid, "ranking: the judge model found no way on at step %d", step)
		}
		copy(x, trial)
		value = next
	}
	return nil, fault.New(fault.Invalid, "ranking: the judge model has not settled after %d steps (gradient %.3g)",
		maxJudgeSteps, largest(m.gradient))
}

const (
	// 60 texts with 12 biased answers each and chosen pairs have needed more than 500 steps, 10⁴ texts with 60 fewer than
	// 100.
	maxJudgeSteps = 5000 // Fisher's steps alone shrink the distance by a constant factor each, far from squaring it
	judgeGradient = 1e-6 // of the objective; utilities are then right to about 1e-7
	judgeSolve    = 1e-3 // of the residual: more digits of a step that is only nearly the right one save none
)

// judgeModel holds the votes and the derivatives at one point. Parameters stand in one array: N utilities, J of log β,
// then each judge's biases.
//
//	2 items, 2 judges, pairs:   θ_0 θ_1 | log β_0 log β_1 | b_0 b_1
//	2 items, 1 judge, k = 3:    θ_0 θ_1 | log β_0         | b_0,0 b_0,1 b_0,2
type judgeModel struct {
	items, judges, places int // places: biases a judge has
	size                  int
	votes                 []Vote
	priors                JudgePriors

	x, gradient []float64 // [size]; gradient of the objective
	beta        []float64 // [J] at x
	share       []float64 // p of every (vote, stage, item left), one after another
}

// newJudgeModel checks everything once, so that the iteration meets no vote that it cannot read. A window of k has
// shares of k, k−1, … 2 items left: k(k+1)/2 − 1 of them.
func newJudgeModel(items, judges int, votes []Vote, priors JudgePriors) (*judgeModel, error) {
	if items < 2 || judges < 1 || len(votes) == 0 {
		return nil, fault.New(fault.Invalid, "ranking: %d votes of %d judges on %d items are no judge model", len(votes),
			judges, items)
	}
	if !(priors.Theta > 0) || !(priors.LogBeta > 0) || !(priors.Bias > 0) {
		return nil, fault.New(fault.Invalid, "ranking: priors %+v: each deviation must be above 0", priors)
	}
	k, seen := len(votes[0].Order), make([]int, items)
	check := &Rankings{items: items}
	stages := 0
	for at, v := range votes {
		if v.Judge < 0 || v.Judge >= judges {
			return nil, fault.New(fault.Invalid, "ranking: vote %d is by judge %d of %d", at, v.Judge, judges)
		}
		if len(v.Order) != k || len(v.Shown) != k {
			return nil, fault.New(fault.Mismatch, "ranking: vote %d ranks %d items shown at %d places, vote 0 ranks "+
				"%d: the judge model takes windows of one length", at, len(v.Order), len(v.Shown), k)
		}
		if err := check.add(at, v.Order, seen); err != nil {
			return nil, err
		}
		if !isPermutation(v.Shown) {
			return nil, fault.New(fault.Invalid, "ranking: vote %d: places %v are not each of 0 to %d once", at, v.Shown, k-1)
		}
		stages += k*(k+1)/2 - 1
	}
	m := &judgeModel{items: items, judges: judges, places: k, votes: votes, priors: priors}
	if k == 2 {
		m.places = 1
	}
	m.size = items + judges + judges*m.places
	m.gradient, m.beta, m.share = make([]float64, m.size), make([]float64, judges), make([]float64, stages)
	return m, nil
}

// isPermutation tells whether each place of a window was used once.
func isPermutation(places []int) bool {
	seen := make([]bool, len(places))
	for _, p := range places {
		if p < 0 || p >= len(places) || seen[p] {
			return false
		}
		seen[p] = true
	}
	return true
}

// bias is where a judge's number for a place stands; −1 for the second place of pairs, which has none.
func (m *judgeModel) bias(judge, place int) int {
	if place >= m.places {
		return -1
	}
	return m.items + m.judges + judge*m.places + place
}

// prior is the deviation of parameter at. All means are 0: of a utility, of a log β (a factor of 1), of a bias.
func (m *judgeModel) prior(at int) float64 {
	switch {
	case at < m.items:
		return m.priors.Theta
	case at < m.items+m.judges:
		return m.priors.LogBeta
	}
	return m.priors.Bias
}

// at moves to x and returns the objective, with its gradient and the shares of all stages beside.
//
// −log P of a stage is log Σ exp u − u_chosen, so its gradient is the expected derivatives less those of the chosen
// one: push with each share, and with −1 for the chosen.
func (m *judgeModel) at(x []float64) float64 {
	m.x = append(m.x[:0], x...)
	for q := range m.beta {
		m.beta[q] = math.Exp(x[m.items+q])
	}
	var objective float64
	for p := range x {
		z := x[p] / m.prior(p)
		objective += z * z / 2
		m.gradient[p] = x[p] / m.prior(p) / m.prior(p)
	}
	next := 0
	utility := make([]float64, len(m.votes[0].Order))
	for _, v := range m.votes {
		for l := range v.Order {
			utility[l] = m.utility(v, l)
		}
		for s := 0; s < len(v.Order)-1; s++ {
			total := floats.LogSumExp(utility[s:])
			objective += total - utility[s]
			m.push(m.gradient, v, s, -1)
			for l := s; l < len(v.Order); l++ {
				m.share[next] = math.Exp(utility[l] - total)
				m.push(m.gradient, v, l, m.share[next])
				next++
			}
		}
	}
	m.project(m.gradient)
	return objective
}

// utility of the item at place l of a vote, for its judge.
func (m *judgeModel) utility(v Vote, l int) float64 {
	u := m.beta[v.Judge] * m.x[v.Order[l]]
	if b := m.bias(v.Judge, v.Shown[l]); b >= 0 {
		u += m.x[b]
	}
	return u
}

// push adds weight times the derivatives of that utility: β by θ, β θ by log β, 1 by the place's bias.
func (m *judgeModel) push(dst []float64, v Vote, l int, weight float64) {
	beta := m.beta[v.Judge]
	dst[v.Order[l]] += weight * beta
	dst[m.items+v.Judge] += weight * beta * m.x[v.Order[l]]
	if b := m.bias(v.Judge, v.Shown[l]); b >= 0 {
		dst[b] += weight
	}
}

// pull is the derivative of that utility in the direction d.
func (m *judgeModel) pull(d []float64, v Vote, l int) float64 {
	beta := m.beta[v.Judge]
	u := beta * (d[v.Order[l]] + m.x[v.Order[l]]*d[m.items+v.Judge])
	if b := m.bias(v.Judge, v.Shown[l]); b >= 0 {
		u += d[b]
	}
	return u
}

// product is dst = curvature times d: Fisher's information, and with exact the Hessian itself. What Fisher's leaves out
// is Σ (p − 1 of the chosen) times the second derivatives of β θ + b, which are β by θ and log β, and βθ by log β
// twice. It is 0 on the average of all answers that the model expects, and may be negative.
func (m *judgeModel) product(dst, d []float64, exact bool) {
	m.fisher(dst, d)
	next := 0
	for _, v := range m.votes {
		if !exact {
			break
		}
		beta, q := m.beta[v.Judge], m.items+v.Judge
		for s := 0; s < len(v.Order)-1; s++ {
			for l := s; l < len(v.Order); l++ {
				off := beta * m.share[next+l-s]
				if l == s {
					off -= beta
				}
				item := v.Order[l]
				dst[item] += off * d[q]
				dst[q] += off * (d[item] + m.x[item]*d[q])
			}
			next += len(v.Order) - s
		}
	}
	m.project(dst)
}

// fisher is dst = Fisher's information times d: at each stage Σ p (y − ȳ) times the derivatives, y the utilities'
// change along d; plus the priors' 1/σ². It is the Hessian's expectation: the term that is left out holds the second
// derivative of β θ times (what was chosen − what was expected), which is small on average and may be negative.
//
// A pair with share p: y_a − ȳ = (1−p)(y_a − y_b), so both get ± p(1−p)(y_a − y_b) times their derivatives. It is
// logistic regression with the two utilities' difference as its one feature.
func (m *judgeModel) fisher(dst, d []float64) {
	for p := range dst {
		dst[p] = d[p] / m.prior(p) / m.prior(p)
	}
	next := 0
	for _, v := range m.votes {
		for s := 0; s < len(v.Order)-1; s++ {
			var middle float64
			for l := s; l < len(v.Order); l++ {
				middle += m.share[next+l-s] * m.pull(d, v, l)
			}
			for l := s; l < len(v.Order); l++ {
				m.push(dst, v, l, m.share[next+l-s]*(m.pull(d, v, l)-middle))
			}
			next += len(v.Order) - s
		}
	}
}

// project keeps Σθ, Σ log β and, beyond pairs, each judge's Σ b where they are. Without that the objective would be
// the same: a shift of θ, and a factor between θ and β, change no probability, only what the priors cost.
func (m *judgeModel) project(x []float64) {
	centre(x[:m.items], m.items)
	centre(x[m.items:m.items+m.judges], m.judges)
	if m.places > 1 {
		for from := m.items + m.judges; from < m.size; from += m.places {
			centre(x[from:from+m.places], m.places)
		}
	}
}

// direction is where to go next: Newton's, which squares the distance where the Hessian is positive, else Fisher's.
//
// Why both? Judges that throw dice leave a long flat valley between utilities and sharpness. Fisher's steps alone had
// not come to its end after 5,000 of them (80 texts, 5 judges); far out, where the Hessian may bend downwards, Newton's
// would go uphill.
func (m *judgeModel) direction(c *conjugate) []float64 {
	if m.solve(c, true) {
		return c.step
	}
	m.solve(c, false)
	return c.step
}

// solve is −curvature⁻¹ gradient, by conjugate gradients within the projected space: the gradient lies in it, and every
// product is projected back. There is no preconditioner: the priors bound the information from below, and dividing by a
// diagonal would leave the projected space. It is false where the curvature is not positive.
func (m *judgeModel) solve(c *conjugate, exact bool) bool {
	clear(c.step)
	for i, g := range m.gradient {
		c.residual[i] = -g
	}
	m.project(c.residual)
	start := norm(c.residual)
	copy(c.search, c.residual)
	rest := floats.Dot(c.residual, c.residual)
	for products := 0; products < maxProducts && norm(c.residual) > judgeSolve*start; products++ {
		m.product(c.image, c.search, exact)
		bend := floats.Dot(c.search, c.image)
		if !(bend > 0) {
			return false
		}
		floats.AddScaled(c.step, rest/bend, c.search)
		floats.AddScaled(c.residual, -rest/bend, c.image)
		before := rest
		rest = floats.Dot(c.residual, c.residual)
		for i := range c.search {
			c.search[i] = c.residual[i] + rest/before*c.search[i]
		}
	}
	return true
}

// result copies the parameters out, β as itself.
func (m *judgeModel) result(x []float64, objective float64, steps int) *Judges {
	out := &Judges{Theta: append([]float64(nil), x[:m.items]...), Objective: objective, Steps: steps}
	for j := range m.judges {
		out.Beta = append(out.Beta, math.Exp(x[m.items+j]))
		from := m.items + m.judges + j*m.places
		out.Bias = append(out.Bias, append([]float64(nil), x[from:from+m.places]...))
	}
	return out
}
