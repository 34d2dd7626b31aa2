package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
)

// apartSample makes training rows that share no text and no group with those of sample.
func apartSample(n int, seed uint64) []data.Row {
	rows := sample(n, seed)
	for i := range rows {
		rows[i].TextID, rows[i].Group = "train"+rows[i].TextID, "train"+rows[i].Group
	}
	return rows
}

// cone gives texts vectors in a narrow cone, as an untrained language model does; level 1 shows in them a little.
func cone(rows []data.Row, seed uint64) TextVectors {
	const width = 12
	random := rand.New(rand.NewPCG(seed, 7))
	out := TextVectors{}
	for i := range rows {
		if out[rows[i].TextID] != nil {
			continue
		}
		x := make([]float64, width)
		for k := range x {
			x[k] = 3 + .3*random.NormFloat64()
		}
		x[len(rows[i].Level1)%width] += .6
		out[rows[i].TextID] = normalised(x)
	}
	return out
}

// TestBaseAgainstItsFormulas recomputes mean, deviation and both readings from their definitions.
func TestBaseAgainstItsFormulas(t *testing.T) {
	train, rows := apartSample(120, 11), sample(40, 12)
	known, measured := cone(train, 1), cone(rows, 2)
	b := bench(t, rows, Options{TrainRows: train})
	fit, err := b.FitBase(known)
	if err != nil {
		t.Fatal(err)
	}
	x := measured[rows[0].TextID]
	var centred, scaled []float64
	for k := range x {
		var sum, squares float64
		for _, v := range known {
			sum += float64(v[k])
		}
		mean := sum / float64(len(known))
		for _, v := range known {
			squares += math.Pow(float64(v[k])-mean, 2)
		}
		centred = append(centred, float64(x[k])-mean)
		scaled = append(scaled, centred[k]/math.Sqrt(squares/float64(len(known))))
	}
	for _, c := range []struct {
		name string
		want []float64
	}{{BaseCentred, centred}, {BaseScaled, scaled}} {
		var length float64
		for _, f := range c.want {
			length += f * f
		}
		for k, got := range fit.Read(c.name, x) {
			if want := c.want[k] / math.Sqrt(length); math.Abs(float64(got)-want) > 1e-5 {
				t.Errorf("%s, number %d: %v, want %v", c.name, k, got, want)
			}
		}
	}
	for k, got := range fit.Read(BaseRaw, x) {
		if got != x[k] {
			t.Errorf("raw, number %d: %v, want %v", k, got, x[k])
		}
	}
}

// TestLogisticAgainstTwin trains all classes together, text by text, as the method is written down.
func TestLogisticAgainstTwin(t *testing.T) {
	const rows, classes, seed = 60, 4, 5
	for _, width := range []int{3, 4 * usualWidth} {
		random := rand.New(rand.NewPCG(seed, uint64(width)))
		x := mat.NewDense(rows, width, nil)
		targets := make([][]int, rows)
		for i := range rows {
			for k := range width {
				x.Set(i, k, 2*random.NormFloat64())
			}
			for class := range classes {
				if x.At(i, class%width)+random.NormFloat64() > 1 {
					targets[i] = append(targets[i], class)
				}
			}
		}
		got := fitLogistic(x, targets, classes, seed)
		want := logisticTwin(x, targets, classes, seed)
		for class := range classes {
			for k, w := range want[class] {
				if math.Abs(got.weights[class][k]-w) > 1e-12 {
					t.Fatalf("width %d: weight %d of class %d is %v, want %v", width, k, class, got.weights[class][k], w)
				}
			}
		}
	}
}

func logisticTwin(x *mat.Dense, targets [][]int, classes int, seed uint64) [][]float64 {
	rows, width := x.Dims()
	inputs := make([][]float64, rows)
	for i := range inputs {
		inputs[i] = append(inputs[i], mat.Row(nil, i, x)...)
		inputs[i] = append(inputs[i], 1)
	}
	for k := range width {
		var squares float64
		for i := range rows {
			squares += inputs[i][k] * inputs[i][k]
		}
		by := math.Sqrt(squares / float64(rows))
		if width > 64 {
			by *= math.Sqrt(float64(width) / 64)
		}
		for i := range rows {
			inputs[i][k] /= by
		}
	}
	has := func(i, class int) float64 {
		return float64(strings.Count(fmt.Sprint(targets[i], " "), fmt.Sprint(class)))
	}
	weights, history := make([][]float64, classes), make([][]float64, classes)
	for class := range classes {
		share := 0.0
		for i := range rows {
			share += has(i, class) / float64(rows)
		}
		weights[class], history[class] = make([]float64, width+1), make([]float64, width+1)
		weights[class][width] = math.Log(share / (1 - share))
	}
	random := rand.New(rand.NewPCG(seed, 3))
	for range 12 {
		for _, i := range random.Perm(rows) {
			for class := range classes {
				z := 0.0
				for k := range inputs[i] {
					z += weights[class][k] * inputs[i][k]
				}
				miss := 1/(1+math.Exp(-z)) - has(i, class)
				for k := range inputs[i] {
					g := miss*inputs[i][k] + 1e-5*weights[class][k]
					history[class][k] += g * g
					weights[class][k] -= .5 * g / (math.Sqrt(history[class][k]) + 1)
				}
			}
		}
	}
	return weights
}

// TestFittedControlsSeeTrainingRowsOnly moves the measured vectors and finds everything fitted unmoved; a fit that
// saw them, the negative control, would differ.
func TestFittedControlsSeeTrainingRowsOnly(t *testing.T) {
	train, rows := apartSample(120, 21), sample(60, 22)
	known, measured := cone(train, 3), cone(rows, 4)
	x := measured[rows[0].TextID]
	read := func(rows []data.Row, vectors TextVectors) (out [][]float32) {
		t.Helper()
		b := bench(t, sample(60, 22), Options{TrainRows: rows})
		b.options.TrainRows = rows
		fit, err := b.FitBase(vectors)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range BaseNames[1:] {
			out = append(out, fit.Read(name, x))
		}
		return out
	}
	together := TextVectors{}
	for id, v := range known {
		together[id] = v
	}
	for id, v := range measured { // vectors of measured rows at hand, but no rows of theirs to fit on
		together[id] = v
	}
	honest, beside := read(train, known), read(train, together)
	leaky := append([]data.Row{}, train...)
	for i := range rows { // under other names, or the guard would refuse them
		r := rows[i]
		r.TextID, r.Group = "leak"+r.TextID, "leak"+r.Group
		leaky, together[r.TextID] = append(leaky, r), measured[rows[i].TextID]
	}
	leaked := read(leaky, together)
	for k := range honest {
		if fmt.Sprint(honest[k]) != fmt.Sprint(beside[k]) {
			t.Errorf("%s depends on vectors outside the training rows", BaseNames[k+1])
		}
		if fmt.Sprint(honest[k]) == fmt.Sprint(leaked[k]) {
			t.Errorf("%s: fitted on the measured rows too, and this test does not notice", BaseNames[k+1])
		}
	}
}

func TestFitBaseRefusesSharedRows(t *testing.T) {
	rows := sample(40, 31)
	for _, c := range []struct {
		name  string
		train func() []data.Row
		want  string
	}{
		{"no training rows", func() []data.Row { return nil }, "there are none"},
		{"a shared text", func() []data.Row {
			train := apartSample(40, 32)
			train[7].TextID = rows[20].TextID
			return train
		}, "the text of row 20"},
		{"a shared group", func() []data.Row {
			train := apartSample(40, 32)
			train[7].Group = rows[8].Group
			return train
		}, "the group of row 8"},
		{"vectors of other rows", func() []data.Row { return apartSample(44, 32) }, "the vectors are of other rows"},
	} {
		b := bench(t, rows, Options{TrainRows: c.train()})
		_, err := b.FitBase(cone(apartSample(40, 32), 1))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), hostile) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// trial has a base, a trained model that knows the labels, a second seed, a second stage and a control.
func trial(train, rows []data.Row) Trial {
	id := encoder.Identity{Name: "cone", Dimension: 12, Pooling: "mean"}
	wise, features := TextVectors{}, nodeIDs(rows, theories.Builtin())
	random := rand.New(rand.NewPCG(9, 9))
	for i := range rows {
		x := make([]float64, len(features))
		for k := range x {
			x[k] = .05 * random.NormFloat64() // or it would tie
		}
		for _, node := range nodes(&rows[i], theories.Builtin()) {
			x[features[node]]++
		}
		if wise[rows[i].TextID] == nil { // of the two labels of a text the first
			wise[rows[i].TextID] = normalised(x)
		}
	}
	f := func(name, role string, v TextVectors) Finalist {
		return Finalist{Name: name, Role: role, Pooling: "mean", Control: "shuffled", Trained: Trained{Stage: 1, Steps: 20},
			Vectors: v, Model: id}
	}
	t := Trial{Base: []Pooled{{"mean", cone(train, 1), cone(rows, 2), id}}}
	t.Finalists = []Finalist{f("full", RoleFull, wise), f("s1", RoleSeed, wise), f("s2", RoleSeed, cone(rows, 5)),
		f("late", RoleStage2, wise), f("shuffled", RolePermuted, cone(rows, 6))}
	t.Finalists[3].Over, t.Finalists[4].Control = "full", ""
	return t
}

func TestExperimentDocument(t *testing.T) {
	train, rows := apartSample(120, 41), sample(160, 42)
	var first string
	for range 2 {
		b := bench(t, rows, Options{TrainRows: train, MinSide: 5})
		e, err := b.Experiment(t.Context(), trial(train, rows))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(raw)
		} else if first != string(raw) {
			t.Error("the same input gives another document")
		}
		var tree any
		if err := json.Unmarshal(raw, &tree); err != nil {
			t.Fatal(err)
		}
		for path := range nulls(tree, "") {
			if e.Skipped[path] == "" {
				t.Errorf("%s is null without a reason", path)
			}
		}
		if e.Runs["full"].RankingAccuracy.WithinCorpus != e.Runs["late"].RankingAccuracy.WithinCorpus {
			t.Error("the same vectors got two scores")
		}
		verdicts := map[string]string{}
		for _, f := range e.Findings {
			verdicts[f.Topic] = f.Verdict
		}
		if got := verdicts["full: ranking accuracy, within corpus"]; got != Learned {
			t.Errorf("a model that knows the labels: %q in %v", got, verdicts)
		}
		if got := verdicts["what late adds to full: ranking within a corpus"]; got != NotShown {
			t.Errorf("the same vectors after Stage 2: %q", got)
		}
		s := e.Seeds[1]
		if s.Figure != "ranking accuracy, within corpus" || s.Runs != 2 || s.Above["the raw base"] != 1 ||
			!(s.Least < s.Mean && s.Mean < s.Greatest) {
			t.Errorf("seeds %+v", s)
		}
	}
}

func TestExperimentRefuses(t *testing.T) {
	train, rows := apartSample(80, 41), sample(80, 42)
	b := bench(t, rows, Options{TrainRows: train})
	for _, c := range []struct {
		name   string
		change func(*Trial)
		want   string
	}{
		{"a pooling without base", func(x *Trial) { x.Finalists[0].Pooling = "last" }, `pooled by "last"`},
		{"an absent control", func(x *Trial) { x.Finalists[0].Control = "gone" }, "compared with gone"},
		{"vectors of other rows", func(x *Trial) { x.Finalists[0].Vectors = TextVectors{} }, "row 0 has no vector"},
	} {
		x := trial(train, rows)
		c.change(&x)
		if _, err := b.Experiment(t.Context(), x); fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestVerdictOfAGain(t *testing.T) {
	e := func(low, high float64) Estimate { return Estimate{Number((low + high) / 2), Range{low, high}, .001} }
	up, flat, down := e(.01, .03), e(-.01, .03), e(-.03, -.01)
	f := &Finalist{Name: "f", Pooling: "mean", Control: "c"}
	for _, c := range []struct {
		name                                  string
		raw, centred, scaled, probe, permuted Estimate
		unlike, want, says                    string
	}{
		{"above everything", up, up, up, up, up, "", Learned, "more than logistic"},
		{"a control of another length", up, up, up, up, up, "it was shorter", Higher, "it was shorter"},
		{"below the classifier", up, up, up, down, up, "", Learned, "less than logistic"},
		{"no more than centring", up, flat, up, up, up, "", Geometry, "centring"},
		{"no more than permuted labels", up, up, up, up, flat, "", NotShown, "reaches zero"},
		{"not above the base", flat, up, up, up, up, "", NotShown, "reaches zero"},
		{"below the base", down, up, up, up, up, "", Worse, "Worse"},
		{"below permuted labels", up, up, up, up, down, "", Worse, "Worse"},
		{"undefined", up, up, e(math.NaN(), math.NaN()), up, up, "", Undefined, "do not define"},
	} {
		over, claimed := map[string]*gap{}, claim{topic: "topic", after: .6}
		for key, e := range map[string]Estimate{
			f.overBase(BaseRaw): c.raw, f.overBase(BaseCentred): c.centred, f.overBase(BaseScaled): c.scaled,
			f.overBase(BaseLogistic): c.probe, f.over("c"): c.permuted,
		} {
			over[key] = &gap{Estimate: e, over: key}
			claimed.gaps = append(claimed.gaps, over[key])
		}
		claimed.judge = func(x *claim) (string, string) { return verdict(f, over, c.unlike, x) }
		if got := conclude([]claim{claimed})[0]; got.Verdict != c.want || !strings.Contains(got.Sentence, c.says) {
			t.Errorf("%s: %+v, want %q", c.name, got, c.want)
		}
	}
}
