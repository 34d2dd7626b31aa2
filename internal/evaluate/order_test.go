package evaluate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/vidb"
)

// gradedWorld is texts of two corpora with people's grades: corpus b stands lower, and within each corpus the grade
// follows the signal.
func gradedWorld(n int) (*vidb.Value, map[string][]float32) {
	random := rand.New(rand.NewPCG(7, 8))
	v, vectors := &vidb.Value{About: vidb.About{ValueID: "mft/care-harm"}}, map[string][]float32{}
	for i := range n {
		signal, corpus, below := random.NormFloat64(), "a", 0.
		if i%2 == 1 {
			corpus, below = "b", 6
		}
		text := fmt.Sprintf("deed number %d", i)
		grade := math.Round(max(-2, min(2, signal+.3*random.NormFloat64())))
		v.Texts = append(v.Texts, vidb.Text{ID: fmt.Sprint(i), Text: text, Group: fmt.Sprint("g", i/2), Corpus: corpus,
			People: vidb.People{Measure: vidb.Judged, Grades: []float64{grade}}})
		v.Scores = append(v.Scores, vidb.Score{Final: 2*grade - below + 2, Status: vidb.Accepted})
		vectors[text] = []float32{float32(signal), float32(below)}
	}
	return v, vectors
}

// Who knows the signal puts pairs of one corpus into people's order. Who knows the corpus alone, which tells much of
// the variance, has chance, and so has the mean, exactly.
func TestPeoplesOrderIsWithinACorpus(t *testing.T) {
	v, vectors := gradedWorld(300)
	knows := func(text string) []float32 { return vectors[text] }
	blind := func(text string) []float32 { return vectors[text][1:] }
	table, err := Intensities(context.Background(), v, []Named{Fixed("knows", formula(knows)),
		Fixed("blind", formula(blind))}, IntensityOptions{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]IntensityOf{}
	for _, s := range table.Systems {
		of[s.System] = s
	}
	if s := of["knows"]; s.Order < .85 || s.OrderLo > s.Order || s.OrderHi < s.Order || s.OrderHi-s.OrderLo > .1 {
		t.Errorf("knows: %+v", s)
	}
	for _, name := range []string{"knows, shuffled", "blind", "corpus alone", "constant mean"} {
		if s := of[name]; s.OrderLo > .5 || s.OrderHi < .5 {
			t.Errorf("control %s: %.3f (%.3f – %.3f), want chance", name, s.Order, s.OrderLo, s.OrderHi)
		}
	}
	if s := of["constant mean"]; s.Order != .5 {
		t.Errorf("the constant mean puts %.4f of the pairs right", s.Order)
	}
	if s := of["corpus alone"]; s.R2 < .4 {
		t.Errorf("the corpus tells R² %.2f: the control controls nothing", s.R2)
	}
	if len(table.Shown) != shownTexts || table.Pairs == 0 {
		t.Fatalf("%d texts, %d pairs", len(table.Shown), table.Pairs)
	}
	if !slices.IsSortedFunc(table.Shown, func(a, b IntensityText) int { return int(math.Copysign(1, b.Score-a.Score)) }) {
		t.Error("the texts are not in the order of their scores")
	}
	for _, s := range table.Shown {
		if math.IsNaN(s.People) || s.Lo > s.Told || s.Hi < s.Told || s.Lo < -10 || s.Hi > 10 {
			t.Errorf("%+v", s)
		}
	}
}

// ordered against counting by hand, with ties.
func TestOrderedCountsPairs(t *testing.T) {
	v, _ := gradedWorld(40)
	random := rand.New(rand.NewPCG(1, 1))
	kept, folds, predicted, of := []int{}, []int{}, []float64{}, [][]int{}
	for i := range v.Texts {
		folds = append(folds, i*i%3)
		kept, predicted, of = append(kept, i), append(predicted, math.Round(3*random.NormFloat64())), append(of, []int{i})
	}
	var s IntensityOf
	pairs := peoplePairs(v, kept, folds, 1)
	s.ordered(predicted, pairs, of, 1)
	var right, all float64
	for a, x := range v.Texts {
		for b, y := range v.Texts {
			if a == b || folds[a] != folds[b] || x.Corpus != y.Corpus || x.People.Grades[0] <= y.People.Grades[0] {
				continue
			}
			all++
			if predicted[a] == predicted[b] {
				right += .5
			} else if predicted[a] > predicted[b] {
				right++
			}
		}
	}
	if len(pairs) != int(all) || math.Abs(float64(s.Order)-right/all) > 1e-12 {
		t.Errorf("%d pairs, %.4f; want %v, %.4f", len(pairs), s.Order, all, right/all)
	}
}

// What a model was trained on is left out.
func TestSeenTextsAreLeftOut(t *testing.T) {
	v, vectors := gradedWorld(300)
	o := IntensityOptions{Seen: func(text vidb.Text) bool { return text.Corpus == "b" }}
	table, err := Intensities(context.Background(), v,
		[]Named{Fixed("m", formula(func(text string) []float32 { return vectors[text] }))}, o)
	if err != nil || table.Texts != 150 {
		t.Errorf("%+v, %v", table, err)
	}
}
