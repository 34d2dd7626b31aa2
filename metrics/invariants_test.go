package metrics

import (
	"math"
	"testing"
)

// Twice the weight on everything changes no mean and no correlation: the influences of all groups add up to 0.
func TestInfluencesAddUpToNothing(t *testing.T) {
	for _, seed := range []uint64{21, 22, 23} {
		v, l := world(seed, 48)
		m := mustMeasure(t, v, NewRowPairs(l), Options{})
		for s := All; s < Scopes; s++ {
			for name, influence := range map[string][]float64{
				"ranking": m.Ranking[s].Influence, "ranking, ties half": m.Ranking[s].HalfInfluence,
				"direction": m.Direction[s].Influence, "correlation": m.Correlation[s].Influence,
			} {
				sum, largest := 0.0, 0.0
				for _, f := range influence {
					sum += f
					largest = max(largest, math.Abs(f))
				}
				some := name != "direction" || m.Direction[s].Anchors > 0
				if math.Abs(sum) > 1e-12 || some && largest < 1e-4 {
					t.Errorf("seed %d, %s %s: influences add up to %g, the largest is %g", seed, ScopeNames[s], name, sum, largest)
				}
			}
		}
	}
}

// Every pair of a scope is seen from both of its ends, and only those: counted here one by one.
func TestCorrelationCountsEachPairFromBothEnds(t *testing.T) {
	v, l := world(24, 40)
	m := mustMeasure(t, v, NewRowPairs(l), Options{})
	for s := All; s < Scopes; s++ {
		want := 0
		for i := range v.n {
			for j := range i {
				if naiveInScope(l, s, i, j) {
					want++
				}
			}
		}
		if got := m.Correlation[s].Pairs; got != want || want == 0 {
			t.Errorf("%s: %d pairs, counted %d", ScopeNames[s], got, want)
		}
	}
}

// The example of Ranking's, outcome's and giveCredit's comments, with every item a group of its own.
func TestRankingExample(t *testing.T) {
	// Items 1 … 4 are y, z, x, u, each a cell and a vector of its own; class 0 is bin 4, class 1 bin 0. Item 0 is the
	// anchor.
	l := &layout{
		cellOf: []int32{0, 1, 2, 3, 4}, groupOf: []int32{0, 1, 2, 3, 4}, vector: []int32{0, 1, 2, 3, 4},
		class: []int32{0, 0, 0, 1, 1}, begin: []int32{0, 3, 5}, admitted: [][]bool{{true, true}},
		ofVector: make([][]int32, 5),
	}
	x := &seen{
		l: l, own: []int32{0}, count: []float64{0, 1, 1, 1, 1}, sums: []classSum{{n: 2}, {n: 2}},
		order: &order{run: []int32{3, 0, 1, 1, 2}, runs: 4, sorted: []placed{
			{vector: 1}, {vector: 2, run: 1}, {vector: 3, run: 1}, {vector: 4, run: 2}, {vector: 0, run: 3},
		}},
		stock: make([][]float64, 1), below: make([][]float64, 1), known: make([]bool, 1),
	}
	var o outcome
	var lists [2][]candidate
	s, c := newRankSums(task{bins: Bins}, 5), newCredits(5, 5, 1)
	o.choose(s.task, []int32{1}, []Relation{OtherLevel1, 0}, x.sums, 0, 4)
	o.walk(x.ranked([]int32{1}, &lists), x.belowRuns(0))
	o.weigh()
	s.add(&o, 0)
	c.give(&o, x)
	c.close(x)
	c.settle(l)
	addTo(s.influence, c.influence, 1)
	addTo(s.tieInfluence, c.tieInfluence, 1)
	r := s.result()
	if r.Macro != .75 || r.HalfMacro != 3.5/4 || r.BinPairs != 1 || r.Pairs != 4 {
		t.Errorf("macro %g, ties half %g, %d bin pairs, %d pairs", r.Macro, r.HalfMacro, r.BinPairs, r.Pairs)
	}
	for at, want := range []standing{{.5, .25, .5, .25}, {1, 0, 0, .25}} {
		if o.stands[at] != want {
			t.Errorf("nearer candidate %d has %v, want %v", at, o.stands[at], want)
		}
	}
	if o.restAtStart != 1 {
		t.Errorf("who is of bin 4 and below all stands right to %g, want 1", o.restAtStart)
	}
	for item, want := range []float64{0, .125, -.125, -.125, .125} {
		if r.Influence[item] != want {
			t.Errorf("influence of item %d is %g, want %g", item, r.Influence[item], want)
		}
	}
	// Of what ties add, x and z have ¼ where ⅛ is expected, y and u nothing.
	for item, want := range []float64{0, -.0625, .0625, .0625, -.0625} {
		if got := r.HalfInfluence[item] - r.Influence[item]; item > 0 && got != want {
			t.Errorf("ties' influence of item %d is %g, want %g", item, got, want)
		}
	}
	if bin0, bin4 := r.Influence[2]+r.Influence[4], r.Influence[1]+r.Influence[3]; bin0 != 0 || bin4 != 0 {
		t.Errorf("credits of the bins add up to %g and %g", bin0, bin4)
	}
}

// The other examples of the package's comments, in their figures.
func TestExamplesOfComments(t *testing.T) {
	keys := []uint64{rankKey(.8, 2, 0), rankKey(.3, 1, 0), rankKey(.1, 1, 0), rankKey(.3, 1, 0)}
	keys = sortKeys([][]uint64{keys})
	cosine, affinity := []float64{1, 2.5, 2.5, 4}, []float64{2, 2, 2, 4}
	var cc, yy, cy float64
	for k := range cosine {
		c, y := cosine[k]-2.5, affinity[k]-2.5
		cc, yy, cy = cc+c*c, yy+y*y, cy+c*y
	}
	if got, want := spearman(keys)[All], cy/math.Sqrt(cc*yy); math.Abs(got-want) > 1e-15 {
		t.Errorf("rank correlation %g, by the ranks of the comment %g", got, want)
	}
	var s Sided
	for i, score := range []float64{.1, .4, .4, .7} {
		s.Add(score, i%2 == 1, 0, int32(i))
	}
	if got := s.AUC(0, 0).Value; got != .875 {
		t.Errorf("AUC %g, the comment says .875", got)
	}
	a, b := [3]int32{1, 2, -1}, [3]int32{1, 3, -1}
	for kind, want := range map[AffinityKind][2]int{Columns: {2, 3}, Prefix: {1, 3}, PrefixPresent: {1, 2}} {
		if unlike, same := equalLevels(&a, &b, kind), equalLevels(&a, &a, kind); unlike != want[0] || same != want[1] {
			t.Errorf("kind %d: %d and %d equal levels, the comment says %v", kind, unlike, same, want)
		}
	}
}
