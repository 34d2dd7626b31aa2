package intensity

import (
	"math"
	"testing"

	"hives/ranking"
)

// TestErrorsTakeTheMapsOwnSlope: under every map the standard error is as wide, beside its interval, as in logits. By
// rank that is the interval's own width, which near the end of the pool is less than the slope in the middle says.
func TestErrorsTakeTheMapsOwnSlope(t *testing.T) {
	pool := []float64{-3, -1, -.5, -.2, 0, .1, .4, 1.2, 2.4}
	for _, method := range Methods {
		c, _, err := Calibrate(method, pool)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range []float64{-.8, 0, .6} {
			s := Scorer{Map: c, Logit: true, Scale: 1.3}
			const sd = .2
			got := s.mapped(ranking.Response{U: u, SE: sd, Lo: u - z95*sd, Hi: u + z95*sd})
			if want := (got.Hi - got.Lo) / (2 * z95); math.Abs(got.SE-want) > 1e-9 {
				t.Errorf("%s at %v: standard error %v beside an interval of %v to %v, want %v", method, u, got.SE, got.Lo, got.Hi,
					want)
			}
		}
	}
}
