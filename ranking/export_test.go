package ranking

// Derivatives returns the gradient at theta, the information's product with v and its diagonal.
func Derivatives(r *Rankings, theta, v []float64) (gradient, product, diagonal []float64) {
	p := newPoint(r)
	p.evaluate(theta)
	product, diagonal = make([]float64, r.items), make([]float64, r.items)
	p.product(product, v)
	p.diagonal(diagonal)
	return p.gradient, product, diagonal
}

// JudgeDerivatives returns the judge model's gradient at x, and the product of the Hessian (or of Fisher's information)
// with d, within the space of Σθ = 0 and Σ log β = 0.
func JudgeDerivatives(items, judges int, votes []Vote, x, d []float64, exact bool) (gradient, product []float64) {
	m, err := newJudgeModel(items, judges, votes, DefaultJudgePriors())
	if err != nil {
		panic(err)
	}
	m.at(x)
	product = make([]float64, m.size)
	m.product(product, d, exact)
	return m.gradient, product
}
