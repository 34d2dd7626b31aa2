package kmeans

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// blobs draws n unit rows around k directions; spread 0 puts them on the directions. It returns whose each is.
func blobs(n, d, k int, spread float64, seed uint64) (Points, []int) {
	rng := rand.New(rand.NewPCG(seed, 99))
	middle := make([][]float64, k)
	for c := range middle {
		middle[c] = make([]float64, d)
		for j := range middle[c] {
			middle[c][j] = rng.NormFloat64()
		}
	}
	p, truth := NewPoints(n, d), make([]int, n)
	for i := range n {
		truth[i] = i % k
		v := make([]float64, d)
		for j := range v {
			v[j] = middle[truth[i]][j] + spread*rng.NormFloat64()
		}
		size := length(v)
		for j := range v {
			p.Row(i)[j] = float32(v[j] / size)
		}
	}
	return p, truth
}

// startRows puts the centres on the given rows.
func startRows(p Points, rows []int) []float64 {
	var centres []float64
	for _, i := range rows {
		for _, x := range p.Row(i) {
			centres = append(centres, float64(x))
		}
	}
	return centres
}

// plainLloyd is the algorithm as a textbook writes it: nested loops in float64, until nothing changes.
func plainLloyd(p Points, start []float64, k int, spherical bool) (label []int32, cost float64) {
	centres := slices.Clone(start)
	label = make([]int32, p.N)
	for {
		changed := false
		cost = 0
		for i := range p.N {
			best, lowest := 0, math.Inf(1)
			for c := range k {
				square := 0.0
				for j := range p.D {
					gap := float64(p.Row(i)[j]) - centres[c*p.D+j]
					square += gap * gap
				}
				if square < lowest-1e-14 {
					best, lowest = c, square
				}
			}
			if label[i] != int32(best) {
				label[i], changed = int32(best), true
			}
			cost += lowest
		}
		if !changed {
			return label, cost
		}
		for c := range k {
			sum, members := make([]float64, p.D), 0.0
			for i := range p.N {
				if label[i] == int32(c) {
					members++
					for j := range sum {
						sum[j] += float64(p.Row(i)[j])
					}
				}
			}
			if members == 0 {
				panic("the case leaves a centre empty")
			}
			if spherical {
				members = length(sum)
			}
			for j := range sum {
				centres[c*p.D+j] = sum[j] / members
			}
		}
	}
}

func TestLloydEqualsThePlainOneFromTheSameStart(t *testing.T) {
	for _, spherical := range []bool{true, false} {
		for seed := range uint64(4) {
			p, _ := blobs(700, 24, 9, 1.5, seed)
			rng := rand.New(rand.NewPCG(seed, 1))
			start := startRows(p, rng.Perm(p.N)[:12])
			want, cost := plainLloyd(p, start, 12, spherical)
			o := Defaults(12)
			o.Spherical, o.Tolerance = spherical, 0
			got, err := lloyd(context.Background(), p, slices.Clone(start), o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Label); diff != "" {
				t.Errorf("spherical %v, seed %d (-plain +fast):\n%s", spherical, seed, diff)
			}
			if math.Abs(got.Cost-cost) > 1e-4*cost { // the rows are float32: their length is 1 to 1e-7
				t.Errorf("spherical %v, seed %d: cost %v, plain %v", spherical, seed, got.Cost, cost)
			}
			if got.Passes < 4 {
				t.Errorf("seed %d settled in %d passes: too easy to try the bounds", seed, got.Passes)
			}
			// The comparison must be able to fail: another start, another grouping.
			other, _ := plainLloyd(p, startRows(p, rng.Perm(p.N)[:12]), 12, spherical)
			if slices.Equal(other, got.Label) {
				t.Errorf("seed %d: another start gives the same labels", seed)
			}
		}
	}
}

// A bound that is too high must show: else the passes above have skipped nothing.
func TestBoundsSkipRowsAndMustHold(t *testing.T) {
	p, _ := blobs(700, 24, 9, .5, 1)
	centres := startRows(p, rand.New(rand.NewPCG(1, 1)).Perm(p.N)[:12])
	s := newScorer(p, p.squares(), centres)
	label, score, other := make([]int32, p.N), make([]float64, p.N), make([]float64, p.N)
	s.all(label, score, other)
	for i := range p.N {
		for c := range 12 {
			if away := s.distance(i, s.exact(i, c)); int32(c) != label[i] && away < other[i] {
				t.Fatalf("row %d is %v from centre %d, the bound says at least %v", i, away, c, other[i])
			}
		}
	}
	moved := update(p, label, centres, true)
	far := drifts(centres, moved, p.D)
	next := newScorer(p, s.square, moved)
	skipped := 0
	next.pass(label, score, other, func(i int) bool {
		stays := next.stays(i, label, score, other, drift{far.next / 50, far.next / 50, -1})
		if stays {
			skipped++
		}
		return stays
	})
	want, wrong := make([]int32, p.N), 0
	next.all(want, score, other)
	for i := range want {
		if want[i] != label[i] {
			wrong++
		}
	}
	if skipped == 0 || wrong == 0 {
		t.Errorf("with drifts made fifty times too small %d rows were skipped, %d of them wrongly", skipped, wrong)
	}
}

func TestFitDoesNotDependOnTheNumberOfCores(t *testing.T) {
	p, _ := blobs(1500, 16, 20, 1, 3)
	for _, batch := range []int{0, 128} {
		o := Defaults(25)
		o.Restarts, o.BatchSize, o.Seed = 3, batch, 7
		var first *Result
		for _, cores := range []int{1, 2, 5} {
			before := runtime.GOMAXPROCS(cores)
			got, err := Fit(context.Background(), p, o)
			runtime.GOMAXPROCS(before)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Errorf("batch %d, %d cores: %s", batch, cores, diff)
			}
		}
		o.Seed++
		if other, err := Fit(context.Background(), p, o); err != nil || slices.Equal(other.Centres, first.Centres) {
			t.Errorf("batch %d: another seed gives the same centres (%v)", batch, err)
		}
	}
}

// sameGroups says whether two labellings divide the rows alike.
func sameGroups(a []int, b []int32) bool {
	to, back := map[int]int32{}, map[int32]int{}
	for i := range a {
		if c, ok := to[a[i]]; ok && c != b[i] {
			return false
		}
		if c, ok := back[b[i]]; ok && c != a[i] {
			return false
		}
		to[a[i]], back[b[i]] = b[i], a[i]
	}
	return true
}

func TestFitFindsGroupsThatStandApart(t *testing.T) {
	p, truth := blobs(1200, 32, 15, .2, 5)
	for _, batch := range []int{0, 200} {
		o := Defaults(15)
		o.BatchSize = batch
		got, err := Fit(context.Background(), p, o)
		if err != nil {
			t.Fatal(err)
		}
		if !sameGroups(truth, got.Label) {
			t.Errorf("batch %d: the groups were not found; cost %v", batch, got.Cost)
		}
		if len(got.Costs) != o.Restarts || got.Cost != slices.Min(got.Costs) || got.Cost != got.Costs[got.Restart] {
			t.Errorf("batch %d: cost %v of restart %d is not the least of %v", batch, got.Cost, got.Restart, got.Costs)
		}
		// After its last pass the cost is taken at centres one update older than the labels.
		if c := Cost(p, got.Label, 15, true); c > got.Cost+1e-9 || math.Abs(c-got.Cost) > 1e-2*c {
			t.Errorf("batch %d: cost %v, from its labels %v", batch, got.Cost, c)
		}
		unfitted := slices.Clone(got.Label)
		unfitted[0], unfitted[1] = unfitted[1], unfitted[0]
		if Cost(p, unfitted, 15, true) <= got.Cost {
			t.Errorf("batch %d: two rows in the wrong groups cost nothing", batch)
		}
	}
}

// The mean is the centre of least Euclidean cost for given labels, so the spherical fit can cost no less there.
func TestCostOfMeansIsNeverAboveThatOfUnitCentres(t *testing.T) {
	p, _ := blobs(400, 8, 6, 2, 1)
	got, err := Fit(context.Background(), p, Defaults(6))
	if err != nil {
		t.Fatal(err)
	}
	if means, units := Cost(p, got.Label, 6, false), Cost(p, got.Label, 6, true); means >= units {
		t.Errorf("means cost %v, unit centres %v", means, units)
	}
}

func TestSeedDrawsFarRowsMoreOften(t *testing.T) {
	p, truth := blobs(600, 16, 12, .05, 8)
	hit := func(draw func(*rand.Rand) []int) (mean float64) {
		for s := range uint64(20) {
			seen := map[int]bool{}
			for _, i := range draw(rand.New(rand.NewPCG(s, 0))) {
				seen[truth[i]] = true
			}
			mean += float64(len(seen)) / 20
		}
		return mean
	}
	plus := hit(func(rng *rand.Rand) (rows []int) {
		centres, err := seed(context.Background(), p, 12, rng)
		if err != nil {
			t.Fatal(err)
		}
		s := newScorer(p, p.squares(), centres)
		for c := range 12 { // the row that a centre stands on
			for i := range p.N {
				if s.exact(i, c) > .5-1e-6 {
					rows = append(rows, i)
					break
				}
			}
		}
		return rows
	})
	even := hit(func(rng *rand.Rand) []int { return rng.Perm(p.N)[:12] })
	if plus < 11.9 || even > 9.5 {
		t.Errorf("of 12 groups k-means++ starts in %.2f, an even draw in %.2f", plus, even)
	}
}

// take must choose the candidate that a plain count of costs chooses.
func TestTakeLowersTheCostMost(t *testing.T) {
	p, _ := blobs(300, 8, 5, 1, 2)
	d := &draw{p: p, cost: make([]float64, p.N), sums: make([]float64, p.N)}
	for i := range d.cost {
		d.cost[i] = math.Inf(1)
	}
	chosen := []int{d.take([]int{0})}
	rng := rand.New(rand.NewPCG(4, 4))
	for range 6 {
		rows, ok := d.candidates(5, rng)
		if !ok {
			t.Fatal("nothing left to draw")
		}
		best, lowest := -1, math.Inf(1)
		for _, row := range rows {
			sum := 0.0
			for i := range p.N {
				near := math.Inf(1)
				for _, c := range append(slices.Clone(chosen), row) {
					square := 0.0
					for j := range p.D {
						gap := float64(p.Row(i)[j]) - float64(p.Row(c)[j])
						square += gap * gap
					}
					near = min(near, square)
				}
				sum += near
			}
			if sum < lowest {
				best, lowest = row, sum
			}
		}
		if got := d.take(rows); got != best {
			t.Errorf("took row %d, row %d costs least", got, best)
		}
		chosen = append(chosen, best)
	}
}

func TestEmptyCentresTakeTheWorstRows(t *testing.T) {
	p, _ := blobs(60, 4, 3, .3, 6)
	far := []float64{0, 0, 0, 0} // never nearest to a unit row when another centre stands on one
	start := append(startRows(p, []int{0, 1, 2}), far...)
	start[12] = -p64(p, 0, 0) * 3 // and its half square is large
	for j := 1; j < 4; j++ {
		start[12+j] = -p64(p, 0, j) * 3
	}
	got, err := lloyd(context.Background(), p, start, Defaults(4))
	if err != nil {
		t.Fatal(err)
	}
	count := make([]int, 4)
	for _, c := range got.Label {
		count[c]++
	}
	if slices.Min(count) == 0 {
		t.Errorf("rows a centre: %v", count)
	}
}

func p64(p Points, i, j int) float64 { return float64(p.Row(i)[j]) }

func BenchmarkPass(b *testing.B) {
	p, _ := blobs(8192, 128, 100, 1, 1)
	centres := startRows(p, rand.New(rand.NewPCG(1, 1)).Perm(p.N)[:500])
	label, score, other := make([]int32, p.N), make([]float64, p.N), make([]float64, p.N)
	for b.Loop() {
		newScorer(p, p.squares(), centres).all(label, score, other)
	}
	b.ReportMetric(2*float64(p.N*p.D*500)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
