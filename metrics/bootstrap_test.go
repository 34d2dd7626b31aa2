package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hives/data"
)

// slope is the central difference of f by the weight of one group.
func slope(f func(weights []float64) float64, groups, g int) float64 {
	const step = 1e-4
	at := func(w float64) float64 {
		weights := make([]float64, groups)
		for k := range weights {
			weights[k] = 1
		}
		weights[g] = w
		return f(weights)
	}
	return (at(1+step) - at(1-step)) / (2 * step)
}

// weightedRanking is the ranking with every row weighted by its group, by nested loops.
func weightedRanking(v *Vectors, l *data.Labels, tie float64) func(weights []float64) float64 {
	bin := memo(v.n, func(a, x int) int {
		if !naiveInScope(l, All, a, x) {
			return -1
		}
		return naiveBin(l, a, x)
	})
	return func(weights []float64) float64 {
		return naiveRanking(v.n, Bins, v.Cosine, bin, func(i int) float64 { return weights[l.Group[i]] }, tie)
	}
}

func weightedCorrelation(v *Vectors, l *data.Labels) func(weights []float64) float64 {
	return func(weights []float64) float64 {
		return naiveCorrelation(v.n, func(i, j int) bool { return naiveInScope(l, All, i, j) }, v.Cosine,
			func(i, j int) float64 { return naiveAffinity(l, i, j) }, func(i int) float64 { return weights[l.Group[i]] })
	}
}

// The influences are derivatives, so finite differences of the weighted definitions must give them.
func TestInfluencesAreDerivatives(t *testing.T) {
	v, l := world(11, 36)
	m := mustMeasure(t, v, NewRowPairs(l), Options{})
	groups := NewRowPairs(l).Groups()
	figures := []struct {
		name      string
		influence []float64
		weighted  func([]float64) float64
	}{
		{"ranking", m.Ranking[All].Influence, weightedRanking(v, l, 0)},
		{"ranking, ties half", m.Ranking[All].HalfInfluence, weightedRanking(v, l, .5)},
		{"correlation", m.Correlation[All].Influence, weightedCorrelation(v, l)},
	}
	for _, f := range figures {
		t.Run(f.name, func(t *testing.T) {
			for g := range groups {
				want := slope(f.weighted, groups, g)
				same(t, fmt.Sprint("group ", g), f.influence[g], &want, 1e-6)
			}
			if wrong := slope(f.weighted, groups, 0); math.Abs(f.influence[0]*1.01-wrong) < 1e-6 {
				t.Error("an influence one per cent too large would have passed")
			}
		})
	}
}

// First order in the weights must come close to recomputing everything under the same draws.
func TestIntervalIsCloseToTheFullBootstrap(t *testing.T) {
	v, l := world(12, 96)
	p := NewRowPairs(l)
	r := NewResamples(p.Groups(), 150, 5)
	m := mustMeasure(t, v, p, Options{})
	full := weightedCorrelation(v, l)
	var draws []float64
	for _, w := range r.weights {
		draws = append(draws, full(w))
	}
	want := percentiles(draws)
	got := r.Interval(m.Correlation[All].Pearson, m.Correlation[All].Influence)
	ratio := (got.High - got.Low) / (want.High - want.Low)
	t.Logf("%d groups: first order %.4v, full %.4v, ratio of widths %.3f", p.Groups(), got, want, ratio)
	if ratio < .7 || ratio > 1.3 {
		t.Errorf("width is %.2f of the full bootstrap's", ratio)
	}
}

func TestIntervalOfAMeanIsTheBootstrapOfTheMean(t *testing.T) {
	const groups = 200
	random := rand.New(rand.NewPCG(1, 1))
	x := make([]float64, groups)
	var mean float64
	for g := range x {
		x[g] = random.NormFloat64()
		mean += x[g] / groups
	}
	influence := make([]float64, groups)
	for g := range x {
		influence[g] = (x[g] - mean) / groups
	}
	r := NewResamples(groups, 2000, 9)
	got := r.Interval(mean, influence)
	// Theory: ±1.96/√G; with 2,000 draws the ends move by a few per cent.
	if half := (got.High - got.Low) / 2; math.Abs(half-1.96/math.Sqrt(groups)) > .02 {
		t.Errorf("half width %.4f, want about %.4f", half, 1.96/math.Sqrt(groups))
	}
	if again := NewResamples(groups, 2000, 9).Interval(mean, influence); again != got {
		t.Error("the same seed gives another interval")
	}
	if other := NewResamples(groups, 2000, 10).Interval(mean, influence); other == got {
		t.Error("another seed gives the same interval")
	}
	if d := r.Difference(mean, mean, influence, influence); d != (Interval{0, 0}) {
		t.Errorf("a system differs from itself by %v", d)
	}
}

func TestNoIntervalWithoutGroupsOrFigure(t *testing.T) {
	few := NewResamples(minGroups-1, 10, 1)
	if few.Interval(.5, make([]float64, minGroups-1)).Known() {
		t.Error("an interval of four groups")
	}
	if NewResamples(9, 10, 1).Interval(math.NaN(), make([]float64, 9)).Known() {
		t.Error("an interval of an undefined figure")
	}
}

func TestOrthogonalityIntervalHoldsTheFigure(t *testing.T) {
	v, l := world(13, 200)
	values := ValueVectors(v, l, 1, 5)
	per, _ := OrthogonalityOf(values)
	p := NewRowPairs(l)
	got, _ := NewResamples(p.Groups(), 200, 3).Orthogonality(v, l, 1, 5, 0)
	if point := per[0].Mean; !got.Known() || got.High <= got.Low || point < got.Low-.2 || point > got.High+.2 {
		t.Errorf("interval %v of %v", got, point)
	}
	if none, _ := NewResamples(p.Groups(), 20, 3).Orthogonality(v, l, 1, 1000, 0); none.Known() {
		t.Errorf("interval %v without a single value", none)
	}
}

func TestValueVectorsSkipOneSidedValues(t *testing.T) {
	v, l := world(14, 40)
	for i := range l.Direction {
		l.Direction[i] = data.Supports
	}
	for _, value := range ValueVectors(v, l, 1, 1) {
		if value.Vector != nil || value.Skipped == "" {
			t.Errorf("value %v: vector %v, reason %q", value.Path, value.Vector, value.Skipped)
		}
	}
	if _, pooled := OrthogonalityOf(ValueVectors(v, l, 1, 1)); !math.IsNaN(pooled.Mean) {
		t.Errorf("orthogonality %v of nothing", pooled.Mean)
	}
}

func TestVectorsRefuse(t *testing.T) {
	nan := float32(math.NaN())
	cases := []struct {
		name string
		rows [][]float32
		want string
	}{
		{"nothing", nil, "no vectors"},
		{"ragged", [][]float32{{1, 0}, {1}}, "row 1 has 1 numbers"},
		{"not a number", [][]float32{{1, 0}, {0, nan}}, "row 1 is not finite at 1"},
		{"not of length one", [][]float32{{1, 0}, {1, 1}}, "row 1 has length 1.414"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewVectors(c.rows)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := NewVectors([][]float32{{0, 0}, {1, 0}}); err != nil {
		t.Errorf("a row of zeros has no opinion, but: %v", err)
	}
	v, l := world(15, 10)
	if _, err := Measure(t.Context(), v.Select([]int{0, 1}), NewRowPairs(l), Options{}); err == nil {
		t.Error("two vectors for ten rows were measured")
	}
}
