package steer

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// Composed is what a prompt of several values does to them together.
type Composed struct {
	Gain     []float64 // mean movement of each value under the common prompt
	Angle    float64   // degrees between Gain and the asked direction: 0 as asked, 90 beside it, 180 the opposite
	Length   float64   // of Gain
	Additive float64   // how far Gain lies from the sum of what each value's own prompt does
	Apart    []float64 // Gain less that sum
}

// Compose takes what was asked of each of V values, the gains under the common prompt, and those under the prompt of
// each value alone: alone[i][j] is what the prompt of value i does to value j. A number that is missing is NaN, and so
// is what depends on it.
//
//	asked 2 1, gains 3 1, alone (2 .5) and (0 1)     sum 2 1.5, apart 1 −.5, additive 1.12, angle 8.1°
func Compose(asked, gain []float64, alone [][]float64) Composed {
	c := Composed{Gain: gain, Length: floats.Norm(gain, 2), Apart: append([]float64{}, gain...)}
	for _, own := range alone {
		floats.Sub(c.Apart, own)
	}
	if len(alone) != len(asked) {
		for i := range c.Apart {
			c.Apart[i] = math.NaN()
		}
	}
	c.Additive = floats.Norm(c.Apart, 2)
	c.Angle = angle(asked, gain)
	return c
}

// angle in degrees, NaN where one side has no direction. Near 0 and 180 an arc cosine loses half of its digits. Kahan's
// form keeps them: it takes the two diagonals of the rhombus of both unit vectors.
func angle(a, b []float64) float64 {
	na, nb := floats.Norm(a, 2), floats.Norm(b, 2)
	if na == 0 || nb == 0 {
		return math.NaN()
	}
	gap, sum := make([]float64, len(a)), make([]float64, len(a))
	for i := range a {
		gap[i], sum[i] = a[i]/na-b[i]/nb, a[i]/na+b[i]/nb
	}
	return 2 * math.Atan2(floats.Norm(gap, 2), floats.Norm(sum, 2)) * 180 / math.Pi
}
