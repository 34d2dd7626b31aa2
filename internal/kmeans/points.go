package kmeans

import (
	"math"

	"hives/internal/fault"
)

// Points is a matrix of unit rows.
type Points struct {
	N, D int
	Data []float32 // [N, D]
}

// unitSlack is how far a row's squared length may be from 1: bf16 vectors are still let in.
const unitSlack = 2e-2

// NewPoints makes room for n rows of d numbers.
func NewPoints(n, d int) Points { return Points{N: n, D: d, Data: make([]float32, n*d)} }

// Row returns row i; it shares memory with the matrix.
func (p Points) Row(i int) []float32 { return p.Data[i*p.D : (i+1)*p.D : (i+1)*p.D] }

// squares returns the squared length of every row.
func (p Points) squares() []float64 {
	out := make([]float64, p.N)
	for i := range out {
		for _, x := range p.Row(i) {
			out[i] += float64(x) * float64(x)
		}
	}
	return out
}

// Check refuses a matrix whose size is not [N, D] and rows that are no unit vectors. The bound on a float32
// score's error (scorer.slack) holds for rows of about length one only.
func (p Points) Check() error {
	if p.N <= 0 || p.D <= 0 || len(p.Data) != p.N*p.D {
		return fault.New(fault.Invalid, "kmeans: %d numbers are no matrix of %d rows and %d columns", len(p.Data), p.N, p.D)
	}
	for i, square := range p.squares() {
		if math.IsNaN(square) || math.IsInf(square, 0) {
			return fault.New(fault.Invalid, "kmeans: vector %d is not finite", i)
		}
		if math.Abs(square-1) > unitSlack {
			return fault.New(fault.Invalid, "kmeans: vector %d has length %.3g, not 1", i, math.Sqrt(square))
		}
	}
	return nil
}
