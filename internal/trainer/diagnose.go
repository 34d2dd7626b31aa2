package trainer

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
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

// Probe computes loss and gradients of a batch. It compiles a graph of its own, over all packs at once, so it
// is for a look at a single step. Norms are taken in float64: they are finite exactly where every element is.
func (s *Stepper) Probe(b *Batch) (*Probe, error) {
	packs := len(b.Packs)
	exec, err := s.newGraph(packs, func(in []*Node) []*Node {
		var parts []*Node
		for i := range packs {
			parts = append(parts, s.embed(in[3*i:]))
		}
		loss := s.Objective.of(Concatenate(parts, 0), in[3*packs:]).loss
		grads := Gradient(loss, s.nodes(loss.Graph())...)
		norms := make([]*Node, len(grads))
		for i, grad := range grads {
			norms[i] = Sqrt(ReduceAllSum(Square(ConvertDType(grad, dtypes.Float64))))
		}
		return float64s([]*Node{loss, Stack(norms, 0)})
	})
	if err != nil {
		return nil, err
	}
	defer exec.exec.Finalize()
	var in []any
	for i := range b.Packs {
		part, err := s.packInputs(&b.Packs[i])
		if err != nil {
			return nil, err
		}
		in = append(in, part...)
	}
	out, err := call(exec, in, b.labelInputs())
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	p := &Probe{Loss: Number(out[0][0])}
	for i, norm := range out[1] {
		p.Gradients = append(p.Gradients, TensorNorm{s.params[i].Path(), Number(norm)})
	}
	return p, nil
}

// Number is a figure that may be no number: JSON, which has no word for that, gets null.
type Number float64

func (n Number) finite() bool { return n-n == 0 }

// UnmarshalJSON reads what MarshalJSON writes; null is NaN.
func (n *Number) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(raw, (*float64)(n))
}

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
