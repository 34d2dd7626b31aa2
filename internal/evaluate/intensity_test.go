package evaluate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"hives/encoder"
	"hives/internal/fault"
	"hives/vidb"
)

// formula embeds by a function of the text.
type formula func(text string) []float32

func (f formula) Encode(_ context.Context, in []encoder.Input) (out [][]float32, id encoder.Identity, err error) {
	for _, i := range in {
		out = append(out, f(i.Text))
	}
	return out, encoder.Identity{Dimension: len(out[0])}, nil
}

// world is texts whose scores follow from their number, and their group's from its own.
func intensityWorld(n, groups int, groupSD float64) (*vidb.Value, map[string][]float32) {
	random := rand.New(rand.NewPCG(1, 2))
	v, vectors := &vidb.Value{About: vidb.About{ValueID: "mft/care-harm"}}, map[string][]float32{}
	offset, mark := make([]float64, groups), make([][]float32, groups)
	for g := range offset {
		offset[g], mark[g] = groupSD*random.NormFloat64(), make([]float32, 24)
		for d := range mark[g] {
			mark[g][d] = float32(random.NormFloat64())
		}
	}
	for i := range n {
		g, signal := i%groups, random.NormFloat64()
		text := fmt.Sprintf("deed number %d", i)
		v.Texts = append(v.Texts, vidb.Text{ID: fmt.Sprint(i), Text: text, Group: fmt.Sprint("g", g)})
		score := max(-10, min(10, 2*signal+offset[g]+.5*random.NormFloat64()))
		v.Scores = append(v.Scores, vidb.Score{Final: score, Status: vidb.Accepted})
		vectors[text] = append([]float32{float32(signal)}, mark[g]...)
	}
	return v, vectors
}

func measured(t *testing.T, v *vidb.Value, f formula) map[string]IntensityOf {
	t.Helper()
	table, err := Intensities(context.Background(), v, []Named{Fixed("model", f)}, IntensityOptions{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]IntensityOf{}
	for _, s := range table.Systems {
		out[s.System] = s
	}
	return out
}

// Vectors that hold the score tell it; dealt out anew, or without it, they tell nothing, and neither does the mean.
func TestVectorsThatTellScores(t *testing.T) {
	v, vectors := intensityWorld(400, 80, 0)
	got := measured(t, v, func(text string) []float32 { return vectors[text] })
	if m := got["model"]; m.R2 < .85 || m.Lo > m.R2 || m.Hi < m.R2 || m.Hi-m.Lo > .2 {
		t.Errorf("model %+v", m)
	}
	for _, none := range []string{"model, shuffled", "constant mean", "TF-IDF"} {
		if s, known := got[none]; !known || s.R2 > .03 {
			t.Errorf("%s: %+v", none, s)
		}
	}
	if _, known := got["corpus alone"]; known {
		t.Error("one corpus is a control")
	}
	for i := range v.Texts {
		v.Texts[i].Corpus = []string{"opposing", "supporting"}[min(1, int(max(0, v.Scores[i].Final+.5)))]
	}
	two := measured(t, v, func(text string) []float32 { return vectors[text] })["corpus alone"]
	if two.R2 < .4 || two.R2 > .9 {
		t.Errorf("a corpus for each side: %+v", two)
	}
	blind := measured(t, v, func(text string) []float32 { return vectors[text][1:] })
	if blind["model"].R2 > .03 {
		t.Errorf("vectors without the score: %+v", blind["model"])
	}
}

// What a group has in common cannot be learned from the group itself: its texts stand in one fold. Control: with every
// text a group of its own the same vectors tell it.
func TestGroupsAreUnseen(t *testing.T) {
	v, vectors := intensityWorld(400, 20, 3)
	marks := formula(func(text string) []float32 { return vectors[text][1:] })
	if r2 := measured(t, v, marks)["model"].R2; r2 > .1 {
		t.Errorf("vectors that know the group alone have R² %.2f on unseen groups", r2)
	}
	for i := range v.Texts {
		v.Texts[i].Group = ""
	}
	if r2 := measured(t, v, marks)["model"].R2; r2 < .5 {
		t.Errorf("control: with seen groups R² %.2f", r2)
	}
}

func TestTooFewScores(t *testing.T) {
	v, vectors := intensityWorld(fewestTexts+10, 20, 0)
	for i := range 20 {
		v.Scores[i].Status = vidb.Unseen
	}
	model := formula(func(s string) []float32 { return vectors[s] })
	_, err := Intensities(context.Background(), v, []Named{Fixed("m", model)}, IntensityOptions{})
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "90 scored") {
		t.Errorf("%v", err)
	}
}
