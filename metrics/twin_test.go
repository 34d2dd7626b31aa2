package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"hives/data"
)

// world is a small random data set: several rows a text, several texts a group, two theories, three
// corpora, and vectors on a coarse grid so that cosines tie.
func world(seed uint64, n int) (*Vectors, *data.Labels) {
	r := rand.New(rand.NewPCG(seed, 0))
	l := &data.Labels{}
	rows := make([][]float32, n)
	for i := range n {
		text := int32(i / 2)
		theory := r.Int32N(2)
		a := r.Int32N(2)
		levels := [3]int32{theory*2 + a, theory*4 + a*2 + r.Int32N(2), data.Missing}
		if r.IntN(3) > 0 {
			levels[2] = levels[1]*2 + r.Int32N(2)
		}
		l.Theory, l.Levels = append(l.Theory, theory), append(l.Levels, levels)
		l.Direction = append(l.Direction, r.Int32N(3)-1)
		l.Judged = append(l.Judged, r.IntN(4) > 0)
		l.Text, l.Group, l.Corpus = append(l.Text, text), append(l.Group, text/3), append(l.Corpus, text%3)
		if i%2 == 1 {
			rows[i] = rows[i-1]
			continue
		}
		x := make([]float64, 4)
		var squares float64
		for k := range x {
			x[k] = float64(r.IntN(3) - 1)
			if k == 0 {
				x[k] = 1 + float64(levels[0])
			}
			squares += x[k] * x[k]
		}
		rows[i] = make([]float32, len(x))
		for k := range x {
			rows[i][k] = float32(x[k] / math.Sqrt(squares))
		}
	}
	v, err := NewVectors(rows)
	if err != nil {
		panic(err)
	}
	return v, l
}

// naiveCosine sums in the order written, unlike the package's kernel.
func naiveCosine(v *Vectors, i, j int) float64 {
	var s float64
	for k := range v.d {
		s += v.x[i*v.d+k] * v.x[j*v.d+k]
	}
	return s
}

// naiveBin is the definition of the bins, from the labels.
func naiveBin(l *data.Labels, a, x int) int {
	p, q := l.Levels[a], l.Levels[x]
	if p[0] != q[0] {
		return 4
	}
	if p[1] != q[1] {
		return 3
	}
	if p[2] != q[2] {
		return 2
	}
	if l.Direction[a] != l.Direction[x] {
		return 1
	}
	return 0
}

func naiveInScope(l *data.Labels, s Scope, a, x int) bool {
	if a == x || l.Text[a] == l.Text[x] {
		return false
	}
	return s == All || (s == WithinTheory && l.Theory[a] == l.Theory[x]) ||
		(s == WithinCorpus && l.Corpus[a] == l.Corpus[x])
}

// naiveRanking compares every two candidates with each other; weights are those of the groups.
func naiveRanking(n, bins int, cosine func(a, x int) float64, bin func(a, x int) int, weight func(i int) float64,
	tie float64) float64 {
	var total, anchors float64
	for a := range n {
		var score, pairs float64
		for p := range bins {
			for q := p + 1; q < bins; q++ {
				var right, all float64
				for x := range n {
					for y := range n {
						if bin(a, x) != p || bin(a, y) != q {
							continue
						}
						w := weight(x) * weight(y)
						all += w
						switch cx, cy := cosine(a, x), cosine(a, y); {
						case cx > cy:
							right += w
						case cx == cy:
							right += w * tie
						}
					}
				}
				if all > 0 {
					score += right / all
					pairs++
				}
			}
		}
		if pairs > 0 {
			total += weight(a) * score / pairs
			anchors += weight(a)
		}
	}
	return total / anchors
}

func one(int) float64 { return 1 }

func TestRankingEqualsTheNestedLoops(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		v, l := world(seed, 72)
		m := mustMeasure(t, v, NewRowPairs(l), Options{})
		for s := All; s < Scopes; s++ {
			t.Run(fmt.Sprintf("seed %d %s", seed, ScopeNames[s]), func(t *testing.T) {
				scoped := func(a, x int) int {
					if !naiveInScope(l, s, a, x) {
						return -1
					}
					return naiveBin(l, a, x)
				}
				judged := func(a, x int) int {
					if b := scoped(a, x); l.Judged[a] && l.Judged[x] {
						return b
					}
					return -1
				}
				wrong := naiveRanking(v.n, Bins, v.Cosine, scoped, one, 0)
				half := naiveRanking(v.n, Bins, v.Cosine, scoped, one, .5)
				direction := naiveRanking(v.n, 2, v.Cosine, judged, one, 0)
				same(t, "ties wrong", m.Ranking[s].Macro, &wrong, exact)
				same(t, "ties half", m.Ranking[s].HalfMacro, &half, exact)
				same(t, "direction", m.Direction[s].Macro, &direction, exact)
				if half == wrong {
					t.Error("the data has no ties, so the variants were not told apart")
				}
			})
		}
	}
}

func TestOwnTextIsACandidateOnlyWhenAsked(t *testing.T) {
	v, l := world(3, 40)
	without := mustMeasure(t, v, NewRowPairs(l), Options{Neighbours: 40})
	with := mustMeasure(t, v, NewRowPairs(l, WithOwnText()), Options{Neighbours: 40})
	if got := len(without.Neighbours[All][0]); got != 38 {
		t.Errorf("%d neighbours without the own text, want 38", got)
	}
	if got := len(with.Neighbours[All][0]); got != 39 {
		t.Errorf("%d neighbours with the own text, want 39", got)
	}
	if with.Correlation[All].Pairs != 40*39/2 || without.Correlation[All].Pairs != 40*39/2-20 {
		t.Errorf("pairs: %d with, %d without the own text", with.Correlation[All].Pairs, without.Correlation[All].Pairs)
	}
}

// naiveCorrelation is Pearson's r over weighted pairs, two passes.
func naiveCorrelation(n int, in func(i, j int) bool, c, y func(i, j int) float64, weight func(i int) float64) float64 {
	each := func(use func(w, c, y float64)) {
		for i := range n {
			for j := i + 1; j < n; j++ {
				if in(i, j) {
					use(weight(i)*weight(j), c(i, j), y(i, j))
				}
			}
		}
	}
	var sum, mc, my, cc, yy, cy float64
	each(func(w, c, y float64) { sum += w; mc += w * c; my += w * y })
	mc, my = mc/sum, my/sum
	each(func(w, c, y float64) {
		cc += w * (c - mc) * (c - mc)
		yy += w * (y - my) * (y - my)
		cy += w * (c - mc) * (y - my)
	})
	return cy / math.Sqrt(cc*yy)
}

func naiveAffinity(l *data.Labels, i, j int) float64 {
	var y float64
	for k := range 3 {
		if l.Levels[i][k] == l.Levels[j][k] {
			y++
		}
	}
	if l.Direction[i] == l.Direction[j] {
		y += .5
	}
	return y
}

func TestCorrelationEqualsTwoPasses(t *testing.T) {
	v, l := world(4, 80)
	m := mustMeasure(t, v, NewRowPairs(l), Options{})
	alone, err := Correlations(t.Context(), v, NewRowPairs(l))
	if err != nil {
		t.Fatal(err)
	}
	for s := All; s < Scopes; s++ {
		want := naiveCorrelation(v.n, func(i, j int) bool { return naiveInScope(l, s, i, j) },
			func(i, j int) float64 { return naiveCosine(v, i, j) }, func(i, j int) float64 {
				return naiveAffinity(l, i, j)
			}, one)
		same(t, ScopeNames[s], m.Correlation[s].Pearson, &want, 1e-11)
		same(t, ScopeNames[s]+" alone", alone[s].Pearson, &want, 1e-11)
	}
}

// A collapsed space has all cosines near one; the sums must keep their digits.
func TestCorrelationOfACollapsedSpace(t *testing.T) {
	v, l := world(5, 60)
	for i := range v.n {
		row := v.Row(i)
		for k := range row {
			row[k] *= 1e-4
		}
		row[0] += 1
		unit(row)
	}
	got := mustMeasure(t, v, NewRowPairs(l), Options{}).Correlation[All].Pearson
	want := naiveCorrelation(v.n, func(i, j int) bool { return naiveInScope(l, All, i, j) },
		v.Cosine, func(i, j int) float64 { return naiveAffinity(l, i, j) }, one)
	same(t, "pearson", got, &want, 1e-6)
}

func TestTextLevelTakesTheClosestLabels(t *testing.T) {
	v, l := world(6, 60)
	alternatives := make([][][3]int32, l.Len())
	for i, levels := range l.Levels {
		if levels[0] == 1 { // also a child of another parent
			alternatives[i] = [][3]int32{{0, levels[1], levels[2]}}
		}
	}
	pairs := NewTextPairs(l, alternatives)
	closest := func(s Scope) func(a, x int) int {
		return func(a, x int) int {
			best, in := 5, a != x && s == All
			for i := range l.Len() {
				for j := range l.Len() {
					if int(l.Text[i]) != a || int(l.Text[j]) != x || a == x {
						continue
					}
					in = in || (s == WithinTheory && l.Theory[i] == l.Theory[j]) || (s == WithinCorpus && l.Corpus[i] == l.Corpus[j])
					for _, p := range append([][3]int32{l.Levels[i]}, alternatives[i]...) {
						for _, q := range append([][3]int32{l.Levels[j]}, alternatives[j]...) {
							two := &data.Labels{Levels: [][3]int32{p, q}, Direction: []int32{l.Direction[i], l.Direction[j]}}
							best = min(best, naiveBin(two, 0, 1))
						}
					}
				}
			}
			if !in {
				return -1
			}
			return best
		}
	}
	texts := v.Select(pairs.First())
	m := mustMeasure(t, texts, pairs, Options{})
	for s := All; s < Scopes; s++ {
		table := memo(texts.n, closest(s))
		want := naiveRanking(texts.n, Bins, texts.Cosine, table, one, 0)
		same(t, ScopeNames[s], m.Ranking[s].Macro, &want, exact)
	}
	plain := mustMeasure(t, texts, NewTextPairs(l, nil), Options{})
	if plain.Ranking[All].Macro == m.Ranking[All].Macro {
		t.Error("the alternative paths changed nothing")
	}
}

func memo(n int, f func(a, x int) int) func(a, x int) int {
	table := make([]int, n*n)
	for a := range n {
		for x := range n {
			table[a*n+x] = f(a, x)
		}
	}
	return func(a, x int) int { return table[a*n+x] }
}

func TestJaccardCountsLabelSets(t *testing.T) {
	l := &data.Labels{
		Theory: []int32{0, 0, 0, 0, 0}, Direction: []int32{1, 1, 1, -1, 1}, Judged: make([]bool, 5),
		Levels: [][3]int32{{0, 0, -1}, {0, 1, -1}, {0, 1, -1}, {0, 1, -1}, {0, 1, -1}},
		Text:   []int32{0, 0, 1, 2, 1}, Group: []int32{0, 0, 1, 2, 1}, Corpus: make([]int32, 5),
	}
	got := make([]float64, 3)
	NewTextPairs(l, nil).Affinity(0, got)
	// Text 0 has two labels, text 1 one of them (stated twice), text 2 the same path in the other direction.
	if want := []float64{1, .5, 0}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("overlap %v, want %v", got, want)
	}
}

func TestResultDoesNotDependOnProcessors(t *testing.T) {
	v, l := world(7, 50)
	before := runtime.GOMAXPROCS(1)
	first := mustMeasure(t, v, NewRowPairs(l), Options{Neighbours: 3, Spearman: true})
	runtime.GOMAXPROCS(max(before, 4))
	defer runtime.GOMAXPROCS(before)
	second := mustMeasure(t, v, NewRowPairs(l), Options{Neighbours: 3, Spearman: true})
	if fmt.Sprint(*first) != fmt.Sprint(*second) {
		t.Error("two runs differ")
	}
}

func TestMeanCosineMapLeavesOutOwnText(t *testing.T) {
	v, l := world(8, 60)
	paths, rows := RowsByValue(l, 0, 2)
	got := CosineMap(v, l, rows, rows)
	for a := range paths {
		for b := range paths {
			var sum, n float64
			for _, i := range rows[a] {
				for _, j := range rows[b] {
					if l.Text[i] != l.Text[j] {
						sum += naiveCosine(v, i, j)
						n++
					}
				}
			}
			want := sum / n
			same(t, fmt.Sprint(a, b), got[a][b], &want, 1e-10)
		}
	}
	if len(paths) < 2 {
		t.Fatal("too few values for the test to mean anything")
	}
}
