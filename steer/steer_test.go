package steer_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/internal/rig/goldentest"
	"hives/steer"
)

var nan = math.NaN()

func close(t *testing.T, what string, got, want float64) {
	t.Helper()
	goldentest.Same(t, what, got, want, 1e-9)
}

// draw makes rows of queries whose answers move by slope · target, with noise of each query and of each answer.
func draw(rng *rand.Rand, queries int, slope float64) (rows []steer.Row) {
	for q := range queries {
		base := 3 * rng.NormFloat64()
		def := base + rng.NormFloat64()
		for _, target := range []int{-2, -1, 1, 2} {
			rows = append(rows, steer.Row{Query: q, Target: target, Default: def,
				Steered: base + slope*float64(target) + rng.NormFloat64(), Refused: steer.No, DefaultRefused: steer.No})
		}
	}
	return rows
}

// TestGainEqualsTheFormulas: nested loops over the definitions, with missing scores and refusals.
func TestGainEqualsTheFormulas(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for try := range 30 {
		rows := draw(rng, 3+try, 1)
		for i := range rows {
			switch rng.IntN(8) {
			case 0:
				rows[i].Steered = nan
			case 1:
				rows[i].Default = nan
			case 2:
				rows[i].Refused = steer.Yes
			case 3:
				rows[i].DefaultRefused = steer.Yes
			case 4:
				rows[i].Refused = steer.Unknown
			}
		}
		sum, n, plain, plainN, reached := 0., 0., 0., 0., 0.
		refused, usable := 0, 0
		var own []steer.Row
		for _, r := range rows {
			if r.Target != 2 {
				continue
			}
			own = append(own, r)
			if r.Refused != steer.Unknown {
				usable++
			}
			if r.Refused == steer.Yes {
				refused++
			}
			if math.IsNaN(r.Default) || math.IsNaN(r.Steered) {
				continue
			}
			d := r.Steered - r.Default
			sum, n = sum+d, n+1
			if r.Refused != steer.Yes && r.DefaultRefused != steer.Yes {
				plain, plainN = plain+d, plainN+1
			}
			if d > 0 {
				reached++
			}
		}
		squares := 0.
		for _, r := range own {
			if d := r.Steered - r.Default; !math.IsNaN(d) {
				squares += (d - sum/n) * (d - sum/n)
			}
		}
		g := steer.GainOf(own)
		if float64(g.N) != n || g.N+g.Dropped != len(own) || g.Refusals.Refused != refused || g.Refusals.Usable != usable {
			t.Fatalf("counts %+v, want %v, %d of %d refused", g, n, refused, usable)
		}
		close(t, "mean", g.Mean, sum/n)
		close(t, "without refusals", g.WithoutRefusals, plain/plainN)
		close(t, "reach", g.Reach, reached/n)
		if n > 1 {
			close(t, "se", g.SE, math.Sqrt(squares/(n-1)/n))
		}
		if (g.N < steer.LeastQueries) != math.IsNaN(g.P) || (g.N < steer.LeastQueries) != math.IsNaN(g.Low) {
			t.Errorf("%d queries: interval from %v, p %v", g.N, g.Low, g.P)
		}
	}
}

// TestNothingIsNotZero: what no row defines is NaN.
func TestNothingIsNotZero(t *testing.T) {
	g := steer.GainOf([]steer.Row{{Target: 2, Default: 1, Steered: nan}})
	for what, x := range map[string]float64{"mean": g.Mean, "se": g.SE, "reach": g.Reach, "p": g.P,
		"rate": g.Refusals.Rate, "without": g.WithoutRefusals, "default": g.DefaultMean} {
		if !math.IsNaN(x) {
			t.Errorf("%s of nothing is %v", what, x)
		}
	}
	if g.NoHeadroom() {
		t.Error("no answer stands at an end")
	}
	c := steer.CurveOf([]steer.Row{{Target: 2, Default: 1, Steered: 2}}, 50, 1)
	if !math.IsNaN(c.Asymmetry.Value) || !math.IsNaN(c.Dose.Value) || !math.IsNaN(c.Dose.Low) {
		t.Errorf("one row has asymmetry %v, dose %v", c.Asymmetry, c.Dose)
	}
	if d := steer.RefusalsOf(nil, nil); !math.IsNaN(d.P) || !math.IsNaN(d.Before) {
		t.Errorf("no judgement has %+v", d)
	}
}

// TestHeadroom: the mean counts, on either side.
func TestHeadroom(t *testing.T) {
	for def, want := range map[float64]bool{7.1: true, -7.1: true, 7: false, 0: false} {
		rows := []steer.Row{{Target: 2, Default: def, Steered: 8}, {Query: 1, Target: 2, Default: def, Steered: 9}}
		if got := steer.GainOf(rows).NoHeadroom(); got != want {
			t.Errorf("answers at %v: no headroom %v", def, got)
		}
	}
}

// TestAnIgnoredPromptMovesNothing: over many runs of a generator that does not read its prompt the interval of a gain
// misses 0 no more often than 5 % of the time, but for chance, and Holm's correction finds a drift between two runs in
// few of them. The control: a prompt that moves answers by one unit is found nearly always.
func TestAnIgnoredPromptMovesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	const runs, queries = 400, 20
	count := func(slope float64) (missed, drifts int) {
		for range runs {
			a, b := draw(rng, queries, 0), draw(rng, queries, slope)
			var p []float64
			for _, target := range []int{-2, -1, 1, 2} {
				x, y := deltas(a, target), deltas(b, target)
				p = append(p, steer.PairedOf(x, y).P)
			}
			for _, one := range steer.Corrected(p) {
				if one <= .05 {
					drifts++
					break
				}
			}
			g := steer.CurveOf(b, 0, 0).Gains[3]
			if g.Low > 0 || g.High < 0 {
				missed++
			}
		}
		return missed, drifts
	}
	missed, drifts := count(0)
	// 5 % of 400 are 20, SD 4.4.
	if missed > 34 || drifts > 34 {
		t.Errorf("of %d runs without any effect %d gains miss 0 and %d show a drift", runs, missed, drifts)
	}
	missed, drifts = count(1)
	if missed < runs*9/10 || drifts < runs*9/10 {
		t.Errorf("of %d runs with an effect %d gains and %d drifts are found", runs, missed, drifts)
	}
}

func deltas(rows []steer.Row, target int) (out []float64) {
	for _, r := range rows {
		if r.Target == target {
			out = append(out, r.Delta())
		}
	}
	return out
}

// TestTheDoseIsRecovered: a scripted slope comes back, and a bootstrap over queries holds it. Turned round it is as
// negative; permuted over targets it is none.
func TestTheDoseIsRecovered(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	rows := draw(rng, 60, 1.5)
	c := steer.CurveOf(rows, 300, 9)
	for at, target := range c.Targets {
		if want := 1.5 * float64(target); math.Abs(c.Gains[at].Mean-want) > 3*c.Gains[at].SE {
			t.Errorf("target %d: gain %v ± %v, want %v", target, c.Gains[at].Mean, c.Gains[at].SE, want)
		}
	}
	if c.Dose.Value < .8 || c.Dose.Low < .7 || c.Dose.High < c.Dose.Value || c.Asymmetry.Low > 0 || c.Asymmetry.High < 0 {
		t.Errorf("dose %+v, asymmetry %+v", c.Dose, c.Asymmetry)
	}
	shuffled := slices.Clone(rows)
	for i := range shuffled {
		shuffled[i].Target = []int{-2, -1, 1, 2}[rng.IntN(4)]
	}
	if d := steer.CurveOf(shuffled, 300, 9).Dose; math.Abs(d.Value) > .25 || d.Low > 0 || d.High < 0 {
		t.Errorf("of permuted targets the dose is %+v", d)
	}
	again := slices.Clone(rows)
	slices.Reverse(again)
	if b := steer.CurveOf(again, 300, 9).Asymmetry; math.Abs(b.Low-c.Asymmetry.Low) > 1e-9 {
		t.Errorf("the order of rows moves the draws: %v and %v", b, c.Asymmetry)
	}
}

// TestQueriesAreDrawnWhole: rows of a query that was answered twice hang together. Doubling every row says nothing new,
// so the interval keeps its width; were rows drawn one by one it would shrink by √2.
func TestQueriesAreDrawnWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	rows := draw(rng, 30, .5)
	once := steer.CurveOf(rows, 400, 2).Asymmetry
	twice := steer.CurveOf(append(slices.Clone(rows), rows...), 400, 2).Asymmetry
	close(t, "low", twice.Low, once.Low)
	close(t, "high", twice.High, once.High)
}

func TestCompose(t *testing.T) {
	c := steer.Compose([]float64{2, 1}, []float64{3, 1}, [][]float64{{2, .5}, {0, 1}})
	close(t, "angle", c.Angle, math.Abs(math.Atan2(1, 2)-math.Atan2(1, 3))*180/math.Pi)
	close(t, "additive", c.Additive, math.Hypot(1, -.5))
	close(t, "apart", c.Apart[1], -.5)
	// The opposite of what was asked, and beside it.
	close(t, "opposite", steer.Compose([]float64{2, 1}, []float64{-4, -2}, nil).Angle, 180)
	close(t, "beside", steer.Compose([]float64{2, 1}, []float64{-1, 2}, nil).Angle, 90)
	asked := []float64{2, 1}
	for what, x := range map[string]float64{
		"angle of nothing": steer.Compose(asked, []float64{0, 0}, nil).Angle,
		"sum of no prompt": steer.Compose(asked, []float64{1, 1}, nil).Additive,
		"sum with a gap":   steer.Compose(asked, []float64{1, 1}, [][]float64{{1, nan}, {0, 1}}).Additive,
	} {
		if !math.IsNaN(x) {
			t.Errorf("%s is %v", what, x)
		}
	}
}

// TestSplit: the twin sorts pairs by hand; the control has cosines that say nothing.
func TestSplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	const n = 80
	cosine, def, moved, noise := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		cosine[i], noise[i] = rng.Float64(), rng.Float64()
		def[i], moved[i] = rng.NormFloat64()+4*cosine[i], 3*cosine[i]+.3*rng.NormFloat64()
	}
	moved[4], cosine[7] = nan, nan
	s := steer.Split(cosine, def, moved, steer.Share, 500, 4)
	if len(s.Near.Queries) != 19 || len(s.Far.Queries) != 19 { // a quarter of the 79 that have a cosine
		t.Fatalf("%d near, %d far", len(s.Near.Queries), len(s.Far.Queries))
	}
	sum, got := 0., 0.
	for _, a := range s.Near.Queries {
		for _, b := range s.Far.Queries {
			if cosine[a] <= cosine[b] {
				t.Fatalf("query %d is nearer than %d", b, a)
			}
		}
		if !math.IsNaN(moved[a]) {
			sum, got = sum+math.Abs(moved[a]), got+1
		}
	}
	close(t, "near", s.Near.AbsMoved, sum/got)
	close(t, "gap", s.Moved.Value, s.Near.AbsMoved-s.Far.AbsMoved)
	if s.Moved.Low < 1 || s.Default.Low < .5 {
		t.Errorf("what grows with the cosine is not found: %+v %+v", s.Moved, s.Default)
	}
	if c := steer.Split(noise, def, moved, steer.Share, 500, 4); c.Moved.Low > 0 || c.Moved.High < 0 {
		t.Errorf("cosines that say nothing part the queries: %+v", c.Moved)
	}
}

func TestAblate(t *testing.T) {
	reference := []float64{1, 2, nan, 4}
	a := steer.Ablate(reference, [][]float64{{1, 4, 0, nan}, {2, 2, 0, 4}})
	// |0| + |2| + |1| + |0| + |0| over five pairs; response 2 has no reference, and one score of response 3 is missing.
	close(t, "difference", a.Difference, 3./5)
	close(t, "sd", a.SD, (math.Sqrt(.5)+math.Sqrt(2))/2)
	if a.Scores != 5 || a.Missing != 3 {
		t.Errorf("%+v", a)
	}
	close(t, "change", steer.Change([][]float64{{1, 2, nan}}, [][]float64{{2, 2, 5}}), .5)
	if one := steer.Ablate(reference, [][]float64{reference}); !math.IsNaN(one.SD) || one.Difference != 0 {
		t.Errorf("one seed, the reference itself: %+v", one)
	}
}

// TestRefusalsOfIsMcNemar sums binomial terms one by one.
func TestRefusalsOfIsMcNemar(t *testing.T) {
	var a, b []steer.Refused
	add := func(n int, was, is steer.Refused) {
		for range n {
			a, b = append(a, was), append(b, is)
		}
	}
	add(6, steer.No, steer.Yes)
	add(1, steer.Yes, steer.No)
	add(4, steer.Yes, steer.Yes)
	add(9, steer.No, steer.No)
	add(3, steer.Unknown, steer.Yes)
	d := steer.RefusalsOf(a, b)
	close(t, "p", d.P, 2*(1+7)/math.Pow(2, 7))
	close(t, "before", d.Before, 5./20)
	close(t, "after", d.After, 10./20)
	if d.N != 20 || d.More != 6 || d.Less != 1 {
		t.Errorf("%+v", d)
	}
	if same := steer.RefusalsOf(a, a); same.P != 1 || same.Before != same.After {
		t.Errorf("a run beside itself: %+v", same)
	}
}

// TestPairingCancelsTheQuery: a shift of half a unit under queries that differ by ten is found by pairs, and would not
// be by two means with their errors.
func TestPairingCancelsTheQuery(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	var a, b []float64
	for range 40 {
		base := 10 * rng.NormFloat64()
		a, b = append(a, base+.3*rng.NormFloat64()), append(b, base+.5+.3*rng.NormFloat64())
	}
	a[3] = nan
	p := steer.PairedOf(a, b)
	if p.N != 39 || p.Dropped != 1 || p.P > 1e-4 || p.Low > .5 || p.High < .5 {
		t.Errorf("%+v", p)
	}
	slices.Reverse(b)
	if broken := steer.PairedOf(a, b); broken.P < .01 {
		t.Errorf("pairs of unlike queries show a shift: %+v", broken)
	}
	if same := steer.PairedOf(a, a); same.Mean != 0 || same.P != 1 {
		t.Errorf("an audit beside itself: %+v", same)
	}
}
