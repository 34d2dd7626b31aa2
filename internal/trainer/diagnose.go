package trainer

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/losses"
)

// Diagnose finds what stopped being a number in a batch whose step was not finite: the loss, or the
// first tensor whose gradient is. It compiles a graph of its own, so it is for the end of a run.
func (s *Stepper) Diagnose(backend compute.Backend, o StepOptions, b *Batch) (what string, err error) {
	exec, err := model.NewExec(backend, s.model.Store, func(_ *model.Scope, in []*Node) []*Node {
		z := s.model.Raw(in[0], in[1], o.Pooling, o.Arithmetic)
		loss := losses.Hierarchical(o.Loss, z, in[2], in[3], in[4]).Loss
		weights := make([]*Node, len(s.params))
		for i, p := range s.params {
			weights[i] = p.NodeValue(loss.Graph())
		}
		finite := []*Node{IsFinite(loss)}
		for _, grad := range Gradient(loss, weights...) {
			finite = append(finite, LogicalAll(IsFinite(grad)))
		}
		return []*Node{Stack(finite, 0)}
	})
	if err != nil {
		return "", err
	}
	defer exec.Finalize()
	out, err := exec.Call(b.inputs()...)
	if err != nil {
		return "", fmt.Errorf("diagnose: %w", err)
	}
	flags, err := tensors.CopyFlatData[bool](out[0])
	if err != nil {
		return "", fmt.Errorf("diagnose: %w", err)
	}
	for i, ok := range flags {
		if !ok && i == 0 {
			return "the loss", nil
		}
		if !ok {
			return "the gradient of " + s.params[i-1].Path(), nil
		}
	}
	return "the sum of squared gradients", nil
}
