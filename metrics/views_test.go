package metrics

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/data"
)

// shuffled deals the world's vectors out anew, so that rows of one text differ and many texts share a vector and a
// class.
func shuffled(seed uint64, n int) (*Vectors, *data.Labels) {
	v, l := world(seed, n)
	r := rand.New(rand.NewPCG(seed, 1))
	index := make([]int, n)
	for i := range index {
		index[i] = r.IntN(max(2, n/4))
		if r.IntN(2) == 0 { // an earlier row's labels, so that cells have several items
			k := r.IntN(i + 1)
			l.Theory[i], l.Levels[i], l.Direction[i] = l.Theory[k], l.Levels[k], l.Direction[k]
			l.Judged[i], l.Corpus[i] = l.Judged[k], l.Corpus[k]
			index[i] = index[k]
		}
	}
	return v.Select(index), l
}

// Cells, and items that are left out of them, change nothing: the figures are those of the nested loops over items.
func TestCellsEqualTheNestedLoops(t *testing.T) {
	v, l := shuffled(21, 48)
	p := NewRowPairs(l)
	m := mustMeasure(t, v, p, Options{Neighbours: 6})
	for s := All; s < Scopes; s++ {
		in := func(i, j int) bool { return naiveInScope(l, s, i, j) }
		bin := func(a, x int) int {
			if !in(a, x) {
				return -1
			}
			return naiveBin(l, a, x)
		}
		wrong, half := naiveRanking(v.n, Bins, v.Cosine, bin, one, 0), naiveRanking(v.n, Bins, v.Cosine, bin, one, .5)
		pearson := naiveCorrelation(v.n, in, v.Cosine, func(i, j int) float64 { return naiveAffinity(l, i, j) }, one)
		same(t, ScopeNames[s]+" ranking", m.Ranking[s].Macro, &wrong, exact)
		same(t, ScopeNames[s]+" ranking, ties half", m.Ranking[s].HalfMacro, &half, exact)
		same(t, ScopeNames[s]+" correlation", m.Correlation[s].Pearson, &pearson, 1e-11)
		for a := range v.n {
			if want := naiveNearest(v, a, in, 6); !slices.Equal(m.Neighbours[s][a], want) {
				t.Errorf("%s: neighbours of %d are %v, want %v", ScopeNames[s], a, m.Neighbours[s][a], want)
			}
		}
	}
	for g := range p.Groups() {
		ranking, half := slope(weightedRanking(v, l, 0), p.Groups(), g), slope(weightedRanking(v, l, .5), p.Groups(), g)
		correlation := slope(weightedCorrelation(v, l), p.Groups(), g)
		same(t, fmt.Sprint("influence on ranking, group ", g), m.Ranking[All].Influence[g], &ranking, 1e-6)
		same(t, fmt.Sprint("on ranking with ties, group ", g), m.Ranking[All].HalfInfluence[g], &half, 1e-6)
		same(t, fmt.Sprint("on correlation, group ", g), m.Correlation[All].Influence[g], &correlation, 1e-6)
	}
	needsSparing(t, v, p)
}

// needsSparing asserts that the data has what the test is about: cells of several items, of which an anchor leaves out
// some and keeps others.
func needsSparing(t *testing.T, v *Vectors, p Pairs) {
	l := newLayout(v, View{Pairs: p}, v.distinct())
	for i, cell := range l.cellOf {
		own := l.own[p.Own(i)]
		if slices.ContainsFunc(own, func(x int32) bool { return l.cellOf[x] == cell }) && len(l.items[cell]) > len(own) {
			return
		}
	}
	t.Error("no cell keeps items beside those that an anchor leaves out")
}

// naiveNearest sorts all items of the scope by cosine, of equal ones the lower first.
func naiveNearest(v *Vectors, a int, in func(i, j int) bool, k int) []int32 {
	var items []int32
	for x := range v.n {
		if in(a, x) {
			items = append(items, int32(x))
		}
	}
	slices.SortStableFunc(items, func(x, y int32) int { return cmp.Compare(v.Cosine(a, int(y)), v.Cosine(a, int(x))) })
	return items[:min(k, len(items))]
}

// A view of some rows among others is those rows measured alone.
func TestViewsAreMeasuredAsIfAlone(t *testing.T) {
	v, l := world(22, 60)
	l.CorpusNames = []string{"a", "b", "c"}
	texts := NewTextPairs(l, nil)
	corpora := Corpora(l)
	views := []View{
		{Pairs: NewRowPairs(l), Options: Options{Neighbours: 2, Spearman: true}},
		{Pairs: texts, Rows: texts.First()},
	}
	for i := range corpora {
		views = append(views, corpora[i].View())
	}
	together, err := MeasureViews(t.Context(), v, views)
	if err != nil {
		t.Fatal(err)
	}
	for at, view := range views {
		rows := view.Rows
		if rows == nil {
			rows = make([]int, v.n)
			for i := range rows {
				rows[i] = i
			}
		}
		alone := mustMeasure(t, v.Select(rows), view.Pairs, view.Options)
		if got, want := fmt.Sprint(together[at].Neighbours), fmt.Sprint(alone.Neighbours); got != want {
			t.Errorf("view %d: neighbours differ", at)
		}
		for s := All; s < Scopes; s++ {
			same(t, "ranking", together[at].Ranking[s].Macro, orNil(alone.Ranking[s].Macro), exact)
			same(t, "correlation", together[at].Correlation[s].Pearson, orNil(alone.Correlation[s].Pearson), exact)
			same(t, "rank correlation", together[at].Correlation[s].Spearman, orNil(alone.Correlation[s].Spearman), exact)
		}
	}
	if _, err := MeasureViews(t.Context(), v, []View{{Pairs: texts, Rows: []int{1}}}); err == nil {
		t.Error("a view of one row for many items was measured")
	}
}

func orNil(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

func TestOrderEqualsSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 1))
	draws := map[string]func() float64{
		"spread":         r.Float64,
		"a narrow heap":  func() float64 { return 1 - 1e-12*r.Float64() },
		"far from all":   func() float64 { return math.Pow(r.Float64(), 40) },
		"with ties":      func() float64 { return float64(r.IntN(5)) / 4 },
		"all equal":      func() float64 { return .25 },
		"hardly unequal": func() float64 { return 5e-324 * float64(r.IntN(3)) },
	}
	for name, draw := range draws {
		for _, n := range []int{1, 2, 17, 1000} {
			cosines := make([]float64, n)
			for i := range cosines {
				cosines[i] = draw()
			}
			want := make([]placed, n)
			for i, c := range cosines {
				want[i] = placed{c, int32(i), 0}
			}
			slices.SortStableFunc(want, func(a, b placed) int { return cmp.Compare(a.cosine, b.cosine) })
			runs, run := map[float64]int32{}, make([]int32, n)
			for i, p := range want {
				if _, known := runs[p.cosine]; !known {
					runs[p.cosine] = int32(len(runs))
				}
				want[i].run = runs[p.cosine]
				run[p.vector] = runs[p.cosine]
			}
			var s order
			if s.sort(cosines); !slices.Equal(s.sorted, want) || !slices.Equal(s.run, run) || s.runs != len(runs) {
				t.Errorf("%s, %d: got %v", name, n, s.sorted[:min(5, n)])
			}
		}
	}
}

func TestSortByRun(t *testing.T) {
	r := rand.New(rand.NewPCG(26, 1))
	for _, runs := range []int{1, 2, 3, 100, 5000, 1 << 23} {
		list := make([]candidate, 300)
		for i := range list {
			list[i] = candidate{run: r.Int32N(int32(runs)), cell: int32(i)}
		}
		want := slices.Clone(list)
		slices.SortStableFunc(want, func(a, b candidate) int { return cmp.Compare(a.run, b.run) })
		if got := sortByRun(list, make([]candidate, len(list)), runs); !slices.Equal(got, want) {
			t.Errorf("%d runs are out of order", runs)
		}
	}
}

func TestSortKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(24, 1))
	for _, n := range []int{0, 1, 3, 5000, 100_000} {
		for _, narrow := range []int{0, 20, 60, 64} { // bits that all keys have in common: of 64 all are equal
			lists, base := make([][]uint64, 3), r.Uint64()
			var want []uint64
			for range n {
				key := base + r.Uint64()>>narrow>>(r.IntN(8)*narrow/16)
				k := r.IntN(len(lists))
				lists[k], want = append(lists[k], key), append(want, key)
			}
			slices.Sort(want)
			if got := sortKeys(lists); !slices.Equal(got, want) {
				t.Errorf("%d keys that differ in %d bits are out of order", n, 64-narrow)
			}
		}
	}
}

// BenchmarkMeasure is 4,000 rows of 2,000 texts with vectors of 384 numbers, as a model gives them.
func BenchmarkMeasure(b *testing.B) {
	const n, d = 4000, 384
	r := rand.New(rand.NewPCG(25, 1))
	_, l := world(25, n)
	rows := make([][]float32, n)
	for i := range rows {
		if i%2 == 1 {
			rows[i] = rows[i-1]
			continue
		}
		x := make([]float64, d)
		for k := range x {
			x[k] = r.NormFloat64()
		}
		unit(x)
		rows[i] = make([]float32, d)
		for k := range x {
			rows[i][k] = float32(x[k])
		}
	}
	v, err := NewVectors(rows)
	if err != nil {
		b.Fatal(err)
	}
	p := NewRowPairs(l)
	for b.Loop() {
		if _, err := Measure(b.Context(), v, p, Options{Neighbours: 10, Spearman: true}); err != nil {
			b.Fatal(err)
		}
	}
}
