package ranking

import "math"

// The likelihood of an ordering i_1 … i_k under Plackett–Luce: the best is drawn from all with odds exp θ, the next
// from those that are left, and so on. So with D_s = Σ_{l≥s} exp θ_{i_l},
//
//	log P = Σ_{s<k} [ θ_{i_s} − log D_s ]        (the last stage has one item left and says nothing)
//
// Three items with θ = (1, 0, −1) in the order 0, 1, 2 have e/(e+1+1/e) · 1/(1+1/e) = .665 · .731 = .486.
//
// The share of item l at stage s is p_sl = e_l/D_s. A stage's part of the information is diag(p) − p pᵀ. Written
// out, a product with it would cost k² a ranking; running sums over the stages bring it to k:
//
//	(Hv)_l = e_l · Σ_{s≤l} (v_l − v̄_s)/D_s,    v̄_s = Σ_{m≥s} e_m v_m / D_s
//
// Both factors depend on θ alone, so point keeps them for all products of one Newton step.
//
// For pairs all this is logistic regression: one stage, p = σ(θ_a − θ_b), a contribution of p(1−p) to both diagonals
// and of −p(1−p) between them.

// point holds what the derivatives at one θ need. It is allocated once for a fit and filled anew at each step: 2
// numbers a place and N of the gradient.
type point struct {
	r        *Rankings
	odds     []float64 // [places] exp(θ − the ranking's largest θ), in the order of Rankings.flat
	inverse  []float64 // [places] 1/D_s of the stage that begins there, in the same scale; 0 at the last place
	loglik   float64
	gradient []float64 // [N]
}

// evaluate fills the point at theta. Rankings are summed in their order, so the bits do not depend on processors.
//
// The gradient follows from ∂ log D_s/∂θ_l = e_l/D_s for l ≥ s: what happened less what was expected, over all
// stages. In the example of three items, D = (4.086, 1.368):
//
//	item   chosen   expected        gradient
//	0      1        .665             .335
//	1      1        .245 + .731      .024
//	2      0        .090 + .269     −.359        they add up to 0: a shift changes nothing
func (p *point) evaluate(theta []float64) {
	clear(p.gradient)
	p.loglik = 0
	for at, weight := range p.r.weights {
		from, to := p.r.starts[at], p.r.starts[at+1]
		order, odds, inverse := p.r.flat[from:to], p.odds[from:to], p.inverse[from:to]
		p.loglik += weight * stages(theta, order, odds, inverse)
		// An item is a candidate at every stage up to its own, and expects to be chosen with e_l/D_s at each. Its
		// gradient is what happened, 1 unless it is the last, less what was expected.
		var passed float64 // Σ 1/D_s of the stages that item l took part in
		for l, item := range order {
			passed += inverse[l]
			p.gradient[item] -= weight * odds[l] * passed
			if l < len(order)-1 {
				p.gradient[item] += weight
			}
		}
	}
}

// stages fills one ranking's odds and inverse sums and returns its log-likelihood. Odds are taken against the largest
// utility, so that none overflows. One walk from the back has every D_s with one addition each. An odds is 0 only 745
// logits below the largest; steps of at most longestStep from zeros stay within 600.
func stages(theta []float64, order []int32, odds, inverse []float64) float64 {
	top := math.Inf(-1)
	for _, item := range order {
		top = max(top, theta[item])
	}
	last := len(order) - 1
	odds[last], inverse[last] = math.Exp(theta[order[last]]-top), 0
	left, loglik := odds[last], 0.
	for s := last - 1; s >= 0; s-- {
		odds[s] = math.Exp(theta[order[s]] - top)
		left += odds[s]
		inverse[s] = 1 / left
		loglik += theta[order[s]] - top - math.Log(left)
	}
	return loglik
}

// product is dst = Hv, H the observed information (minus the second derivatives) of the rankings; all [N].
//
// For the same three items, rows and columns in their order:
//
//	     .223 −.163 −.060
//	H =  −.163 .381 −.219        Hv = 0 for v = (1, 1, 1); Hv = (.223, −.163, −.060) for v = (1, 0, 0)
//	     −.060 −.219 .279
//
// Invariant: vᵀHv ≥ 0, since each stage adds the variance of v under its shares. So the log-likelihood is concave,
// and any maximum is the maximum.
func (p *point) product(dst, v []float64) {
	clear(dst)
	for at, weight := range p.r.weights {
		from, to := p.r.starts[at], p.r.starts[at+1]
		order, odds, inverse := p.r.flat[from:to], p.odds[from:to], p.inverse[from:to]
		var rest float64 // Σ_{m≥s} e_m v_m
		for l, item := range order {
			rest += odds[l] * v[item]
		}
		var passed, means float64 // Σ 1/D_s and Σ v̄_s/D_s up to place l
		for l, item := range order {
			passed += inverse[l]
			means += rest * inverse[l] * inverse[l]
			dst[item] += weight * odds[l] * (passed*v[item] - means)
			rest -= odds[l] * v[item]
		}
	}
}

// diagonal is dst = diag(H), [N]. It costs as much as a product, k a ranking.
func (p *point) diagonal(dst []float64) {
	clear(dst)
	p.pairs(func(l, m int32, h float64) {
		if l == m {
			dst[l] += h
		}
	}, true)
}

// pairs calls add for each ranking's contributions to H: at (item, item), and for l ≠ m, unless onlyDiagonal, once at
// (l, m) with the item that stood higher first. H_lm = −w e_l e_m Σ_{s≤l} 1/D_s² for l above m. The diagonal is
// Σ_{s≤l} p_sl (1 − p_sl) = e_l Σ 1/D_s − e_l² Σ 1/D_s². A pair that met in several rankings comes several times; who
// wants H adds them up.
func (p *point) pairs(add func(l, m int32, h float64), onlyDiagonal bool) {
	for at, weight := range p.r.weights {
		from, to := p.r.starts[at], p.r.starts[at+1]
		order, odds, inverse := p.r.flat[from:to], p.odds[from:to], p.inverse[from:to]
		var passed, squares float64 // Σ 1/D_s and Σ 1/D_s² up to place l
		for l, item := range order {
			passed += inverse[l]
			squares += inverse[l] * inverse[l]
			add(item, item, weight*odds[l]*(passed-odds[l]*squares))
			if onlyDiagonal {
				continue
			}
			for m := l + 1; m < len(order); m++ {
				add(item, order[m], -weight*odds[l]*odds[m]*squares)
			}
		}
	}
}

// newPoint allocates a point of r. Everything in it is zero until evaluate.
func newPoint(r *Rankings) *point {
	return &point{
		r: r, odds: make([]float64, len(r.flat)), inverse: make([]float64, len(r.flat)), gradient: make([]float64, r.items),
	}
}

// LogLikelihood is Σ w log P of the rankings at theta, [N].
func LogLikelihood(r *Rankings, theta []float64) float64 {
	p := newPoint(r)
	p.evaluate(theta)
	return p.loglik
}
