package anchors

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"hives/internal/fault"
	"hives/internal/kmeans"
)

// projection maps a vector to the plane of the two directions of most variance: x = (v − mean)·axis₁, y = (v −
// mean)·axis₂. No other plane shows as much of how far texts lie apart; share says how much that is, and it may
// be little.
type projection struct {
	mean  []float64    // [d]
	axes  [2][]float64 // [d] each, unit
	share [2]float64   // of the variance
}

// principal fits the projection to the rows at the given positions. An axis points to where its largest
// coefficient is positive, so that the picture does not turn over from run to run: an eigenvector times −1 is one
// as well. The covariance is [d, d], whatever the number of rows.
//
//	2,000 rows of 1,024 numbers: a covariance of 1,024², 8 MB, of which the two largest eigenvalues are kept
//
// With one dimension both axes are the same: there is no other.
func principal(p kmeans.Points, at []int) (*projection, error) {
	pr := &projection{mean: make([]float64, p.D)}
	for _, i := range at {
		for j, x := range p.Row(i) {
			pr.mean[j] += float64(x) / float64(len(at))
		}
	}
	// [rows, d] with the mean taken off; the covariance is its product with itself.
	centred := mat.NewDense(len(at), p.D, nil)
	for r, i := range at {
		for j, x := range p.Row(i) {
			centred.Set(r, j, float64(x)-pr.mean[j])
		}
	}
	var covariance mat.SymDense
	covariance.SymOuterK(1/float64(len(at)), centred.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&covariance, true) {
		return nil, fault.New(fault.Invalid, "anchors: the space has no principal axes to draw it by")
	}
	values := eigen.Values(nil) // ascending
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	trace := mat.Trace(&covariance)
	// Eigenvalues ascend, so the axes of most variance are the last columns.
	for k := range pr.axes {
		column := max(p.D-1-k, 0)
		pr.axes[k] = upright(mat.Col(nil, column, &vectors))
		pr.share[k] = values[column] / max(trace, math.SmallestNonzeroFloat64)
	}
	return pr, nil
}

// upright turns an axis so that its largest coefficient, by size, is positive; of nearly equal ones the first
// counts, since rounding may swap them.
//
//	(−.8, .6) becomes (.8, −.6)
func upright(axis []float64) []float64 {
	largest := 0.0
	for _, x := range axis {
		if math.Abs(x) > math.Abs(largest)+1e-12 {
			largest = x
		}
	}
	if largest < 0 {
		for j := range axis {
			axis[j] = -axis[j]
		}
	}
	return axis
}

// at returns the place of a vector in the plane: its distance from the mean along either axis. Anchors were not
// among the vectors that the axes were fitted to, and are placed by the same rule.
func (pr *projection) at(v []float32) (x, y float64) {
	for j := range v {
		gap := float64(v[j]) - pr.mean[j]
		x += gap * pr.axes[0][j]
		y += gap * pr.axes[1][j]
	}
	return x, y
}
