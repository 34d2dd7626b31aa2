package ranking

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"hives/internal/fault"
)

// ExactItems is up to how many items Errors inverts the information: memory N² numbers, 32 MB a matrix at the limit,
// time N³.
const ExactItems = 2000

// Errors are the standard errors of Fitted.Theta. They take the rankings as independent and all judges as alike;
// where a judge ranks one text often, or judges disagree, they are too small: Bootstrap and the spread over judges
// show by how much.
//
// Two items of equal utility that met 4 times: H = 4·¼ [1 −1; −1 1], and
//
//	cov = [¼ −¼; −¼ ¼]     SE = (.5, .5)     Difference = 1, where √(.5² + .5²) would say .71
//
// Centred, what one item gains the other loses: the two are as dependent as can be.
type Errors struct {
	SE    []float64 // [N] logits
	Exact bool      // else by the diagonal approximation

	covariance *mat.SymDense // [N, N] of the centred utilities; nil unless Exact
}

// Difference is the standard error of θ_i − θ_j; NaN unless Exact. It is not √(SE_i² + SE_j²): items that met each
// other are correlated.
func (e *Errors) Difference(i, j int) float64 {
	if e.covariance == nil {
		return math.NaN()
	}
	return math.Sqrt(e.covariance.At(i, i) + e.covariance.At(j, j) - 2*e.covariance.At(i, j))
}

// Errors are exact up to ExactItems, and approximate by the diagonal beyond. An error says that the information has
// no inverse within floating point.
func (f *Fitted) Errors() (*Errors, error) {
	if f.at.items > ExactItems {
		return f.Diagonal(), nil
	}
	return f.exact()
}

// exact takes the covariance of the centred utilities from the pseudo-inverse H⁺ of the information, whose only flat
// direction is 1 = (1, …, 1) over the M items, a ghost included:
//
//	cov = A H⁺ Aᵀ,    A = [I − 11ᵀ/n | 0]    (centres the n items, drops the ghost)
//
// Since A·1 = 0, any H + c·11ᵀ may be inverted in the place of H: the addition is gone after A.
//
// H⁺ is what the likelihood's curvature says in every direction but the flat one, of which it says nothing. Reporting
// centred utilities asks nothing of it either.
func (f *Fitted) exact() (*Errors, error) {
	p := f.at
	m, n := p.r.items, p.items
	h := mat.NewSymDense(m, nil)
	var most float64
	p.pairs(func(i, j int32, value float64) {
		h.SetSym(int(i), int(j), h.At(int(i), int(j))+value)
	}, false)
	for i := range m {
		most = max(most, h.At(i, i))
	}
	for i := range m {
		for j := i; j < m; j++ {
			// c·11ᵀ of the size of H itself, so that neither drowns the other's digits; and the ridge.
			added := most/float64(m) - p.ridge/float64(m)
			if i == j {
				added += p.ridge
			}
			h.SetSym(i, j, h.At(i, j)+added)
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(h) {
		return nil, fault.New(fault.Invalid, "ranking: the information cannot be inverted: some items never met the others; "+
			"errors exist only within a part")
	}
	inverse := mat.NewSymDense(m, nil)
	if err := factor.InverseTo(inverse); err != nil {
		return nil, fault.New(fault.Invalid, "ranking: the information is too close to singular for errors: %w", err)
	}
	e := &Errors{SE: make([]float64, n), Exact: true, covariance: centred(inverse, n)}
	for i := range n {
		e.SE[i] = math.Sqrt(e.covariance.At(i, i))
	}
	return e, nil
}

// centred is the covariance of x − x̄ over the first n numbers: rows and columns less their means. Two independent
// utilities of variance 1 become ±½ (x₁ − x₂), each of variance ½: what is common to both is not known and not wanted.
func centred(c *mat.SymDense, n int) *mat.SymDense {
	rows, all := make([]float64, n), 0.
	for i := range n {
		for j := range n {
			rows[i] += c.At(i, j) / float64(n)
		}
		all += rows[i] / float64(n)
	}
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			out.SetSym(i, j, c.At(i, j)-rows[i]-rows[j]+all)
		}
	}
	return out
}

// Diagonal is the approximation for pools too large to invert: the first two terms of the series of H⁻¹ about its
// diagonal, SE_i² ≈ (1 + Σ_j H_ij²/(H_ii H_jj))/H_ii. At 40 items and 58 windows each it is 3 % off.
//
// With H = D(1 − E), D its diagonal, H⁻¹ = (1 + E + E² + …)D⁻¹. E has zeros on its own diagonal, so the first
// correction comes from E²: E²_ii = Σ_j H_ij²/(H_ii H_jj). It costs a pass over the pairs that met, and no inversion.
//
// With a ridge every H_ij is the rankings' h_ij less α/M. The square h² − 2hα/M + α²/M² is added in two parts: the
// first two terms for pairs that met, the third for all pairs at once.
func (f *Fitted) Diagonal() *Errors {
	p := f.at
	diagonal := make([]float64, p.r.items)
	p.curvature(diagonal)
	series := make([]float64, p.r.items)
	flat := p.ridge / float64(p.r.items)
	p.offDiagonal(func(i, j int32, h float64) {
		term := (h*h - 2*h*flat) / (diagonal[i] * diagonal[j])
		series[i], series[j] = series[i]+term, series[j]+term
	})
	if p.ridge > 0 { // every pair has −α/M, whether it met or not
		var inverse float64
		for _, d := range diagonal {
			inverse += 1 / d
		}
		for i, d := range diagonal {
			series[i] += flat * flat / d * (inverse - 1/d)
		}
	}
	e := &Errors{SE: make([]float64, p.items)}
	for i := range e.SE {
		e.SE[i] = math.Sqrt((1 + series[i]) / diagonal[i])
	}
	return e
}

// offDiagonal calls visit once for each pair that met, with the rankings' part of H_ij. The contributions of the
// rankings are sorted and added up: 16 bytes for each pair of places.
func (p *point) offDiagonal(visit func(i, j int32, h float64)) {
	type entry struct {
		i, j int32
		h    float64
	}
	var entries []entry
	p.pairs(func(i, j int32, h float64) {
		if i != j {
			entries = append(entries, entry{min(i, j), max(i, j), h})
		}
	}, false)
	// Stable, so that contributions of a pair are added in the order of the rankings: the same bits everywhere.
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j)) })
	for lo, hi := 0, 0; lo < len(entries); lo = hi {
		var sum float64
		for hi = lo; hi < len(entries) && entries[hi].i == entries[lo].i && entries[hi].j == entries[lo].j; hi++ {
			sum += entries[hi].h
		}
		visit(entries[lo].i, entries[lo].j, sum)
	}
}
