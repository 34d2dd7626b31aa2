package structure_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hives/structure"
)

// permutations of 0 … n−1.
func permutations(n int) [][]float64 {
	if n == 0 {
		return [][]float64{nil}
	}
	var all [][]float64
	for _, short := range permutations(n - 1) {
		for at := range n {
			p := append([]float64{}, short[:at]...)
			all = append(all, append(append(p, float64(n-1)), short[at:]...))
		}
	}
	return all
}

// TestExactCountsOrders holds the exact probability to a count over all orders.
func TestExactCountsOrders(t *testing.T) {
	for n := 2; n <= 6; n++ {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i)
		}
		all := permutations(n)
		for _, y := range all[:min(len(all), 40)] {
			k := structure.KendallOf(x, y)
			far := 0
			for _, z := range all {
				if math.Abs(structure.KendallOf(x, z).Tau) >= math.Abs(k.Tau)-1e-12 {
					far++
				}
			}
			if want := float64(far) / float64(len(all)); math.Abs(k.Exact(n)-want) > 1e-12 {
				t.Errorf("%v: p %v, counted %v", y, k.Exact(n), want)
			}
		}
	}
}

// TestCircleIsSeen: things on a circle, with noise, follow it; noise alone does so in no more than the share of worlds
// that p promises.
func TestCircleIsSeen(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	seen, chance := 0, 0
	const worlds, n = 60, 10
	for range worlds {
		round, noise := make(structure.Map, n), make(structure.Map, n)
		for i := range n {
			angle := 2 * math.Pi * float64(i) / n
			round[i] = [2]float64{math.Cos(angle) + .2*rng.NormFloat64(), math.Sin(angle) + .2*rng.NormFloat64()}
			noise[i] = [2]float64{rng.NormFloat64(), rng.NormFloat64()}
		}
		if _, p := structure.Circle(round, 200, 7); p < .05 {
			seen++
		}
		if _, p := structure.Circle(noise, 200, 7); p < .05 {
			chance++
		}
	}
	if seen < worlds*9/10 || chance > worlds/8 {
		t.Errorf("of %d worlds the circle was seen in %d, and in noise in %d", worlds, seen, chance)
	}
}

// TestSmacofNeverGrows: no round makes the stress larger, and a map in the plane is found again.
func TestSmacofNeverGrows(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		n := 4 + rng.IntN(8)
		d := mat.NewSymDense(n, nil)
		for i := range n {
			for j := range i {
				d.SetSym(i, j, .2+rng.Float64())
			}
		}
		first, _ := structure.Classical(d)
		before := first.Raw(d)
		_, trace := structure.Smacof(d, first)
		for i, now := range trace {
			if now > before+1e-12 {
				t.Fatalf("round %d: stress %v after %v", i, now, before)
			}
			before = now
		}
	}
}

// TestProcrustesUndoesMoves: a map that was moved, turned, mirrored and scaled is the same map; another is not.
func TestProcrustesUndoesMoves(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	a, b, other := make(structure.Map, 8), make(structure.Map, 8), make(structure.Map, 8)
	for i := range a {
		a[i] = [2]float64{rng.NormFloat64(), rng.NormFloat64()}
		b[i] = [2]float64{3 - 2*(.6*a[i][0]-.8*a[i][1]), 1 + 2*(.8*a[i][0]+.6*a[i][1])}
		other[i] = [2]float64{rng.NormFloat64(), rng.NormFloat64()}
	}
	if _, d := structure.Procrustes(a, b); d > 1e-12 {
		t.Errorf("a moved map differs by %v", d)
	}
	if _, d := structure.Procrustes(a, other); d < .1 {
		t.Errorf("another map differs by %v only", d)
	}
}

// TestCentringTakesAgreementAway: respondents who differ in nothing but how much they say yes have correlations of 1,
// and none once they are centred but what 1/(V−1) leaves.
func TestCentringTakesAgreementAway(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var scores [][]float64
	for range 400 {
		yes := 2 * rng.NormFloat64()
		row := make([]float64, 6)
		for j := range row {
			row[j] = yes + .5*rng.NormFloat64()
		}
		scores = append(scores, row)
	}
	raw, centred := structure.Correlate(scores).MeanOff(), structure.Correlate(structure.Centre(scores)).MeanOff()
	if raw < .8 || math.Abs(centred+1./5) > .02 {
		t.Errorf("raw %v, centred %v: want near 1 and −1/5", raw, centred)
	}
}
