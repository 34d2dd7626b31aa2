package metrics

import (
	"math"

	"gonum.org/v1/gonum/blas/gonum"

	"hives/internal/fault"
)

// unitTolerance is how far |v| may be from 1: float32 rows of 4,096 numbers stay within 1e-5.
const unitTolerance = 1e-3

var blas gonum.Implementation

// Vectors are N unit rows of width D, held in float64 so that cosines of equal rows tie exactly. Ties matter: a
// control such as one-hot vectors has hardly anything but ties, and ties that rounding breaks are no longer
// counted as wrong.
type Vectors struct {
	n, d int
	x    []float64 // [N, D]
}

// NewVectors copies rows ([N][D]). It refuses ragged rows, numbers that are not finite and rows that are
// neither of length one nor all zero, naming the row.
func NewVectors(rows [][]float32) (*Vectors, error) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil, fault.New(fault.Invalid, "metrics: no vectors to measure")
	}
	v := &Vectors{n: len(rows), d: len(rows[0])}
	v.x = make([]float64, v.n*v.d)
	for i, row := range rows {
		if len(row) != v.d {
			return nil, fault.New(fault.Invalid, "metrics: vector of row %d has %d numbers, row 0 has %d", i, len(row), v.d)
		}
		var squares float64
		for k, number := range row {
			f := float64(number)
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return nil, fault.New(fault.Invalid, "metrics: vector of row %d is not finite at %d (%v)", i, k, number)
			}
			v.x[i*v.d+k] = f
			squares += f * f
		}
		if norm := math.Sqrt(squares); norm != 0 && math.Abs(norm-1) > unitTolerance {
			return nil, fault.New(fault.Invalid, "metrics: vector of row %d has length %.4g, want 1", i, norm)
		}
	}
	return v, nil
}

// Len is N.
func (v *Vectors) Len() int { return v.n }

// Dim is D.
func (v *Vectors) Dim() int { return v.d }

// Row returns row i, shape [D]; the caller must not change it.
func (v *Vectors) Row(i int) []float64 { return v.x[i*v.d : (i+1)*v.d] }

// Cosine is the inner product of rows i and j. The order of summation is the same for every pair, so
// equal rows give equal cosines to the last bit, which the treatment of ties rests on.
func (v *Vectors) Cosine(i, j int) float64 {
	return blas.Ddot(v.d, v.Row(i), 1, v.Row(j), 1)
}

// Select returns the rows at index, in that order.
func (v *Vectors) Select(index []int) *Vectors {
	out := &Vectors{n: len(index), d: v.d, x: make([]float64, len(index)*v.d)}
	for at, i := range index {
		copy(out.Row(at), v.Row(i))
	}
	return out
}

// meanCosine is |Σe|²/N² over some rows: the mean over all ordered pairs, own pairs included. Sums of cosines are
// taken about it, which keeps digits when a collapsed space has all cosines near one.
func (v *Vectors) meanCosine(rows []int) float64 {
	sum := make([]float64, v.d)
	for _, i := range rows {
		addTo(sum, v.Row(i), 1)
	}
	return blas.Ddot(v.d, sum, 1, sum, 1) / float64(len(rows)) / float64(len(rows))
}

// addTo adds weight·row to sum.
func addTo(sum, row []float64, weight float64) { blas.Daxpy(len(row), weight, row, 1, sum, 1) }
