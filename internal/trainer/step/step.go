package step

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/optim"
	"hives/internal/trainer/state"
	"hives/model/transformer"
	"hives/pack"
)

// Objective is what a step minimises, in two graph functions: the network over one micro-batch, and the loss over the
// outputs of all of them. Between the two a step may be cut, see micro.go.
type Objective interface {
	// Forward runs the network on a micro-batch. Its outputs lie along axis 0, one or some a text, so that those of
	// several micro-batches are put together by it. in holds the Inputs of Micro. p.Checkpoint asks for activation
	// checkpointing; who does not look at it saves nothing by it.
	Forward(p transformer.Packed, in Values[*Node]) *Node
	// Loss is a function of all outputs and of the inputs in Batch.Loss.
	Loss(outputs *Node, in Values[*Node]) Terms[*Node]
	Parameters() *state.Parameters
}

// Batch is a step's input.
type Batch struct {
	Micro []Micro     // micro-batches of equal shape, computed one after the other
	Loss  Values[any] // what the loss takes beside the outputs
}

// Micro is a micro-batch: texts packed into rows, and what the network takes beside them.
type Micro struct {
	pack.Batch
	Inputs Values[any]
}

// Late stands for an input that is made when its micro-batch is computed, because all of them at once would not fit.
type Late func() (any, error)

// Tokens is the number of real tokens.
func (b *Batch) Tokens() (n int) {
	for i := range b.Micro {
		n += b.Micro[i].Tokens()
	}
	return n
}

// Computed is the number of tokens the engine computes, padding included.
func (b *Batch) Computed() (n int) {
	for i := range b.Micro {
		n += b.Micro[i].Shape.Tokens()
	}
	return n
}

// Shape is that of each micro-batch.
func (b *Batch) Shape() pack.Shape { return b.Micro[0].Shape }

// check refuses micro-batches that one graph cannot take, before the engine sees them.
func (b *Batch) check() error {
	if len(b.Micro) == 0 {
		return errors.New("a batch without micro-batches")
	}
	for i := range b.Micro {
		if b.Micro[i].Shape != b.Shape() {
			return fmt.Errorf("micro-batches of shapes %v and %v in one batch", b.Shape(), b.Micro[i].Shape)
		}
	}
	return nil
}

// Options say how a step computes.
type Options struct {
	Optimizer *optim.AdamW
	// Recompute is activation checkpointing: each layer's input is kept only, the rest computed anew on the way back.
	Recompute bool
	// SplitUpdate applies the optimiser in slices, so that fewer weights and moments are held twice.
	SplitUpdate bool
	// LossScaling multiplies the loss by the scale that Step is given, and divides the gradients again.
	LossScaling bool
	// Devices share each batch; 0 and 1 are the engine's first. See devices.go.
	Devices int
}

// Stepper runs training steps of one objective. A batch of one micro-batch is one graph: forward, loss, gradients and
// update; several are accumulated, see micro.go.
type Stepper struct {
	Options
	backend   compute.Backend
	objective Objective
	params    *state.Parameters
	devices   *devices // nil for one
	whole     *graph
	micro     *accumulator // made at the first batch of several micro-batches
	parts     *splitUpdate // nil unless the update is split
}

// New prepares steps; graphs are compiled at the first batch of each shape. It refuses an optimiser whose groups
// do not add up to what is trained.
func New(backend compute.Backend, objective Objective, o Options) (*Stepper, error) {
	// The list of parameters is taken once. A task that changed it between steps would have gradients of one list applied
	// to another.
	s := &Stepper{Options: o, backend: backend, objective: objective, params: objective.Parameters()}
	if err := s.account(); err != nil {
		return nil, err
	}
	var err error
	if s.devices, err = newDevices(backend, o.Devices); err != nil {
		return nil, err
	}
	if err = s.leaveHost(); err != nil {
		return nil, err
	}
	if s.whole, err = s.newGraph(s.build); err == nil && o.SplitUpdate {
		s.parts, err = s.newSplitUpdate()
	}
	return s, err
}

// leaveHost moves weights to the engine's device and frees the host's copies. They would stand beside the device's
// during the first step, which is the one that needs most: it compiles too. Several devices deal the weights out
// themselves.
func (s *Stepper) leaveHost() error {
	if s.devices != nil {
		return nil
	}
	for _, p := range slices.Concat(s.params.Trained, s.params.Fixed) {
		if !p.HasValue() {
			continue
		}
		value, err := p.Value()
		if err == nil {
			err = value.MaterializeOnDevice(s.backend, false, 0)
		}
		if err != nil {
			return fmt.Errorf("move %s to the device: %w", p.Path(), err)
		}
		value.FinalizeLocal()
	}
	debug.FreeOSMemory()
	return nil
}

// Groups are the optimiser's groups with their sizes.
func (s *Stepper) Groups() ([]optim.GroupSize, error) { return s.Optimizer.Account(s.params.Trained) }

// account refuses an optimiser whose groups do not add up to exactly the trained variables.
func (s *Stepper) account() error {
	groups, err := s.Groups()
	if err != nil {
		return err
	}
	held := int64(0)
	for _, g := range groups {
		held += int64(g.Parameters)
	}
	// Account has refused parameters of no group or of two; this is the sum, in case a group's Match looks at something
	// that the two passes see differently.
	if trained := state.Numbers(s.params.Trained); held != trained {
		return fmt.Errorf("optimiser groups hold %d of %d trained parameters", held, trained)
	}
	return nil
}

// build is the graph of one step: a micro-batch, the loss's inputs, rate, updates and scale → terms, norm and clip.
func (s *Stepper) build(in *arguments[*Node]) *results[*Node] {
	// Gradients stay inside the graph: 4 P bytes less to hold at its end than if they were returned.
	out := s.differentiate(in)
	out.norm, out.clip = s.update(out.gradients, in)
	out.gradients = nil
	return out
}

// differentiate is a step before its update: terms and gradients.
func (s *Stepper) differentiate(in *arguments[*Node]) *results[*Node] {
	// Gradients are taken in the order of Trained. The global norm adds up in that order, so another order is
	// another run.
	t := s.objective.Loss(s.forward(in.micro[0]), in.loss)
	return &results[*Node]{terms: t, gradients: Gradient(s.scaled(t.Loss, in.scale), s.nodes(t.Loss.Graph())...)}
}

// Names of a micro-batch's inputs that every step has: ids and texts [R, S], last [T].
const (
	inputIDs   = "ids"
	inputTexts = "texts"
	inputLast  = "last"
)

// inputs are those of a micro-batch's network, the objective's own at the end.
func (m *Micro) inputs() (Values[any], error) {
	in := Values[any]{
		{Name: inputIDs, Value: tensors.FromFlatDataAndDimensions(m.IDs, m.Rows, m.Length), Rows: true},
		{Name: inputTexts, Value: tensors.FromFlatDataAndDimensions(m.Texts, m.Rows, m.Length), Rows: true},
		{Name: inputLast, Value: m.Last},
	}
	for _, own := range m.Inputs {
		if late, ok := own.Value.(Late); ok {
			var err error
			if own.Value, err = late(); err != nil {
				return nil, err
			}
		}
		in = append(in, own)
	}
	return in, nil
}

// forward is the network on one micro-batch.
func (s *Stepper) forward(in Values[*Node]) *Node {
	return s.objective.Forward(transformer.Packed{
		IDs: in.Get(inputIDs), Texts: in.Get(inputTexts), Last: in.Get(inputLast), Checkpoint: s.Recompute,
	}, in)
}

// nodes are the parameters' values in g.
func (s *Stepper) nodes(g *Graph) []*Node {
	weights := make([]*Node, len(s.params.Trained))
	for i, p := range s.params.Trained {
		weights[i] = p.NodeValue(g)
	}
	return weights
}

func (s *Stepper) scaled(loss, scale *Node) *Node {
	// Without scaling the scale is still an input of the graph, and unread: f32 and f16 runs take the same arguments.
	if !s.LossScaling {
		return loss
	}
	return Mul(loss, ConvertDType(scale, loss.DType()))
}

// update applies the optimiser.
func (s *Stepper) update(gradients []*Node, in *arguments[*Node]) (norm, clip *Node) {
	scale := in.scale
	if !s.LossScaling {
		scale = nil
	}
	return s.Optimizer.UpdateScaled(s.params.Store, gradients, s.params.Trained, in.rate, in.updates, scale)
}

// Step applies one update. updates counts those done so far, from 0; rate is this step's learning rate;
// scale is the loss scale, 1 without scaling.
func (s *Stepper) Step(b *Batch, updates int, rate, scale float64) (Result, error) {
	if err := b.check(); err != nil {
		return Result{}, err
	}
	// Numbers of the host go in as float64 scalars: 1 − .999¹ in Adam's correction loses four digits in f32.
	in := arguments[any]{loss: b.Loss, rate: rate, updates: float64(updates), scale: scale}
	var out *results[*tensors.Tensor]
	var err error
	switch {
	// Several micro-batches first: how they are updated, at once or in slices, is decided behind them.
	case len(b.Micro) > 1:
		out, err = s.accumulate(b, in)
	case s.SplitUpdate:
		out, err = s.split(b, in)
	default:
		out, err = s.one(b, in)
	}
	if err != nil {
		return Result{}, err
	}
	return resultOf(out)
}

// one is Step in one graph.
func (s *Stepper) one(b *Batch, in arguments[any]) (*results[*tensors.Tensor], error) {
	inputs, err := b.Micro[0].inputs()
	if err != nil {
		return nil, err
	}
	in.micro = []Values[any]{inputs}
	return s.whole.call(&in)
}

// Close frees the compiled graphs, not the model.
func (s *Stepper) Close() {
	s.whole.close()
	s.micro.close()
	s.parts.close()
}
