package trainer

import (
	"encoding/json"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Probe is a batch looked at without an update.
type Probe struct {
	Loss      Number
	Gradients []TensorNorm // in the order of the model's layout
}

// TensorNorm is the L2 norm of one parameter's gradient, before the clip.
type TensorNorm struct {
	Name string `json:"name"`
	Norm Number `json:"norm"`
}

// NotFinite names the first thing that is not a number: the loss, or the first gradient; "" if all are.
func (p *Probe) NotFinite() string {
	if !p.Loss.finite() {
		return "the loss"
	}
	for _, g := range p.Gradients {
		if !g.Norm.finite() {
			return "the gradient of " + g.Name
		}
	}
	return ""
}

// Probe computes loss and gradients of a batch. It compiles a graph of its own, so it is for a look at a
// single step. Norms are taken in float64: they are finite exactly where every element is.
func (s *Stepper) Probe(backend compute.Backend, o StepOptions, b *Batch) (*Probe, error) {
	exec, err := model.NewExec(backend, s.model.Store, func(_ *model.Scope, in []*Node) []*Node {
		result, grads := s.differentiate(o, in)
		norms := make([]*Node, len(grads))
		for i, grad := range grads {
			norms[i] = Sqrt(ReduceAllSum(Square(ConvertDType(grad, dtypes.Float64))))
		}
		return []*Node{ConvertDType(result.Loss, dtypes.Float64), Stack(norms, 0)}
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	out, err := exec.Call(b.inputs()...)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	loss, norms := tensors.ToScalar[float64](out[0]), out[1]
	flat, err := tensors.CopyFlatData[float64](norms)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	p := &Probe{Loss: Number(loss)}
	for i, norm := range flat {
		p.Gradients = append(p.Gradients, TensorNorm{s.params[i].Path(), Number(norm)})
	}
	return p, nil
}

// Number is a figure that may be no number: JSON, which has no word for that, gets null.
type Number float64

func (n Number) finite() bool { return n-n == 0 }

// MarshalJSON writes the shortest decimal that reads back as the same number.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.finite() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

func numbers(xs []float64) []Number {
	out := make([]Number, len(xs))
	for i, x := range xs {
		out[i] = Number(x)
	}
	return out
}
