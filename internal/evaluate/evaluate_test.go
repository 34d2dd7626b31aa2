package evaluate

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hives/data"
	"hives/encoder"
	"hives/internal/fault"
)

// hostile stands in texts, corpora and groups alike; it must never reach an error.
const hostile = `</script><b>"'&`

// sample makes rows of two theories and corpora: mft with both directions, svt with one.
func sample(n int, seed uint64) []data.Row {
	random := rand.New(rand.NewPCG(seed, 0))
	svt := [][3]string{{"openness to change", "self-direction", "self-direction:action"}, {"self-enhancement", "power", "power:resources"}, {"openness to change", "hedonism", ""}}
	mft := [][3]string{{"care/harm", "caring", ""}, {"fairness/cheating", "", ""}, {"loyalty/betrayal", "", ""}}
	var rows []data.Row
	for i := range n {
		r := data.Row{
			Text: fmt.Sprintf("%s text %d", hostile, i/2), TextID: fmt.Sprint("t", i/2), Group: fmt.Sprint("g", i/4),
			Theory: "svt", Corpus: "first", DirectionSource: data.SourceNone, IndividualAnchor: -1, TheoryAnchor: -1,
		}
		path := svt[random.IntN(len(svt))]
		if i/2%2 == 1 {
			path = mft[random.IntN(len(mft))]
			r.Theory, r.Corpus, r.DirectionSource = "mft", hostile, data.SourceAnnotated
			r.Direction = 2*random.Int32N(2) - 1
		}
		r.Level1, r.Level2, r.Level3 = path[0], path[1], path[2]
		r.Text += fmt.Sprintf(" %s %s speaks of %s and of it at length", path[0], path[1], path[0])
		if i%2 == 1 { // another value of the same text
			r.Text = rows[i-1].Text
		}
		rows = append(rows, r)
	}
	return rows
}

// fake gives a text a fixed direction; spoil, if set, may damage it.
type fake struct {
	salt  string
	spoil func(text string, v []float32)
}

func (f fake) Encode(_ context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(inputs))
	for i, in := range inputs {
		x := make([]float64, 8)
		for k, c := range f.salt + in.Text {
			x[(k+int(c))%8] += float64(c%7) - 3
		}
		out[i] = normalised(x)
		if f.spoil != nil {
			f.spoil(in.Text, out[i])
		}
	}
	return out, encoder.Identity{Name: "fake" + f.salt, Dimension: 8}, nil
}

func bench(t *testing.T, rows []data.Row, o Options) *Bench {
	t.Helper()
	o.Resamples = 50
	b, err := NewBench(rows, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryNullHasAReason(t *testing.T) {
	b := bench(t, sample(160, 1), Options{MinSide: 5})
	e, err := b.Evaluate(t.Context(), Fixed("model", fake{}), []Named{Fixed("untrained", fake{salt: "x"})})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
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
	want := map[string]string{
		"orthogonality.svt":       "the data has 0 opposing rows",
		"orthogonality.duty":      "no rows of this theory",
		"controls.tfidf_logistic": "--train-data",
		"controls.permuted":       "--control permuted=DIR",
	}
	for path, part := range want {
		if !strings.Contains(e.Skipped[path], part) {
			t.Errorf("skipped[%s] = %q, want %q in it", path, e.Skipped[path], part)
		}
	}
	if !e.Orthogonality.MFT.Known() {
		t.Error("mft has two sides, but no orthogonality")
	}
	if e.Compared["model_minus_untrained"] == nil || e.Controls["untrained"] == nil {
		t.Error("the given control is missing")
	}
}

func TestSpoiledVectorIsRefusedWithItsRow(t *testing.T) {
	rows := sample(40, 2)
	spoilt := rows[14].Text
	cases := []struct {
		name  string
		spoil func(v []float32)
		want  string
	}{
		{"not a number", func(v []float32) { v[3] = float32(math.NaN()) }, "row 14 is not finite at 3"},
		{"infinite", func(v []float32) { v[0] = float32(math.Inf(1)) }, "row 14 is not finite at 0"},
		{"not of length one", func(v []float32) { v[0] += 2 }, "row 14 has squared length"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := bench(t, rows, Options{Batch: 3})
			enc := fake{spoil: func(text string, v []float32) {
				if text == spoilt {
					c.spoil(v)
				}
			}}
			_, err := b.Model(t.Context(), Fixed("model", enc))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if fault.Of(err) != fault.Invalid || strings.Contains(err.Error(), hostile) {
				t.Errorf("kind %v, message %q", fault.Of(err), err)
			}
		})
	}
}

func TestBenchRefuses(t *testing.T) {
	if _, err := NewBench(nil, Options{}); err == nil {
		t.Error("no rows were accepted")
	}
	rows := sample(8, 3)
	rows[5].TextID = ""
	if _, err := NewBench(rows, Options{}); err == nil || !strings.Contains(err.Error(), "row 5") {
		t.Errorf("error %v, want row 5 in it", err)
	}
}

func TestControlsKnowWhatTheySay(t *testing.T) {
	train := sample(400, 5)
	for i := range train {
		train[i].TextID, train[i].Group = "train"+train[i].TextID, "train"+train[i].Group
	}
	b := bench(t, sample(200, 4), Options{TrainRows: train})
	controls, skipped, err := b.Controls(t.Context())
	if err != nil || len(skipped) > 0 {
		t.Fatal(err, skipped)
	}
	for _, name := range ControlNames {
		if controls[name] == nil {
			t.Fatalf("control %s is missing", name)
		}
	}
	within := func(name string) float64 { return float64(controls[name].RankingTiesHalf.WithinCorpus) }
	// A vector that is the same for a whole corpus ties everywhere within it.
	if got := within(ControlCorpus); math.Abs(got-.5) > 1e-12 {
		t.Errorf("one-hot corpus within corpus, ties half: %v, want .5", got)
	}
	if controls[ControlCorpus].RankingAccuracy.WithinCorpus != 0 {
		t.Error("a tie counted as right")
	}
	if got := within(ControlRandom); math.Abs(got-.5) > .05 {
		t.Errorf("random vectors: %v", got)
	}
	if within(ControlTruth) < .6 || within(ControlTruth) < within(ControlLogistic) {
		t.Errorf("truth %v, classifier %v", within(ControlTruth), within(ControlLogistic))
	}
	// Each text names the first levels of its values, so words alone tell them.
	if got := within(ControlLogistic); got < .55 {
		t.Errorf("classifier on words: %v", got)
	}
}

func TestDifferenceOfASystemWithItselfIsZero(t *testing.T) {
	b := bench(t, sample(80, 6), Options{})
	a, err := b.Model(t.Context(), Fixed("a", fake{}))
	if err != nil {
		t.Fatal(err)
	}
	d := b.Compare(a, a)
	if d.RankingAccuracy.WithinCorpus != (Estimate{0, Range{0, 0}}) || d.Correlation.All != (Estimate{0, Range{0, 0}}) {
		t.Errorf("differences %+v, %+v", d.RankingAccuracy.WithinCorpus, d.Correlation.All)
	}
	other, err := b.Model(t.Context(), Fixed("b", fake{salt: "y"}))
	if err != nil {
		t.Fatal(err)
	}
	forth, back := b.Compare(a, other).RankingAccuracy.All, b.Compare(other, a).RankingAccuracy.All
	if math.Abs(float64(forth.Value+back.Value)) > 1e-15 || math.Abs(forth.Interval.Low+back.Interval.High) > 1e-12 {
		t.Errorf("%+v and %+v are not mirror images", forth, back)
	}
}

func TestVerdictFollowsTheIntervals(t *testing.T) {
	estimate := func(low, high float64) Estimate { return Estimate{Number((low + high) / 2), Range{low, high}} }
	cases := []struct {
		name                string
		untrained, permuted Estimate
		after               Number
		want                string
	}{
		{"above both", estimate(.01, .03), estimate(.02, .04), .6, Learned},
		{"above the untrained only", estimate(.01, .03), estimate(-.01, .04), .6, NotShown},
		{"above the permuted only", estimate(0, .03), estimate(.01, .04), .6, NotShown},
		{"below the permuted", estimate(.01, .03), estimate(-.04, -.01), .6, Worse},
		{"undefined", estimate(.01, .03), estimate(.01, .03), Number(math.NaN()), Undefined},
		{"without interval", estimate(math.NaN(), math.NaN()), estimate(.01, .03), .6, Undefined},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := claim{"topic", c.after, c.untrained, c.permuted}.judge()
			if f.Verdict != c.want || f.Sentence == "" || strings.Contains(f.Sentence, "NaN") {
				t.Errorf("%+v, want %q", f, c.want)
			}
		})
	}
}

func TestDocumentIsAFunctionOfItsInput(t *testing.T) {
	var first string
	for range 2 {
		b := bench(t, sample(80, 7), Options{Seed: 3, TrainRows: sample(60, 8)})
		d, err := b.Demo(t.Context(), DemoModels{
			Before: Fixed("before", fake{salt: "a"}), After: Fixed("after", fake{}), Control: Fixed("control", fake{salt: "b"}),
		})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(raw)
		} else if first != string(raw) {
			t.Error("the same input gives another document")
		}
		if strings.Contains(string(raw), "speaks of") {
			t.Error("a text stands in the document")
		}
	}
}
