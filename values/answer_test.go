package values_test

import (
	"fmt"
	"math"
	"testing"

	"hives/data"
	"hives/values"
)

func fmtText(corpus, topic, side string, n int) string {
	return fmt.Sprintf("%s %s %s %d", corpus, topic, side, n)
}

// answers counts what a set says of texts and values.
type answers struct{ all, answered, sided, right int }

// ask goes over texts of both sides of care and fairness in every corpus, and all values.
func ask(t *testing.T, s *values.Set) (a answers) {
	t.Helper()
	all, _ := s.Select(values.Filter{})
	for _, corpus := range []string{"A", "B", "P", "M"} {
		for _, topic := range []string{"care", "fairness"} {
			for i := range 40 {
				side := []string{"pro", "con"}[i%2]
				for _, score := range s.Scores(newWorld().vector(fmtText(corpus, topic, side, 9000+i)), all) {
					a.all++
					if score.Answer == values.Unsure {
						continue
					}
					a.answered++
					if score.Answer != values.About {
						a.sided++
						if score.Value.ID == topics[topic] && (score.Answer == values.Supports) == (side == "pro") {
							a.right++
						}
					}
				}
			}
		}
	}
	return a
}

// TestAnswersAreRightWhereThereIsSomethingToFind, and few are given where labels were dealt out anew.
func TestAnswersAreRightWhereThereIsSomethingToFind(t *testing.T) {
	train, held := worldRows(t, 0, 120), worldRows(t, 1000, 40)
	a := ask(t, worldSet(t, train, held, worldOptions()))
	t.Logf("true labels: %+v", a)
	if float64(a.answered) < .25*float64(a.all) || float64(a.sided) < .5*float64(a.answered) ||
		float64(a.right) < .85*float64(a.sided) {
		t.Errorf("of %d pairs %d are answered, %d with a side, %d of them right", a.all, a.answered, a.sided, a.right)
	}
	var p answers
	for k := range uint64(6) {
		a := ask(t, worldSet(t, data.PermuteLabels(train, 2*k), data.PermuteLabels(held, 2*k+1), worldOptions()))
		p.all += a.all
		p.answered += a.answered
		p.sided += a.sided
	}
	t.Logf("permuted labels: %+v", p)
	if float64(p.answered) > .05*float64(p.all) || float64(p.sided) > .02*float64(p.all) {
		t.Errorf("on permuted labels %d of %d pairs are answered, %d with a side", p.answered, p.all, p.sided)
	}
}

// TestNoAnswerWithoutEvidence: nothing is said by a set to which nothing was held, nor of what the guard stops.
func TestNoAnswerWithoutEvidence(t *testing.T) {
	train, held := worldRows(t, 0, 120), worldRows(t, 1000, 40)
	o := worldOptions()
	o.Sides = values.Pooled
	if a := ask(t, worldSet(t, train, nil, o)); a.answered != 0 || a.all == 0 {
		t.Errorf("without held-out rows: %+v", a)
	}
	s := worldSet(t, train, held, worldOptions())
	all, _ := s.Select(values.Filter{})
	said := 0
	for i := range 200 {
		for _, score := range s.Scores(newWorld().vector(fmt.Sprint("no text of this world ", i)), all) {
			if score.Answer != values.Unsure {
				said++
				break
			}
		}
	}
	if said > 10 {
		t.Errorf("of 200 texts of another kind %d are answered", said)
	}
}

// TestProbabilitiesAreCalibrated asks new texts of the corpora's own kind and compares shares with probabilities.
func TestProbabilitiesAreCalibrated(t *testing.T) {
	s := worldSet(t, worldRows(t, 0, 120), worldRows(t, 1000, 60), worldOptions())
	v := find(t, s, care)
	var sum, share, n float64
	for _, r := range worldRows(t, 4000, 60) {
		p := v.About.At(newWorld().vector(r.Text)).P
		if p < .2 || p > .8 { // the sure ones say little of calibration
			continue
		}
		sum += p
		n++
		if r.Level1 == v.Path[0] {
			share++
		}
	}
	if n < 50 || math.Abs(sum-share)/n > .12 {
		t.Errorf("of %v texts with probabilities between .2 and .8 a share of %.3f is about it, foretold were %.3f", n,
			share/n, sum/n)
	}
	rows := 0
	for _, tenth := range v.About.Curve {
		rows += tenth.Rows
	}
	if rows != v.About.AUC.Positives+v.About.AUC.Negatives {
		t.Errorf("the reliability curve counts %d texts, %d were held out", rows, v.About.AUC.Positives+v.About.AUC.Negatives)
	}
}

// TestTextsOfSeveralLabelsAndTwoParents: a text is one observation whatever its rows, about every value that one of
// them is on, under each parent; rows on both sides answer neither.
func TestTextsOfSeveralLabelsAndTwoParents(t *testing.T) {
	const home, twin, parent, other = "svt/openness-to-change/hedonism", "svt/self-enhancement/hedonism",
		"svt/openness-to-change", "svt/conservation/tradition"
	rows := func(from int) (out []data.Row) {
		add := func(id, topic string, i int, direction int32) {
			r := row(t, id, fmtText("A", topic, "pro", from+i), direction, fmt.Sprint(from+i))
			r.Corpus = "A"
			out = append(out, r)
		}
		for i := range 40 {
			add(home, "care", i, 1)
			add("svt/openness-to-change/stimulation", "care", i, -1) // two rows under one parent, on unlike sides
			add(other, "fairness", i, 1)
		}
		return out
	}
	s := worldSet(t, rows(0), rows(1000), worldOptions())
	a, b, p := find(t, s, home), find(t, s, twin), find(t, s, parent)
	for _, v := range []*values.Value{a, b, p, find(t, s, other)} {
		if v.About == nil || v.About.Yes != 40 || v.About.No != 40 || v.About.AUC.Positives != 40 {
			t.Errorf("%s: %+v, want 40 texts about it and 40 not", v.ID, v.About)
		}
	}
	text := newWorld().vector(fmtText("A", "care", "pro", 5000))
	if a.About.At(text) != b.About.At(text) || a.About.At(text) != p.About.At(text) {
		t.Error("the nodes of one value, and the parent of the same texts, answer differently")
	}
	if p.Supports != 40 || p.Opposes != 40 || p.Support != nil {
		t.Errorf("%s has %d supporting and %d opposing rows and a head for sides %+v: every text has rows on both", p.ID,
			p.Supports, p.Opposes, p.Support)
	}
}

func TestPercentile(t *testing.T) {
	held := worldRows(t, 1000, 40)
	s := worldSet(t, worldRows(t, 0, 120), held, worldOptions())
	v := find(t, s, care)
	for _, text := range []string{fmtText("A", "care", "pro", 7000), fmtText("M", "loyalty", "con", 7000), "elsewhere"} {
		x := newWorld().vector(text)
		cosine := s.TextCosine(x, v)
		below := 0
		for i := range held {
			if s.TextCosine(newWorld().vector(held[i].Text), v) < cosine {
				below++
			}
		}
		want := 100 * float64(below) / float64(len(held))
		if got := s.Scores(x, []*values.Value{v})[0].Percentile; math.Abs(got-want) > 1.2 {
			t.Errorf("%q: percentile %v, want %v", text, got, want)
		}
	}
}

// BenchmarkScores is one text against every value, each with a vector and both heads of 1,024 numbers.
func BenchmarkScores(b *testing.B) {
	const d = 1024
	enc := newFake(d)
	s := &values.Set{Theories: []values.Theory{{Theory: "mft", Mean: enc.vector("mean"),
		Guard: &values.Guard{Weights: enc.vector("guard")}}}}
	for i := range 300 {
		x := enc.vector(fmt.Sprint(i))
		h := &values.Head{Weights: x, Intercepts: []float64{0, 1, -1}}
		s.Values = append(s.Values, values.Value{ID: fmt.Sprint(i), Theory: "mft", Kind: values.Prototype, Vector: x,
			About: h, Support: h, Background: x[:101]})
	}
	all, _ := s.Select(values.Filter{})
	text := enc.vector("text")
	for b.Loop() {
		s.Scores(text, all)
	}
}
