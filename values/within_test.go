package values_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hives/data"
	"hives/values"
)

// auc is the share of right pairs, plainly.
func auc(positive, negative []float64) float64 {
	var right float64
	for _, p := range positive {
		for _, n := range negative {
			switch {
			case p > n:
				right++
			case p == n:
				right += .5
			}
		}
	}
	return right / float64(len(positive)*len(negative))
}

// TestSidesWithinCorporaAreRightWherePooledOnesFail asks for texts that no corpus has: opposing ones in the style of
// P, which has supporting rows only, and supporting ones in the style of M.
func TestSidesWithinCorporaAreRightWherePooledOnesFail(t *testing.T) {
	train, held := worldRows(t, 0, 120), worldRows(t, 1000, 40)
	w := newWorld()
	for _, c := range []struct {
		sides values.Sides
		right bool
	}{{values.Within, true}, {values.Pooled, false}} {
		o := worldOptions()
		o.Sides = c.sides
		v := find(t, worldSet(t, train, held, o), care)
		if v.Kind != values.Directional {
			t.Fatalf("%s: %s is %s (%s)", c.sides, care, v.Kind, v.Note)
		}
		var supports, opposes []float64
		for i := range 50 {
			supports = append(supports, cosine(float64s(v.Vector), float64s(w.vector(fmtText("M", "care", "pro", 5000+i)))))
			opposes = append(opposes, cosine(float64s(v.Vector), float64s(w.vector(fmtText("P", "care", "con", 5000+i)))))
		}
		got, truth := auc(supports, opposes), cosine(float64s(v.Vector), worldSide("care"))
		t.Logf("%s: AUC of unseen kinds %.3f, cosine with the truth %.3f, evidence: sides %v, corpora %v", c.sides, got,
			truth, v.Evidence.Sides, v.Evidence.Corpora)
		if (got > .9) != c.right || (truth > .7) != c.right || (v.Evidence.Corpora.AUC < .7) != c.right {
			t.Errorf("%s: right is %v, want %v", c.sides, !c.right, c.right)
		}
	}
}

// TestWithinIsTheFormula computes a signed vector, its corpora's weights and a prototype by loops.
func TestWithinIsTheFormula(t *testing.T) {
	train, held := worldRows(t, 0, 120), worldRows(t, 1000, 40)
	o := worldOptions()
	s := worldSet(t, train, held, o)
	w := &twin{rows: train}
	var groups []string
	for i := range train {
		w.vectors = append(w.vectors, newWorld().vector(train[i].Text))
		if !slices.Contains(groups, train[i].Group) {
			groups = append(groups, train[i].Group)
		}
	}
	difference := func(corpus string) []float64 {
		of := func(direction int32) []float64 {
			return w.mean(func(i int) bool {
				return w.on(i, care) && w.rows[i].Direction == direction && w.rows[i].Corpus == corpus
			})
		}
		return unit(minus(unit(of(1)), unit(of(-1))))
	}
	corpora := []string{"A", "B"} // P and M have one side
	whole, squares := map[string][]float64{}, map[string]float64{}
	for _, c := range corpora {
		whole[c] = difference(c)
	}
	for draw := range o.Resamples {
		random := rand.New(rand.NewPCG(o.Seed, uint64(draw)))
		w.weight = map[string]float64{}
		for range groups {
			w.weight[groups[random.IntN(len(groups))]]++
		}
		for _, c := range corpora {
			d := minus(difference(c), whole[c])
			squares[c] += cosine(d, d)
		}
	}
	w.weight = nil
	want := make([]float64, worldWidth)
	total := 1/squares["A"] + 1/squares["B"]
	for _, c := range corpora {
		for k := range want {
			want[k] += whole[c][k] / squares[c] / total
		}
	}
	v := find(t, s, care)
	compareVectors(t, care, v.Vector, unit(cleared(t, w, want)))
	if len(v.Rests) != 2 || v.Rests[0].Corpus != "A" || v.Rests[0].Supports != 120 || v.Rests[1].Opposes != 60 ||
		math.Abs(v.Rests[1].Weight-1/squares["B"]/total) > 1e-6 || v.Rests[0].Weight < v.Rests[1].Weight {
		t.Errorf("it rests on %+v, want A and B with weights %v and %v", v.Rests, 1/squares["A"]/total, 1/squares["B"]/total)
	}

	p := find(t, s, loyalty)
	if p.Kind != values.Prototype {
		t.Fatalf("%s is %s (%s)", loyalty, p.Kind, p.Note)
	}
	sum, mean := make([]float64, worldWidth), make([]float64, worldWidth)
	for _, c := range []string{"A", "B", "P", "M"} {
		centre := w.mean(func(i int) bool { return w.rows[i].Corpus == c })
		for k := range mean {
			mean[k] += centre[k] / 4
		}
		for i := range w.rows {
			if w.rows[i].Corpus == c && w.on(i, loyalty) {
				for k := range sum {
					sum[k] += float64(w.vectors[i][k]) - centre[k]
				}
			}
		}
	}
	compareVectors(t, loyalty, p.Vector, unit(sum))
	for _, th := range s.Theories {
		if th.Theory == "mft" {
			compareVectors(t, "the mean of the corpora's means", th.Mean, mean)
		}
	}
}

// cleared takes out of x the least squares fit to it by the differences between corpora's means of one side.
func cleared(t *testing.T, w *twin, x []float64) []float64 {
	t.Helper()
	var differences []float64
	n := 0
	for _, side := range []struct {
		direction int32
		corpora   []string
	}{{1, []string{"A", "B", "P"}}, {-1, []string{"A", "B", "M"}}} {
		mean := func(corpus string) []float64 {
			return w.mean(func(i int) bool {
				return w.on(i, care) && w.rows[i].Direction == side.direction && w.rows[i].Corpus == corpus
			})
		}
		for _, other := range side.corpora[1:] {
			differences = append(differences, minus(mean(side.corpora[0]), mean(other))...)
			n++
		}
	}
	m := mat.NewDense(n, len(x), differences).T() // [D, 4]
	var fit, part mat.VecDense
	if err := fit.SolveVec(m, mat.NewVecDense(len(x), x)); err != nil {
		t.Fatal(err)
	}
	part.MulVec(m, &fit)
	out := make([]float64, len(x))
	for k := range x {
		out[k] = x[k] - part.AtVec(k)
	}
	return out
}

func compareVectors(t *testing.T, name string, got []float32, want []float64) {
	t.Helper()
	for k := range want {
		if len(got) != len(want) || math.Abs(float64(got[k])-want[k]) > 1e-6 {
			t.Fatalf("%s: number %d of %d is %v, want %v", name, k, len(got), got, want[k])
		}
	}
}

// TestEvidenceIsMeasuredOnHeldOutRows compares with loops over the held-out rows.
func TestEvidenceIsMeasuredOnHeldOutRows(t *testing.T) {
	train, held := worldRows(t, 0, 120), worldRows(t, 1000, 40)
	v := find(t, worldSet(t, train, held, worldOptions()), care)
	scores := map[string][]float64{}
	for i := range held {
		if r := &held[i]; r.Level1 == v.Path[0] {
			key := r.Corpus + map[int32]string{1: "pro", -1: "con"}[r.Direction]
			scores[key] = append(scores[key], cosine(float64s(v.Vector), float64s(newWorld().vector(r.Text))))
		}
	}
	a, b := 40.*40, 20.*20 // pairs
	want := (a*auc(scores["Apro"], scores["Acon"]) + b*auc(scores["Bpro"], scores["Bcon"])) / (a + b)
	if got := v.Evidence.Sides; math.Abs(got.AUC-want) > 1e-9 || got.Low > got.AUC || got.High < got.AUC ||
		got.Positives != 40+20 {
		t.Errorf("sides: %+v, want %v", got, want)
	}
	worst := 0.0
	for _, p := range [][2]string{{"Apro", "Bpro"}, {"Apro", "Ppro"}, {"Bpro", "Ppro"}} {
		x := auc(scores[p[0]], scores[p[1]])
		worst = max(worst, x, 1-x)
	}
	if got := v.Evidence.Corpora; math.Abs(got.AUC-worst) > 1e-9 {
		t.Errorf("corpora: %+v, want %v", got, worst)
	}
}

// TestWhatIsNotBorneOutIsUnsupported deals the labels out anew within each corpus: there is nothing to find.
func TestWhatIsNotBorneOutIsUnsupported(t *testing.T) {
	train, held := data.PermuteLabels(worldRows(t, 0, 120), 1), data.PermuteLabels(worldRows(t, 1000, 40), 2)
	s := worldSet(t, train, held, worldOptions())
	for _, id := range []string{care, fairness} {
		if v := find(t, s, id); v.Kind == values.Directional || v.Note == "" || v.Rests != nil {
			t.Errorf("%s is %s on permuted labels (%q, resting on %v)", id, v.Kind, v.Note, v.Rests)
		}
	}
	few := worldSet(t, worldRows(t, 0, 120), worldRows(t, 1000, 4), worldOptions())
	if v := find(t, few, care); v.Kind == values.Directional || v.Note == "" {
		t.Errorf("with 4 held-out rows a side it is %s", v.Kind)
	}
}

// TestHeldOutRowsMoveNoVector builds twice with other validation rows: what both keep is the same to the bit.
func TestHeldOutRowsMoveNoVector(t *testing.T) {
	train := worldRows(t, 0, 120)
	one, other := worldSet(t, train, worldRows(t, 1000, 40), worldOptions()), worldSet(t, train, worldRows(t, 3000, 40),
		worldOptions())
	kept := 0
	for i := range one.Values {
		a, b := &one.Values[i], &other.Values[i]
		if a.Kind == b.Kind && a.Vector != nil {
			kept++
			if !slices.Equal(a.Vector, b.Vector) {
				t.Errorf("%s: other held-out rows, another vector", a.ID)
			}
		}
		if a.About != nil && b.About != nil && !slices.Equal(a.About.Weights, b.About.Weights) {
			t.Errorf("%s: other held-out rows, another regression", a.ID)
		}
	}
	for i := range one.Theories {
		if !slices.Equal(one.Theories[i].Mean, other.Theories[i].Mean) {
			t.Errorf("%s: other held-out rows, another mean", one.Theories[i].Theory)
		}
	}
	if c := find(t, one, care).About; kept < 2 || c == nil || c.AUC == find(t, other, care).About.AUC {
		t.Errorf("%d vectors kept by both; the figures are those of their own rows", kept)
	}
}
