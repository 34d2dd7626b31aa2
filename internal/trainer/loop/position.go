package loop

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"hives/internal/optim"
	"hives/internal/trainer/step"
)

// Names of checkpoints.Meta.Counters. A figure of the loss has one for each place: loss_level_0, loss_level_1, …
const (
	counterScale    = "loss_scale"
	counterGood     = "loss_scale_good_steps"
	counterSkipped  = "loss_scale_skipped_steps"
	counterGradNorm = "grad_norm"
	counterFigure   = "%s_%d"
	// counterNoNorm stands for a gradient norm that is not finite where no figure tells that there was a step.
	counterNoNorm = "grad_norm_not_finite"
)

// counters are the state of the host that is no tensor, the figures of the newest step among them: a validation
// that a signal cut short is logged with them after a resume. setCounters takes them back.
//
// Invariant: setCounters undoes counters (TestCountersComeBack).
//
// Example: after step 400 in f16, 3 of them skipped, of a contrast with three levels:
//
//	loss_scale 8192, loss_scale_good_steps 388, loss_scale_skipped_steps 3, grad_norm 0.71,
//	loss_level_0 2.1, loss_level_1 2.4, loss_level_2 0, level_anchors_0 1, level_anchors_1 .8, level_anchors_2 0
func (m *machine) counters() map[string]float64 {
	c := map[string]float64{}
	if m.LossScaling {
		s := m.lossScale
		c[counterScale], c[counterGood], c[counterSkipped] = s.Scale, float64(s.Good), float64(s.Skipped)
	}
	// Before the first step a validation logs no figures of one, resumed or not.
	if m.last == nil {
		return c
	}
	switch norm := m.last.GradNorm; {
	case norm-norm == 0:
		c[counterGradNorm] = norm
	case len(m.last.Figures) == 0: // gradients that overflow f16 have none
		c[counterNoNorm] = 1
	}
	for _, figure := range m.last.Figures {
		for i, x := range figure.Value {
			c[fmt.Sprintf(counterFigure, figure.Name, i)] = x
		}
	}
	return c
}

func (m *machine) setCounters(c map[string]float64) {
	if scale := c[counterScale]; m.LossScaling && scale > 0 {
		m.lossScale = optim.LossScale{Scale: scale, Good: int(c[counterGood]), Skipped: int(c[counterSkipped])}
	}
	// A step whose norm was not finite is told by its figures alone: the norm is no number again.
	last := &step.Result{GradNorm: math.NaN(), Figures: figuresIn(c)}
	norm, known := c[counterGradNorm]
	if known {
		last.GradNorm = norm
	}
	m.last = nil
	if known || c[counterNoNorm] > 0 || len(last.Figures) > 0 {
		m.last = last
	}
}

// figuresIn finds the figures among counters: their names end in a place, and the places of each begin at 0.
func figuresIn(c map[string]float64) (figures step.Values[[]float64]) {
	for _, key := range slices.Sorted(maps.Keys(c)) {
		name, ok := strings.CutSuffix(key, "_0")
		if !ok {
			continue
		}
		var values []float64
		// Places are counted up until one is missing; a name that ends in _0 by itself is a figure of one place.
		for x, more := c[key], true; more; x, more = c[name+"_"+strconv.Itoa(len(values))] {
			values = append(values, x)
		}
		figures = append(figures, step.Named[[]float64]{Name: name, Value: values})
	}
	return figures
}
