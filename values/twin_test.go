package values_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/values"
)

// twin is the definition of doc.go and docs/VALUES.md in nested loops: one value, weights by group.
type twin struct {
	rows    []data.Row
	vectors [][]float32
	weight  map[string]float64 // by group; nil: one each
}

func (w *twin) of(i int) float64 {
	if w.weight == nil {
		return 1
	}
	return w.weight[w.rows[i].Group]
}

// on tells whether row i stands at or below a node, by any of its value's paths.
func (w *twin) on(i int, id string) bool {
	r := w.rows[i]
	paths := []theories.Path{r.Levels()}
	paths = append(paths, theories.Builtin().AltPaths(r.Theory, r.Levels())...)
	for _, p := range paths {
		if own := theories.ValueID(r.Theory, p); own == id || strings.HasPrefix(own, id+"/") {
			return true
		}
	}
	return false
}

// mean of the rows that keep accepts; nil without weight.
func (w *twin) mean(keep func(int) bool) []float64 {
	sum, total := make([]float64, len(w.vectors[0])), 0.0
	for i := range w.rows {
		if keep(i) {
			for k, x := range w.vectors[i] {
				sum[k] += w.of(i) * float64(x)
			}
			total += w.of(i)
		}
	}
	if total == 0 {
		return nil
	}
	for k := range sum {
		sum[k] /= total
	}
	return sum
}

func unit(x []float64) []float64 {
	var squares float64
	for _, f := range x {
		squares += f * f
	}
	out := make([]float64, len(x))
	for k := range x {
		out[k] = x[k] / math.Sqrt(squares)
	}
	return out
}

func minus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for k := range a {
		out[k] = a[k] - b[k]
	}
	return out
}

// vector of a value of a given kind; nil where the draw left nothing of it.
func (w *twin) vector(id string, kind values.Kind) []float64 {
	theory, _, _ := strings.Cut(id, "/")
	if kind == values.Directional {
		plus := w.mean(func(i int) bool { return w.on(i, id) && w.rows[i].Direction == 1 })
		minusSide := w.mean(func(i int) bool { return w.on(i, id) && w.rows[i].Direction == -1 })
		if plus == nil || minusSide == nil {
			return nil
		}
		return unit(minus(unit(plus), unit(minusSide)))
	}
	centroid := w.mean(func(i int) bool { return w.on(i, id) })
	if centroid == nil {
		return nil
	}
	return unit(minus(centroid, w.mean(func(i int) bool { return w.rows[i].Theory == theory })))
}

func cosine(a, b []float64) float64 {
	var sum float64
	for k := range a {
		sum += a[k] * b[k]
	}
	return sum
}

func TestVectorsAndSpreadAreTheFormula(t *testing.T) {
	const seed, resamples = 5, 40
	rows, enc := randomRows(t, 90, seed), newFake(12)
	s := build(t, rows, enc, values.Options{Seed: seed, Resamples: resamples, MinSide: 1, Sides: values.Pooled})
	w := &twin{rows: rows}
	groups := []string{} // in order of appearance
	for i := range rows {
		w.vectors = append(w.vectors, enc.vector(rows[i].Text))
		if !slices.Contains(groups, rows[i].Group) {
			groups = append(groups, rows[i].Group)
		}
	}
	compared := map[values.Kind]int{}
	for i := range s.Values {
		v := &s.Values[i]
		compared[v.Kind]++
		if v.Kind == values.Absent {
			continue
		}
		w.weight = nil
		want := w.vector(v.ID, v.Kind)
		for k := range want {
			if math.Abs(want[k]-float64(v.Vector[k])) > 1e-6 {
				t.Fatalf("%s: number %d is %v, want %v", v.ID, k, v.Vector[k], want[k])
			}
		}
		var cosines []float64
		for draw := range resamples {
			random := rand.New(rand.NewPCG(seed, uint64(draw)))
			w.weight = map[string]float64{}
			for range groups {
				w.weight[groups[random.IntN(len(groups))]]++
			}
			if x := w.vector(v.ID, v.Kind); x != nil {
				cosines = append(cosines, cosine(want, x))
			}
		}
		checkSpread(t, v, cosines)
	}
	if compared[values.Directional] < 4 || compared[values.Prototype] < 5 || compared[values.Absent] < 5 {
		t.Fatalf("the rows make %v: too few of a kind to compare", compared)
	}
}

func checkSpread(t *testing.T, v *values.Value, cosines []float64) {
	t.Helper()
	var mean, squares float64
	for _, c := range cosines {
		mean += c / float64(len(cosines))
		angle := math.Acos(min(1, c)) * 180 / math.Pi
		squares += angle * angle / float64(len(cosines))
	}
	slices.Sort(cosines)
	low := cosines[len(cosines)*25/1000]
	sp := v.Spread
	if sp == nil || sp.Draws != len(cosines) || math.Abs(sp.Cosine-mean) > 1e-9 || math.Abs(sp.Low-low) > 1e-9 ||
		math.Abs(sp.Degrees-math.Sqrt(squares)) > 1e-6 {
		t.Errorf("%s: spread %+v, want %d draws, mean %v, low %v, angle %v", v.ID, sp, len(cosines), mean, low,
			math.Sqrt(squares))
	}
}
