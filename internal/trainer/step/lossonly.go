package step

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// LossOnly computes a loss of outputs that are known already, as those of held-out rows are.
type LossOnly struct{ graph *graph }

// NewLossOnly prepares it. The loss must read no variables.
func NewLossOnly(backend compute.Backend, o interface {
	Loss(outputs *Node, in Values[*Node]) Terms[*Node]
}) (*LossOnly, error) {
	// A store of its own, and empty: a loss that reads a variable would read a new one of zeros, and is for steps only.
	g, err := newGraph(backend, model.NewStore(), nil, func(in *arguments[*Node]) *results[*Node] {
		return &results[*Node]{terms: Terms[*Node]{Loss: o.Loss(in.outputs, in.loss).Loss}}
	})
	return &LossOnly{g}, err
}

// Of is the loss of outputs under the loss's inputs.
func (l *LossOnly) Of(outputs *tensors.Tensor, in Values[any]) (float64, error) {
	out, err := l.graph.call(&arguments[any]{outputs: outputs, loss: in})
	if err != nil {
		return 0, err
	}
	return number(out.terms.Loss)
}

// Close frees the compiled graph.
func (l *LossOnly) Close() { l.graph.close() }
