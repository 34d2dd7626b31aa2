package anchors

// None is the position of no anchor.
const None = -1

// Limits says when a nearest anchor is near enough to be a row's. The zero value accepts any.
type Limits struct {
	MinCosine float32 // the best cosine must reach it; of use where the encoder's cosines are spread out
	MinLead   float32 // the best must be ahead of the second best by it; a single candidate leads by any
}

// Nearest returns the position in bank of the unit vector closest to v by cosine, among those allowed (nil for
// all), with its cosine; None where no candidate is within the limits. Of equal cosines the first in the order of
// the candidates wins, so with MinLead 0 a tie still has one answer. v: [d] unit; bank: [A][d] unit rows.
func Nearest(v []float32, bank [][]float32, allowed []int, limits Limits) (at int, cosine float32) {
	n := len(bank)
	if allowed != nil {
		n = len(allowed)
	}
	at = None
	var best, second float32
	for i := range n {
		k := i
		if allowed != nil {
			k = allowed[i]
		}
		c := dot(v, bank[k])
		switch {
		case at == None || c > best:
			second, best, at = best, c, k
		case i == 1 || c > second:
			second = c
		}
		if i == 0 {
			second = c - 2 // below any cosine's reach
		}
	}
	if at == None || best < limits.MinCosine || best-second < limits.MinLead {
		return None, best
	}
	return at, best
}

// dot sums in float64: the order of magnitude of a lead may be 1e-4.
func dot(a, b []float32) float32 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return float32(sum)
}
