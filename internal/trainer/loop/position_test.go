package loop

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hives/internal/optim"
	"hives/internal/trainer/step"
)

// TestCountersComeBack: what a checkpoint says of the host's state is what it was, before the first step and after any.
func TestCountersComeBack(t *testing.T) {
	figures := step.Values[[]float64]{{Name: "level_anchors", Value: []float64{1, .5, 0}},
		{Name: "loss_level", Value: []float64{2, 1, 0}}}
	for name, last := range map[string]*step.Result{
		"before the first step":              nil,
		"a step":                             {GradNorm: 3, Figures: figures},
		"a step that overflowed":             {GradNorm: math.NaN(), Figures: figures},
		"a loss without figures":             {GradNorm: 3},
		"a loss without figures, overflowed": {GradNorm: math.NaN()},
	} {
		was := &machine{Settings: Settings{LossScaling: true}, last: last, lossScale: optim.LossScale{Scale: 512, Good: 7,
			Skipped: 3}}
		now := &machine{Settings: Settings{LossScaling: true}, last: &step.Result{GradNorm: 9},
			lossScale: optim.NewLossScale()}
		now.setCounters(was.counters())
		if diff := cmp.Diff(was.last, now.last, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" ||
			now.lossScale != was.lossScale {
			t.Errorf("%s: %+v (-was +now):\n%s", name, now.lossScale, diff)
		}
	}
}

// TestCountersOfOlderPrograms are read by the names that they have had.
func TestCountersOfOlderPrograms(t *testing.T) {
	m := &machine{}
	m.setCounters(map[string]float64{"loss_level_0": 2, "loss_level_1": 1, "level_anchors_0": 1, "level_anchors_1": .5,
		"grad_norm": 3})
	if m.last == nil || m.last.GradNorm != 3 || cmp.Diff(m.last.Figure("loss_level"), []float64{2, 1}) != "" ||
		cmp.Diff(m.last.Figure("level_anchors"), []float64{1, .5}) != "" {
		t.Errorf("%+v", m.last)
	}
	m.setCounters(map[string]float64{"loss_scale": 1})
	if m.last != nil {
		t.Errorf("%+v of a run before its first step", m.last)
	}
}
