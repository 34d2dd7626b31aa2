package step

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/internal/figure"
)

// Probe is a batch looked at without an update.
type Probe struct {
	Loss      Number
	Gradients []TensorNorm // in the order of Parameters.Trained
}

// TensorNorm is the L2 norm of one parameter's gradient, before the clip.
type TensorNorm struct {
	Name string `json:"name"`
	Norm Number `json:"norm"`
}

// NotFinite names the first thing that is not a number: the loss, or the first gradient; "" if all are.
func (p *Probe) NotFinite() string {
	if !p.Loss.Known() {
		return "the loss"
	}
	for _, g := range p.Gradients {
		if !g.Norm.Known() {
			return "the gradient of " + g.Name
		}
	}
	return ""
}

// Probe computes loss and gradients of a batch. It compiles a graph of its own, over all micro-batches at once, so it
// is for a look at a single step. Norms are taken in float64: they are finite exactly where every element is.
//
// Its gradients may differ from the step's in the last bits: they come from another graph, which adds up in
// another order. What is finite in one is finite in the other, but for sums at the very edge of the type.
func (s *Stepper) Probe(b *Batch) (*Probe, error) {
	g, err := s.newGraph(s.buildProbe)
	if err != nil {
		return nil, err
	}
	defer g.close()
	// All micro-batches in one graph: that takes the memory that a run with several may not have. It is one step, on a
	// machine that somebody sits at.
	in := &arguments[any]{loss: b.Loss}
	for i := range b.Micro {
		inputs, err := b.Micro[i].inputs()
		if err != nil {
			return nil, err
		}
		in.micro = append(in.micro, inputs)
	}
	out, err := g.call(in)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	loss, err := number(out.terms.Loss)
	if err != nil {
		return nil, err
	}
	norms, err := floats(out.norms)
	p := &Probe{Loss: Number(loss)}
	for i, norm := range norms {
		p.Gradients = append(p.Gradients, TensorNorm{s.params.Trained[i].Path(), Number(norm)})
	}
	return p, err
}

// buildProbe: all micro-batches, the loss's inputs → loss and the norm of each gradient.
func (s *Stepper) buildProbe(in *arguments[*Node]) *results[*Node] {
	var outputs []*Node
	for _, m := range in.micro {
		outputs = append(outputs, s.forward(m))
	}
	loss := s.objective.Loss(Concatenate(outputs, 0), in.loss).Loss
	norms := Gradient(loss, s.nodes(loss.Graph())...)
	for i, grad := range norms {
		// In float64 a square of the largest float32 is 1e77: the norm overflows for no other reason than its elements.
		norms[i] = Sqrt(ReduceAllSum(Square(ConvertDType(grad, dtypes.Float64))))
	}
	return &results[*Node]{terms: Terms[*Node]{Loss: loss}, norms: Stack(norms, 0)}
}

// Number is a figure that may be no number.
type Number = figure.Number

// Numbers are figures that may be no numbers.
func Numbers(xs []float64) []Number {
	out := make([]Number, len(xs))
	for i, x := range xs {
		out[i] = Number(x)
	}
	return out
}
