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
	"hives/metrics"
)

// hostile stands in texts, corpora and groups alike; it must never reach an error.
const hostile = `</script><b>"'&`

// sample makes rows of two theories and corpora: mft with both directions, svt with one.
func sample(n int, seed uint64) []data.Row {
	random := rand.New(rand.NewPCG(seed, 0))
	svt := [][3]string{{"openness to change", "self-direction", "self-direction:action"}, {"self-enhancement", "power",
		"power:resources"}, {"openness to change", "hedonism", ""}}
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
		"controls.random.model":   "not a model",
		// A vector of the corpus alone does not vary within one. Its key begins with "model", which is no reason.
		"differences.model_minus_one_hot_corpus.similarity_correlation.within_corpus.value": "there is no correlation",
	}
	for path, part := range want {
		if !strings.Contains(e.Skipped[path], part) {
			t.Errorf("skipped[%s] = %q, want %q in it", path, e.Skipped[path], part)
		}
	}
	if !e.Orthogonality["mft"].Known() {
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
	if d.RankingAccuracy.WithinCorpus != (Estimate{0, Range{0, 0}, 1}) ||
		d.Correlation.All != (Estimate{0, Range{0, 0}, 1}) {
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
	e := func(low, high, p float64) Estimate {
		return Estimate{Number((low + high) / 2), Range{low, high}, Number(p)}
	}
	nan := math.NaN()
	up, down, flat := e(.01, .03, .001), e(-.04, -.01, .001), e(-.01, .04, .3)
	cases := []struct {
		name                string
		untrained, permuted Estimate
		after               Number
		unlike              string
		want, says          string
	}{
		{"above both", up, up, .6, "", Learned, "p .00"},
		{"above both, of which one trained longer", up, up, .6, "the control was trained less", Higher,
			"the control was trained less"},
		{"above the untrained only", up, flat, .6, "", NotShown, "reaches zero"},
		{"above the permuted only", e(0, .03, .05), up, .6, "", NotShown, "reaches zero"},
		{"above both, by a hair", e(.0001, .03, .04), up, .6, "", NotShown, "as many claims"},
		{"below the permuted", up, down, .6, "", Worse, "Worse"},
		{"below one by a hair", up, e(-.04, -.0001, .04), .6, "", NotShown, "as many claims"},
		{"undefined", up, up, Number(nan), "", Undefined, "do not define"},
		{"without interval", e(nan, nan, 0), up, .6, "", Undefined, "do not define"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			of := func(untrained, permuted Estimate) claim {
				return claim{"topic", c.after, []*gap{{Estimate: untrained, over: "the untrained"},
					{Estimate: permuted, over: "the control"}}, learned(c.unlike)}
			}
			f := conclude([]claim{of(c.untrained, c.permuted), of(flat, flat)})[0]
			if f.Verdict != c.want || !strings.Contains(f.Sentence, c.says) || strings.Contains(f.Sentence, "NaN") {
				t.Errorf("%+v, want %q and %q", f, c.want, c.says)
			}
		})
	}
}

// TestMoreClaimsAskForMore: a difference that is a finding alone is none among many.
func TestMoreClaimsAskForMore(t *testing.T) {
	fine := &Difference{CorrelationMean: Estimate{.02, Range{.005, .035}, .01},
		RankingAccuracy:  ByScope[Estimate]{WithinCorpus: Estimate{0, Range{-1, 1}, 1}},
		DirectionByScope: ByScope[Estimate]{WithinCorpus: Estimate{0, Range{-1, 1}, 1}}}
	alone := conclude(adds("x", "costs", "y", fine)[2:])
	if alone[0].Verdict != Higher {
		t.Fatalf("alone: %+v", alone)
	}
	if f := conclude(append(adds("x", "costs", "y", fine), adds("x", "costs", "y", fine)...)); f[2].Verdict != NotShown ||
		!strings.Contains(f[2].Sentence, "as many claims") {
		t.Errorf("among six: %+v", f[2])
	}
}

func TestOneLengthOfTraining(t *testing.T) {
	long := Trained{2, 250, 1250}
	for _, c := range []struct {
		control Trained
		want    string
	}{{long, ""}, {Trained{2, 250, 1000}, "1000 in all"}, {Trained{1, 250, 0}, "Stage 1"}, {Trained{}, "not on record"}} {
		if got := long.unlike(c.control); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want %q", c.control, got, c.want)
		}
	}
}

// TestAFallIsAFinding: value vectors that have come closer to one another are worse, whatever else was gained.
func TestAFallIsAFinding(t *testing.T) {
	s := &System{Orthogonality: ByTheory{"svt": .3, "mft": .9, "duty": Number(math.NaN()), "right": Number(math.NaN())}}
	d := &Difference{Orthogonality: map[string]Estimate{"svt": {-.5, Range{-.6, -.4}, .001},
		"mft": {.05, Range{.01, .09}, .01}}}
	got := conclude(spread("", s, compared{d, "the untrained model"}))
	if len(got) != 2 || got[0].Verdict != Worse || !strings.Contains(got[0].Sentence, "Fell: 0.300") ||
		got[1].Verdict != Note {
		t.Errorf("%+v", got)
	}
}

// TestControlsCountTiesHalf: a vector that says the corpus alone knows nothing within a corpus, and the table says so.
func TestControlsCountTiesHalf(t *testing.T) {
	b := bench(t, sample(120, 9), Options{MinSide: 5})
	e, err := b.Evaluate(t.Context(), Fixed("model", fake{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	corpus := e.Controls[ControlCorpus]
	for what, got := range map[string]Estimate{"ranking": corpus.Ranked(metrics.WithinCorpus),
		"direction": corpus.Directed(metrics.WithinCorpus), "texts": corpus.TextsRanked("", metrics.WithinCorpus)} {
		if math.Abs(float64(got.Value)-.5) > 1e-9 || math.Abs(got.Interval.Low-.5) > 1e-9 ||
			math.Abs(got.Interval.High-.5) > 1e-9 {
			t.Errorf("%s of one vector a corpus: %+v, want .5", what, got)
		}
	}
	if corpus.RankingAccuracy.WithinCorpus != 0 {
		t.Errorf("with ties wrong %v, want 0, or nothing was told apart", corpus.RankingAccuracy.WithinCorpus)
	}
	gap := e.Compared["model_minus_"+ControlCorpus].RankingAccuracy.WithinCorpus
	if want := float64(e.RankingTiesHalf.WithinCorpus) - .5; math.Abs(float64(gap.Value)-want) > 1e-9 || !(gap.P > 0) {
		t.Errorf("difference %+v, want %.4f with a p", gap, want)
	}
	if e.Ranked(metrics.WithinCorpus).Value != e.RankingAccuracy.WithinCorpus {
		t.Error("a model's own ties are not wrong")
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

// TestSeveralClaimsAreSaidToBe: two differences bring the note on their number, one alone does not.
func TestSeveralClaimsAreSaidToBe(t *testing.T) {
	fine := Estimate{Value: .2, Interval: Range{.1, .3}, P: .001}
	one := claim{topic: "x", after: .7, gaps: []*gap{{Estimate: fine, over: "y"}}, judge: fallen}
	if got := together([]claim{one}); len(got) != 0 {
		t.Errorf("one difference gives %d notes", len(got))
	}
	two := one
	two.gaps = []*gap{{Estimate: fine, over: "y"}, {Estimate: fine, over: "z"}}
	got := together([]claim{one, two})
	if len(got) != 1 || got[0].Verdict != Note || !strings.HasPrefix(got[0].Sentence, "3 differences") ||
		!strings.Contains(got[0].Sentence, "at most .050") {
		t.Errorf("three differences give %+v", got)
	}
}
