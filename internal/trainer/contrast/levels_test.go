package contrast

import (
	"encoding/json"
	"strings"
	"testing"

	"hives/data"
	"hives/internal/trainer/step"
)

// TestLevelsThatAreNotThereAreAbsent has rows of two levels, a batch in which one of them has no positive, and a third
// level that no row has.
func TestLevelsThatAreNotThereAreAbsent(t *testing.T) {
	labels := &data.Labels{Levels: [][3]int32{{0, 1, data.Missing}, {0, data.Missing, data.Missing}}}
	r := &step.Result{Figures: step.Values[[]float64]{{Name: figureLevels, Value: []float64{2.5, 0, 0}},
		{Name: figureAnchors, Value: []float64{1, 0, 0}}}}
	task := &Task{Inputs: &Inputs{corpus: &Corpus{Labels: labels}}}
	raw, err := json.Marshal(task.line(&Batch{})(r))
	if err != nil {
		t.Fatal(err)
	}
	if want := `"level_anchors":[1,0,null],"loss_levels":[2.5,null,null]`; !strings.Contains(string(raw), want) {
		t.Errorf("%s, want %s", raw, want)
	}
}

// TestOneLossHasOneName: what the two stages measure on held-out rows is one loss, which in Stage 2 is not the loss
// that the run minimises.
func TestOneLossHasOneName(t *testing.T) {
	loss, mean := 3.25, .125
	one := Validation{Loss: &loss, SimilarityCorrelationCorpusMean: &mean,
		SimilarityCorrelation: Scoped{"within_corpus": &loss}}
	two := Validation{LossHierarchical: &loss}
	for v, want := range map[*Validation][2]string{&one: {"loss", " loss 3.250"}, &two: {"loss_hierarchical",
		"hierarchical loss 3.250"}} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(raw, &fields); err != nil {
			t.Fatal(err)
		}
		_, hasLoss := fields["loss"]
		if fields[want[0]] != loss || hasLoss != (want[0] == "loss") || !strings.Contains(v.String(), want[1]) {
			t.Errorf("%s\n%s", raw, v)
		}
		if got := figures()["loss"](v); got == nil || *got != -loss {
			t.Errorf("the figure that log.best names: %v", got)
		}
	}
	if s := one.String(); !strings.Contains(s, "mean over corpora .125") || strings.Contains(s, "correlation – (within") {
		t.Errorf("%s", s)
	}
}
