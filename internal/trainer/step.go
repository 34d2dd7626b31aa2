package trainer

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"hives/encoder/local"
	"hives/internal/fault"
	"hives/internal/optim"
	"hives/model/transformer"
)

// StepResult is what a step reports.
type StepResult struct {
	Loss                             float64   // what is minimised
	Hierarchical, Individual, Theory float64   // its unweighted terms; the last two are 0 in Stage 1
	Levels                           []float64 // hierarchical loss per level, 0 where no anchor has a positive
	LevelAnchors                     []float64 // share of anchors with a positive, per level
	GradNorm                         float64   // before the clip
	Clip                             float64   // factor applied to the gradients
}

// Finite reports whether the step's numbers are; when they are not, the update left the weights alone.
func (r *StepResult) Finite() bool { return r.LossFinite() && r.GradNorm-r.GradNorm == 0 }

// LossFinite tells a loss that is a number; gradients may overflow f16 without it.
func (r *StepResult) LossFinite() bool { return r.Loss-r.Loss == 0 }

// StepOptions say what a step minimises and how it computes.
type StepOptions struct {
	Objective  Objective
	Optimizer  *optim.AdamW
	Arithmetic transformer.Arithmetic
	Pooling    transformer.Pooling
	// Recompute keeps each layer's input only and computes the rest anew on the way back.
	Recompute bool
	// SplitUpdate applies the optimiser in slices, so that fewer weights and moments are held twice.
	SplitUpdate bool
	// LossScaling multiplies the loss by the scale that Step is given, and divides the gradients again.
	LossScaling bool
	// Devices share each batch; 0 and 1 are the engine's first. See devices.go.
	Devices int
	// Frozen layers, the lowest ones, and the embeddings below them are not trained.
	Frozen int
	// States, if set, are those after the frozen layers, in place of computing them.
	States local.States
}

// Stepper runs training steps of one model. A batch of one pack is one graph: forward, loss, gradients and
// update; several packs are accumulated, see accumulate.go.
type Stepper struct {
	StepOptions
	backend compute.Backend
	model   transformer.Model
	trainables
	devices *devices // nil for one
	exec    *stepGraph
	chunks  *accumulator // made at the first batch of several packs
	parts   *splitUpdate // nil unless the update is split
}

// NewStepper prepares steps for m; graphs are compiled at the first batch of each shape. It refuses an
// optimiser whose groups do not add up to the whole model and its learned banks.
func NewStepper(backend compute.Backend, m transformer.Model, o StepOptions) (*Stepper, error) {
	if err := checkFrozen(m.Sizes(), o.Frozen); err != nil {
		return nil, err
	}
	if o.States != nil && o.States.Layers() != o.Frozen {
		return nil, fault.New(fault.Invalid, "states after %d layers for %d frozen ones", o.States.Layers(), o.Frozen)
	}
	s := &Stepper{StepOptions: o, backend: backend, model: m, trainables: newTrainables(m, o.Frozen, o.Objective.Banks)}
	err := s.account(o.Optimizer, m.Architecture(), o.Objective.Banks)
	if err != nil {
		return nil, err
	}
	if s.devices, err = newDevices(backend, o.Devices); err != nil {
		return nil, err
	}
	if s.exec, err = s.newGraph(1, s.build); err == nil && o.SplitUpdate {
		s.parts, err = s.newSplitUpdate()
	}
	return s, err
}

// build is the graph of one step. Inputs: those of packInputs, of labelInputs, then learning rate, updates
// done and loss scale as float64 scalars.
func (s *Stepper) build(in []*Node) []*Node {
	scalars := in[len(in)-3:]
	t, grads := s.differentiate(in)
	norm, clip := s.update(grads, scalars)
	return float64s(append(t.nodes(), norm, clip))
}

// differentiate is a step before its update, of inputs that begin with those of packInputs and labelInputs and
// end with the loss scale.
func (s *Stepper) differentiate(in []*Node) (terms, []*Node) {
	t := s.Objective.of(s.embed(in), in[3:3+s.Objective.inputs()])
	return t, Gradient(s.scaled(t.loss, in[len(in)-1]), s.nodes(t.loss.Graph())...)
}

// embed returns the raw vectors of one pack, [T, H]. Inputs begin with those of packInputs.
func (s *Stepper) embed(in []*Node) *Node {
	p := transformer.Packed{IDs: in[0], Texts: in[1], Last: in[2], Checkpoint: s.Recompute, Frozen: s.Frozen}
	switch {
	case s.States != nil:
		p.IDs, p.States = in[1], in[0] // of ids only the shape is looked at
	case s.Frozen > 0:
		p.States = StopGradient(s.model.Lower(p, s.Arithmetic))
	}
	return s.model.Packed(p, s.Pooling, s.Arithmetic)
}

// nodes are the parameters' values in g.
func (s *Stepper) nodes(g *Graph) []*Node {
	weights := make([]*Node, len(s.params))
	for i, p := range s.params {
		weights[i] = p.NodeValue(g)
	}
	return weights
}

func (s *Stepper) scaled(loss, scale *Node) *Node {
	if !s.LossScaling {
		return loss
	}
	return Mul(loss, ConvertDType(scale, loss.DType()))
}

// update applies the optimiser; scalars are learning rate, updates done, loss scale.
func (s *Stepper) update(grads, scalars []*Node) (norm, clip *Node) {
	scale := scalars[2]
	if !s.LossScaling {
		scale = nil
	}
	return s.Optimizer.UpdateScaled(s.model.Variables(), grads, s.params, scalars[0], scalars[1], scale)
}

func float64s(nodes []*Node) []*Node {
	for i := range nodes {
		nodes[i] = ConvertDType(nodes[i], dtypes.Float64)
	}
	return nodes
}

// Step applies one update. updates counts those done so far, from 0; rate is this step's learning rate;
// scale is the loss scale, 1 without scaling.
func (s *Stepper) Step(b *Batch, updates int, rate, scale float64) (StepResult, error) {
	if err := b.check(&s.Objective); err != nil {
		return StepResult{}, err
	}
	scalars := []any{rate, float64(updates), scale}
	var values [][]float64
	var err error
	if len(b.Packs) == 1 && s.SplitUpdate {
		values, err = s.split(b, scalars)
	} else if len(b.Packs) == 1 {
		values, err = s.whole(b, scalars)
	} else {
		values, err = s.accumulate(b, scalars)
	}
	if err != nil {
		return StepResult{}, err
	}
	return StepResult{
		Loss: values[0][0], Hierarchical: values[1][0], Individual: values[2][0], Theory: values[3][0],
		Levels: values[4], LevelAnchors: values[5], GradNorm: values[6][0], Clip: values[7][0],
	}, nil
}

// whole is Step in one graph.
func (s *Stepper) whole(b *Batch, scalars []any) ([][]float64, error) {
	in, err := s.packInputs(&b.Packs[0])
	if err != nil {
		return nil, err
	}
	return call(s.exec, in, b.labelInputs(), scalars)
}

// call runs a graph and reads its float64 outputs.
func call(exec *stepGraph, inputs ...[]any) ([][]float64, error) {
	var all []any
	for _, in := range inputs {
		all = append(all, in...)
	}
	out, err := exec.Call(all...)
	if err != nil {
		return nil, err
	}
	return read(out)
}

// read copies float64 outputs to the host and frees them.
func read(out []*tensors.Tensor) (values [][]float64, err error) {
	values = make([][]float64, len(out))
	for i, t := range out {
		if values[i], err = tensors.CopyFlatData[float64](t); err != nil {
			return nil, err
		}
		t.FinalizeAll()
	}
	return values, nil
}

// Close frees the compiled graphs, not the model.
func (s *Stepper) Close() {
	s.exec.exec.Finalize()
	if s.chunks != nil {
		s.chunks.close()
	}
	if s.parts != nil {
		s.parts.close()
	}
}
