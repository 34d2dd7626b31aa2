package step

import (
	"github.com/gomlx/gomlx/core/tensors"
)

// Result is what a step reports.
//
// For a contrast in Stage 2:
//
//	Loss 5.1   Parts hierarchical 2.0, individual 2.1, theory 2.1   Figures loss_level [3], level_anchors [3]
//
// with 5.1 = 2.0 + .5·2.1 + 2.1, the weights being settings of the loss. A step does not know them.
type Result struct {
	Loss     float64           // what is minimised
	Parts    Values[float64]   // its unweighted terms
	Figures  Values[[]float64] // [K] each
	GradNorm float64           // before the clip
	Clip     float64           // factor applied to the gradients
}

// Finite reports whether the step's numbers are; when they are not, the update left the weights alone.
func (r *Result) Finite() bool { return r.LossFinite() && r.GradNorm-r.GradNorm == 0 }

// LossFinite tells a loss that is a number; gradients may overflow f16 without it.
func (r *Result) LossFinite() bool { return r.Loss-r.Loss == 0 }

// Figure is the figure of a name, nil where the loss has none such.
func (r *Result) Figure(name string) []float64 {
	figure, _ := r.Figures.Find(name)
	return figure
}

// resultOf reads a step's numbers.
func resultOf(out *results[*tensors.Tensor]) (r Result, err error) {
	if r.Loss, err = number(out.terms.Loss); err != nil {
		return r, err
	}
	// Every tensor is read, and by that freed, also where an earlier one failed to be read: then the run ends anyway.
	r.Parts, r.Figures = withNamesOf[float64](out.terms.Parts), withNamesOf[[]float64](out.terms.Figures)
	for i, part := range out.terms.Parts {
		if r.Parts[i].Value, err = number(part.Value); err != nil {
			return r, err
		}
	}
	for i, figure := range out.terms.Figures {
		if r.Figures[i].Value, err = floats(figure.Value); err != nil {
			return r, err
		}
	}
	if r.GradNorm, err = number(out.norm); err != nil {
		return r, err
	}
	r.Clip, err = number(out.clip)
	return r, err
}
