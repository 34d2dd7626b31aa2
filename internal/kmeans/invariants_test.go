package kmeans

import (
	"context"
	"math"
	"testing"
)

// Labels, scores and cost are those of the centres that are returned, held to every centre in float64.
func TestResultIsOfItsCentres(t *testing.T) {
	for seed := range uint64(3) {
		p, _ := blobs(400, 16, 6, 1.2, seed)
		o := Defaults(9)
		o.Seed, o.Restarts = seed, 2
		r, err := Fit(context.Background(), p, o)
		if err != nil {
			t.Fatal(err)
		}
		cost := 0.0
		for i := range p.N {
			best, which := math.Inf(-1), -1
			for c := range o.K {
				score := 0.0
				for j, x := range p.Row(i) {
					y := r.Centres[c*p.D+j]
					score += float64(x)*y - y*y/2
				}
				if score > best+1e-12 {
					best, which = score, c
				}
			}
			if int(r.Label[i]) != which || math.Abs(r.Score[i]-best) > 1e-9 {
				t.Fatalf("seed %d: row %d is with %d (%v), the nearest is %d (%v)", seed, i, r.Label[i], r.Score[i], which, best)
			}
			cost += 1 - 2*r.Score[i]
		}
		if math.Abs(cost-r.Cost) > 1e-9 || r.Passes >= o.MaxPasses {
			t.Errorf("seed %d: cost %v, its scores say %v; %d passes", seed, r.Cost, cost, r.Passes)
		}
	}
}
