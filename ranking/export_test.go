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
