package intensity

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"hives/internal/fault"
)

// Ridge predicts a number from a vector: y = Intercept + w·x, with λ|w|² as the price of a weight. The intercept has
// no price, so a vector of the mean input gets the mean of y whatever λ is.
type Ridge struct {
	W         []float64 // [D]
	Intercept float64
}

// Predict is the number of one vector.
// It is not cut to the scale: who shows it does that.
func (r *Ridge) Predict(x []float64) float64 {
	y := r.Intercept
	for d, w := range r.W {
		y += w * x[d]
	}
	return y
}

// moments are all that a ridge needs of its rows. They add up, so every way to leave rows out costs one pass together.
//
//	five folds, folds 1 and 3 left out     the moments of 0, 2 and 4, added
//
// So a nested cross-validation reads its rows once, and each ridge costs a factorisation of D × D.
type moments struct {
	n      float64
	y      float64
	x, xy  []float64
	square *mat.SymDense // Σ x xᵀ
}

func newMoments(dimension int) *moments {
	return &moments{x: make([]float64, dimension), xy: make([]float64, dimension),
		square: mat.NewSymDense(dimension, nil)}
}

// block is how many rows are added at a time: the sums of 384 × 384 numbers pass through the processor once for all of
// them and not once for each.
const block = 128

// addAll counts rows.
func (m *moments) addAll(x [][]float64, y []float64) {
	dimension := len(m.x)
	rows := make([]float64, 0, block*dimension)
	for i := range x {
		m.n, m.y = m.n+1, m.y+y[i]
		for d, v := range x[i] {
			m.x[d] += v
			m.xy[d] += v * y[i]
		}
		if rows = append(rows, x[i]...); len(rows) == block*dimension || i == len(x)-1 {
			n := len(rows) / dimension
			blas64.Syrk(blas.Trans, 1, blas64.General{Rows: n, Cols: dimension, Stride: dimension, Data: rows}, 1,
				m.square.RawSymmetric())
			rows = rows[:0]
		}
	}
}

// plus counts the rows of another.
func (m *moments) plus(o *moments) {
	m.n, m.y = m.n+o.n, m.y+o.y
	for d := range m.x {
		m.x[d] += o.x[d]
		m.xy[d] += o.xy[d]
	}
	m.square.AddSym(m.square, o.square)
}

// solve centres and finds the weights: (Σ(x−x̄)(x−x̄)ᵀ + λ) w = Σ(x−x̄)(y−ȳ).
// The sums are centred afterwards: Σ(x−x̄)(x−x̄)ᵀ = Σxxᵀ − (Σx)(Σx)ᵀ/n. Vectors have length one, so nothing is lost to
// rounding by it.
func (m *moments) solve(lambda float64) (*Ridge, error) {
	dimension := len(m.x)
	var a mat.SymDense
	a.SymRankOne(m.square, -1/m.n, mat.NewVecDense(dimension, m.x))
	b := mat.NewVecDense(dimension, nil)
	for d := range dimension {
		a.SetSym(d, d, a.At(d, d)+lambda)
		b.SetVec(d, m.xy[d]-m.x[d]*m.y/m.n)
	}
	var chol mat.Cholesky
	var w mat.VecDense
	if !chol.Factorize(&a) || chol.SolveVecTo(&w, b) != nil {
		return nil, fault.New(fault.Invalid, "intensity: a ridge of λ = %v on %v rows has no solution: want a larger λ",
			lambda, m.n)
	}
	r := &Ridge{W: slices.Clone(w.RawVector().Data), Intercept: m.y / m.n}
	for d, weight := range r.W {
		r.Intercept -= weight * m.x[d] / m.n
	}
	return r, nil
}

// FitRidge fits all rows, x [N][D].
func FitRidge(x [][]float64, y []float64, lambda float64) (*Ridge, error) {
	if err := checkRows(x, y, lambda); err != nil {
		return nil, err
	}
	m := newMoments(len(x[0]))
	m.addAll(x, y)
	return m.solve(lambda)
}

// Lambdas are the prices that are tried, for n rows: a price that is right for 90 is ten times that for 900.
//
//	n 90      .01, .1, 1, 10
//	n 1800    .2, 2, 20, 200
func Lambdas(n int) []float64 {
	out := []float64{.01, .1, 1, 10}
	for i := range out {
		out[i] *= float64(n) / 90
	}
	return out
}

// OutOfFold predicts every row by ridges that have seen no row of its fold, one list a λ: [λ][N].
// It is what chooses a λ. Errors of the chosen one are too good by a little, since it was chosen on them: Unseen
// mends that.
func OutOfFold(x [][]float64, y []float64, fold []int, lambdas []float64) ([][]float64, error) {
	parts, err := folded(x, y, fold)
	if err != nil {
		return nil, err
	}
	out := make([][]float64, len(lambdas))
	for at, lambda := range lambdas {
		out[at] = make([]float64, len(x))
		for f := range parts {
			r, err := without(parts, f).solve(lambda)
			if err != nil {
				return nil, err
			}
			for i := range x {
				if fold[i] == f {
					out[at][i] = r.Predict(x[i])
				}
			}
		}
	}
	return out, nil
}

// Unseen predicts every row by ridges that have seen no row of its fold, neither to fit weights nor to choose λ: within
// the other folds each is left out in turn, and the λ of the least error there is taken.
//
//	folds 0 … 4, row in fold 2     λ by ridges without 2 and 0, 2 and 1, 2 and 3, 2 and 4; then a ridge without 2
func Unseen(x [][]float64, y []float64, fold []int) ([]float64, error) {
	parts, err := folded(x, y, fold)
	if err != nil {
		return nil, err
	}
	if len(parts) < 3 {
		return nil, fault.New(fault.Invalid, "intensity: %d folds: λ is chosen on a second one, so want three", len(parts))
	}
	lambdas := Lambdas(len(x))
	out := make([]float64, len(x))
	for f := range parts {
		lambda, err := choose(parts, f, x, y, fold, lambdas)
		if err != nil {
			return nil, err
		}
		r, err := without(parts, f).solve(lambda)
		if err != nil {
			return nil, err
		}
		for i := range x {
			if fold[i] == f {
				out[i] = r.Predict(x[i])
			}
		}
	}
	return out, nil
}

// choose is the λ of least error on folds that are left out beside the held one.
// Of equal errors the smaller price is taken.
func choose(parts []*moments, held int, x [][]float64, y []float64, fold []int, lambdas []float64) (float64, error) {
	best, least := 0., math.Inf(1)
	for _, lambda := range lambdas {
		var loss float64
		for inner := range parts {
			if inner == held {
				continue
			}
			r, err := without(parts, held, inner).solve(lambda)
			if err != nil {
				return 0, err
			}
			for i := range x {
				if fold[i] == inner {
					miss := y[i] - r.Predict(x[i])
					loss += miss * miss
				}
			}
		}
		if loss < least {
			best, least = lambda, loss
		}
	}
	return best, nil
}

// folded are the moments of each fold.
func folded(x [][]float64, y []float64, fold []int) ([]*moments, error) {
	if err := checkRows(x, y, 1); err != nil {
		return nil, err
	}
	if len(fold) != len(x) || slices.Min(fold) < 0 {
		return nil, fault.New(fault.Mismatch, "intensity: %d folds for %d rows", len(fold), len(x))
	}
	parts := make([]*moments, slices.Max(fold)+1)
	for f := range parts {
		var own [][]float64
		var scores []float64
		for i := range x {
			if fold[i] == f {
				own, scores = append(own, x[i]), append(scores, y[i])
			}
		}
		parts[f] = newMoments(len(x[0]))
		parts[f].addAll(own, scores)
	}
	if len(parts) < 2 || slices.ContainsFunc(parts, func(m *moments) bool { return m.n == 0 }) {
		return nil, fault.New(fault.Invalid, "intensity: %d folds, one of them empty: want two with rows", len(parts))
	}
	return parts, nil
}

// without adds up all folds but those named.
func without(parts []*moments, held ...int) *moments {
	out := newMoments(len(parts[0].x))
	for f, part := range parts {
		if !slices.Contains(held, f) {
			out.plus(part)
		}
	}
	return out
}

// checkRows refuses rows of unlike lengths and numbers that would spread into every weight.
func checkRows(x [][]float64, y []float64, lambda float64) error {
	if len(x) == 0 || len(x) != len(y) || !(lambda > 0) {
		return fault.New(fault.Invalid, "intensity: a ridge of %d vectors, %d numbers and λ = %v", len(x), len(y), lambda)
	}
	for i := range x {
		if len(x[i]) != len(x[0]) {
			return fault.New(fault.Mismatch, "intensity: vector %d has %d numbers, vector 0 has %d", i, len(x[i]), len(x[0]))
		}
		if math.IsNaN(y[i]) || math.IsInf(y[i], 0) {
			return fault.New(fault.Invalid, "intensity: number %d is %v", i, y[i])
		}
	}
	return nil
}
