package values

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// unitRow draws a unit vector of d numbers near the query by `pull`: 0 is anywhere, 1 the query itself.
func unitRow(r *rand.Rand, query []float32, d int, pull float64) []float32 {
	x := make([]float64, d)
	var squares float64
	for k := range x {
		x[k] = (1 - pull) * r.NormFloat64()
		if query != nil {
			x[k] += pull * float64(query[k]) * math.Sqrt(float64(d))
		}
		squares += x[k] * x[k]
	}
	out := make([]float32, d)
	for k := range x {
		out[k] = float32(x[k] / math.Sqrt(squares))
	}
	return out
}

// pool is n unit vectors: some anywhere, some so near to the query and to each other that float32 cannot order them,
// some repeated.
func pool(r *rand.Rand, query []float32, n int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		switch i % 3 {
		case 0:
			out[i] = unitRow(r, query, len(query), r.Float64())
		case 1:
			out[i] = unitRow(r, query, len(query), 1-1e-4*r.Float64())
		default:
			out[i] = out[r.IntN(i)]
		}
	}
	return out
}

// all is the dumb twin: every cosine in float64, sorted, the lower place first among equals.
func all(vectors [][]float32, query []float32, o Search) []hit {
	out := make([]hit, len(vectors))
	for i, v := range vectors {
		out[i] = hit{i, dot(query, v)}
	}
	slices.SortFunc(out, func(a, b hit) int {
		if o.Opposing {
			return cmp.Or(cmp.Compare(a.cosine, b.cosine), cmp.Compare(a.at, b.at))
		}
		return cmp.Or(cmp.Compare(b.cosine, a.cosine), cmp.Compare(a.at, b.at))
	})
	return out[:min(o.TopK, len(out))]
}

func TestNearestEqualsTheSortOfAll(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 1))
	misled := 0
	for _, n := range []int{0, 1, 30, 2*least + 5} {
		for _, d := range []int{3, 64, 129} {
			query := unitRow(r, nil, d, 0)
			vectors := pool(r, query, n)
			vector := func(i int) []float32 { return vectors[i] }
			for _, o := range []Search{{}, {TopK: 1}, {TopK: 7}, {TopK: 7, Opposing: true}, {TopK: n / 2}, {TopK: n + 1}} {
				want, got := all(vectors, query, o), nearest(n, query, vector, o)
				if !slices.Equal(got, want) {
					t.Errorf("%d vectors of %d, %+v: got %v, want %v", n, d, o, got[:min(3, len(got))], want[:min(3, len(want))])
				}
				if !slices.Equal(places(want), places(inFloat32(vectors, query, o))) {
					misled++
				}
			}
		}
	}
	// The control: float32 alone would answer otherwise, so the exact second look is seen to matter.
	if misled == 0 {
		t.Error("float32 alone gave the same answers: the vectors are too easy")
	}
}

// inFloat32 is the search without the second look.
func inFloat32(vectors [][]float32, query []float32, o Search) []hit {
	out := make([]hit, len(vectors))
	for i, v := range vectors {
		out[i] = hit{i, float64(roughDot(query, v))}
	}
	return top(out, func(h hit) float64 { return h.cosine }, o)
}

func places(hits []hit) (out []int) {
	for _, h := range hits {
		out = append(out, h.at)
	}
	return out
}

// TestSlackHolds draws vectors whose products differ in size and sign, where float32 loses most.
func TestSlackHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 2))
	worst := 0.0
	for range 2000 {
		d := 1 + r.IntN(1500)
		query := unitRow(r, nil, d, 0)
		v := unitRow(r, query, d, r.Float64())
		off := math.Abs(float64(roughDot(query, v)) - dot(query, v))
		if worst = max(worst, off/slack(query)); worst > 1 {
			t.Fatalf("%d numbers: off by %v, slack %v", d, off, slack(query))
		}
	}
	if worst == 0 {
		t.Error("float32 was never off: the vectors are too easy")
	}
}

// A vector that is no number is never among the nearest while there are others, and never hides one.
func TestNearestWithoutANumber(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 3))
	query := unitRow(r, nil, 16, 0)
	vectors := pool(r, query, 50)
	none := slices.Repeat([]float32{float32(math.NaN())}, 16)
	vectors[0], vectors[9] = none, none
	o := Search{TopK: 5}
	got, want := nearest(50, query, func(i int) []float32 { return vectors[i] }, o), all(vectors, query, o)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAtLeast(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 4))
	for n := range 40 {
		numbers := make([]float32, n)
		for i := range numbers {
			numbers[i] = float32(r.IntN(12))
		}
		sorted := slices.Sorted(slices.Values(numbers))
		for k := 1; k < n; k++ {
			if got, want := atLeast(numbers, k), sorted[n-k]; got != want {
				t.Fatalf("%d-th of %v: %v, want %v", k, sorted, got, want)
			}
		}
	}
}

// BenchmarkNearestAnchors searches stored sentences; bench sets it beside NumPy.
func BenchmarkNearestAnchors(b *testing.B) {
	const n, d = 20_000, 1024
	r := rand.New(rand.NewPCG(22, 5))
	s := &Set{Anchors: make([]Anchor, n)}
	s.Model.Dimension = d
	for i := range s.Anchors {
		s.Anchors[i] = Anchor{ID: int32(i), Vector: unitRow(r, nil, d, 0)}
	}
	query := Query{Text: unitRow(r, nil, d, 0)}
	b.Run(fmt.Sprintf("%d of %d", n, d), func(b *testing.B) {
		b.SetBytes(4 * n * d)
		for b.Loop() {
			if _, err := s.NearestAnchors(query, nil, Search{TopK: 10}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
