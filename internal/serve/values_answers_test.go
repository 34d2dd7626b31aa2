package serve_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"hives/internal/logistic"
	"hives/internal/rig/servetest"
	hivesv1 "hives/proto/hives/v1"
	"hives/values"
)

// answering gives a set heads, a guard and a background by hand: care is told with its side, fairness without, power
// has no vector, and texts that point away from the first axis make no sense.
func answering(t *testing.T) *values.Set {
	t.Helper()
	s := valueSet(t)
	sharp := logistic.Calibration{Slope: 6, Low: -5, High: 5, Covariance: [3]float64{.01, 0, .01}}
	head := func(axis int, auc values.Figure) *values.Head {
		h := &values.Head{AUC: auc, Calibration: sharp, Intercepts: []float64{0}, Weights: make([]float32, servetest.Dim)}
		h.Weights[axis] = 3
		return h
	}
	good, chance := values.Figure{AUC: .75, Low: .625, High: .875, Positives: 20, Negatives: 30, Groups: 40},
		values.Figure{AUC: .625, Low: .5, High: .75}
	care, _ := s.Find("mft/care-harm")
	care.About, care.Support = head(1, good), head(2, good)
	care.Background = make([]float32, 101)
	for k := range care.Background {
		care.Background[k] = float32(k)/50 - 1
	}
	care.Evidence = &values.Evidence{Sides: &good}
	care.Rests = []values.Rest{{Corpus: "c", Supports: 5, Opposes: 4, Weight: 1}}
	fairness, _ := s.Find("mft/fairness-cheating")
	fairness.About, fairness.Support = head(1, good), head(2, chance)
	power, _ := s.Find("svt/self-enhancement/power")
	power.Kind, power.Vector, power.Note, power.Spread = values.Unsupported, nil, "not borne out", nil
	power.About = head(3, chance)
	for i := range s.Theories {
		s.Theories[i].Guard = &values.Guard{Weights: make([]float32, servetest.Dim)}
		s.Theories[i].Guard.Weights[0] = 1
	}
	path := filepath.Join(t.TempDir(), "answering.db")
	err := s.Write(path)
	if err == nil {
		s, err = values.Open(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestScoreTextsAnswers sends many texts and holds every field to package values.
func TestScoreTextsAnswers(t *testing.T) {
	set := answering(t)
	c, _ := startValues(t, set)
	all, _ := set.Select(values.Filter{})
	seen, senseless := map[hivesv1.Answer]int{}, 0
	for i := range 60 {
		text := fmt.Sprintf("a text %d", i)
		got, err := c.ScoreTexts(ctx(t), &hivesv1.ScoreTextsRequest{Texts: []string{text}, TopK: 100})
		if err != nil {
			t.Fatal(err)
		}
		r, expected := got.Results[0], set.Scores(want(t, text), all)
		if len(r.Scores) != len(expected) || r.Sense != set.Sense(want(t, text)) {
			t.Fatalf("%q: %d scores and sense %v, want %d", text, len(r.Scores), r.Sense, len(expected))
		}
		if !r.Sense {
			senseless++
		}
		for k, s := range r.Scores {
			seen[s.Answer]++
			e := expected[k]
			if s.ValueId != e.Value.ID || s.Answer.String() != "ANSWER_"+strings.ToUpper(string(e.Answer)) {
				t.Errorf("%q: %v, want %s of %s", text, s, e.Answer, e.Value.ID)
			}
			sameProbability(t, s.About, e.About)
			sameProbability(t, s.Supports, e.Support)
			if (s.Percentile == nil) != math.IsNaN(e.Percentile) || s.Percentile != nil &&
				math.Abs(float64(*s.Percentile)-e.Percentile) > 1e-3 {
				t.Errorf("%q: percentile %v, want %v", text, s.Percentile, e.Percentile)
			}
			if vectorless := s.Kind == hivesv1.VectorKind_VECTOR_KIND_UNSUPPORTED; vectorless &&
				(s.Cosine != 0 || s.Strength != 0 || s.Margin != nil || k != len(r.Scores)-1) {
				t.Errorf("%q: a value without a vector has %v at place %d", text, s, k)
			}
		}
	}
	for answer := range hivesv1.Answer_name {
		if n := seen[hivesv1.Answer(answer)]; (n > 0) != (answer != 0) {
			t.Errorf("%v was answered %d times", hivesv1.Answer(answer), n)
		}
	}
	if senseless == 0 || senseless == 60 {
		t.Errorf("%d of 60 texts make no sense", senseless)
	}
}

func sameProbability(t *testing.T, got *hivesv1.Probability, want *values.Probability) {
	t.Helper()
	if (got == nil) != (want == nil) {
		t.Errorf("probability %v, want %v", got, want)
		return
	}
	if got != nil &&
		math.Abs(float64(got.Value)-want.P)+math.Abs(float64(got.Low)-want.Low)+math.Abs(float64(got.High)-want.High) > 1e-5 {
		t.Errorf("probability %v, want %v", got, want)
	}
}

func TestListValuesTellsTheEvidence(t *testing.T) {
	c, _ := startValues(t, answering(t))
	got, err := c.ListValues(ctx(t),
		&hivesv1.ListValuesRequest{Filter: &hivesv1.ValueFilter{ValueIds: []string{"mft/care-harm",
			"svt/self-enhancement/power", "duty/fidelity"}}})
	if err != nil || len(got.Values) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	power, care, duty := got.Values[0], got.Values[1], got.Values[2]
	if e := care.Evidence; e.GetSides().GetLow() != .625 || e.GetAbout().GetPositives() != 20 ||
		e.GetSupports().GetGroups() != 40 || e.Corpora != nil || e.Prototype != nil {
		t.Errorf("care: %v", e)
	}
	if len(care.RestsOn) != 1 || care.RestsOn[0].Opposing != 4 || got.Vectors.Sides != "pooled" {
		t.Errorf("it rests on %v, of sides %q", care.RestsOn, got.Vectors.Sides)
	}
	if power.Kind != hivesv1.VectorKind_VECTOR_KIND_UNSUPPORTED || power.Reason == "" ||
		power.Evidence.GetAbout().GetLow() != .5 || duty.Evidence != nil {
		t.Errorf("power: %v, duty: %v", power, duty)
	}
	unsupported := &hivesv1.ValueFilter{Kinds: []hivesv1.VectorKind{hivesv1.VectorKind_VECTOR_KIND_UNSUPPORTED}}
	if got, err = c.ListValues(ctx(t), &hivesv1.ListValuesRequest{Filter: unsupported}); err != nil ||
		len(got.Values) != 1 {
		t.Errorf("the unsupported ones: %v, %v", got, err)
	}
	vector, err := c.GetValueVector(ctx(t), &hivesv1.GetValueVectorRequest{ValueId: power.ValueId})
	if err != nil || vector.Vector != nil {
		t.Errorf("a vector that is not borne out: %v, %v", vector, err)
	}
	_, err = c.NearestValues(ctx(t),
		&hivesv1.NearestValuesRequest{Query: &hivesv1.Query{Of: &hivesv1.Query_ValueId{ValueId: power.ValueId}}})
	refusal(t, err, codes.FailedPrecondition, "MISMATCH")
}
