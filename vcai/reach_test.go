package vcai_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hives/vcai"
)

// ends walks through every way in which open judgements may come out, and takes the least and greatest degree: the dumb
// twin of Reach.
func ends(judged [][]float64, open [][]bool) (all, touched vcai.Range) {
	none := vcai.Range{Low: math.Inf(1), High: math.Inf(-1)}
	all, touched = none, none
	take := func(r *vcai.Range, x float64) {
		if !math.IsNaN(x) {
			r.Low, r.High = min(r.Low, x), max(r.High, x)
		}
	}
	var walk func(at int)
	walk = func(at int) {
		parts := len(judged[0])
		if at == len(judged)*parts {
			d := vcai.DegreeOf(judged)
			take(&all, d.All)
			take(&touched, d.Touched)
			return
		}
		role, part := at/parts, at%parts
		if !open[role][part] {
			walk(at + 1)
			return
		}
		for _, j := range []float64{-1, 0, 1, math.NaN()} {
			judged[role][part] = j
			walk(at + 1)
		}
	}
	walk(0)
	return all, touched
}

// TestReachIsAllThatCanBe: the range is neither wider nor narrower than what every completion gives.
func TestReachIsAllThatCanBe(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	same := func(what string, got, want vcai.Range) {
		if want.Low > want.High { // no completion has such a degree
			if !math.IsNaN(got.Low) || !math.IsNaN(got.High) {
				t.Errorf("%s: %v, and there is none", what, got)
			}
			return
		}
		if !(math.Abs(got.Low-want.Low) < 1e-12 && math.Abs(got.High-want.High) < 1e-12) {
			t.Errorf("%s: %v, every completion gives %v", what, got, want)
		}
	}
	for range 400 {
		roles, parts := 1+rng.IntN(3), 1+rng.IntN(3)
		judged, open := make([][]float64, roles), make([][]bool, roles)
		for r := range judged {
			judged[r], open[r] = make([]float64, parts), make([]bool, parts)
			for p := range judged[r] {
				judged[r][p] = []float64{-1, 0, 0, 1, math.NaN()}[rng.IntN(5)]
				open[r][p] = rng.IntN(2) == 0
			}
		}
		all, touched := vcai.Reach(judged, open)
		wantAll, wantTouched := ends(judged, open)
		same("all", all, wantAll)
		same("touched", touched, wantTouched)
	}
}

// TestLeastGapIsRight: no completion comes nearer, and one comes as near.
func TestLeastGapIsRight(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	far := 0
	for range 400 {
		judged, open := [][]float64{make([]float64, 4)}, [][]bool{make([]bool, 4)}
		for p := range judged[0] {
			judged[0][p], open[0][p] = float64(rng.IntN(3)-1), rng.IntN(2) == 0
		}
		l := vcai.NewLoop(float64(rng.IntN(5)-2), .5, 1)
		all, _ := vcai.Reach(judged, open)
		// One role and four parts without missing ones: degrees are steps of 1/2, and all between the ends come out.
		want := math.Inf(1)
		for _, x := range []float64{-2, -1.5, -1, -.5, 0, .5, 1, 1.5, 2} {
			if x >= all.Low && x <= all.High {
				want = min(want, math.Abs(x-l.Wanted))
			}
		}
		if got := l.Least(all); math.Abs(got-want) > 1e-12 {
			t.Errorf("wanted %v, range %v: least gap %v, it is %v", l.Wanted, all, got, want)
		}
		if want > l.Near {
			far++
		}
	}
	if far == 0 || far == 400 {
		t.Errorf("%d of 400 are too far: one of the two ways was not tested", far)
	}
	if !math.IsNaN(vcai.NewLoop(0, 1, 1).Least(vcai.Range{Low: math.NaN(), High: math.NaN()})) {
		t.Error("no degree has a gap")
	}
}
