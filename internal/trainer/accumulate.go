package trainer

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
)

// accumulatorScope holds the sums of gradients; they are no part of a run's state.
const accumulatorScope = "/gradients"

// accumulator runs a step whose texts do not fit the memory at once. A contrast needs all vectors of the
// batch, so plain accumulation of parts would be another loss. Instead, after Gao et al. 2021
// (arXiv:2101.06983): embed each pack without keeping activations, take the loss and its gradient dz with
// respect to the vectors, then embed each pack again and send its rows of dz back. That is the gradient of
// the whole batch but for rounding, for one more forward pass.
type accumulator struct {
	embed, loss, back, update *stepGraph
	sums                      []*model.Variable // one a parameter of the model
}

// newAccumulator prepares the four graphs.
func (s *Stepper) newAccumulator() (*accumulator, error) {
	a := &accumulator{}
	for _, p := range s.modelParams() {
		path := model.JoinPath(accumulatorScope, p.Path())
		sum := s.model.Variables().VariableWithShape(path, p.Shape().Clone(), initializer.Zero)
		a.sums = append(a.sums, sum.SetTrainable(false))
	}
	for _, graph := range []struct {
		exec  **stepGraph
		packs int // among the inputs
		build func([]*Node) []*Node
	}{
		{&a.embed, 1, func(in []*Node) []*Node { return []*Node{s.embed(in)} }},
		{&a.loss, 0, s.buildLoss},
		{&a.back, 1, func(in []*Node) []*Node { return s.buildBack(a, in) }},
		{&a.update, 0, func(in []*Node) []*Node { return s.buildUpdate(a, in) }},
	} {
		exec, err := s.newGraph(graph.packs, graph.build)
		if err != nil {
			a.close()
			return nil, err
		}
		*graph.exec = exec
	}
	return a, nil
}

// modelParams are the parameters whose gradients come through the encoder; learned banks take theirs from
// the loss.
func (s *Stepper) modelParams() []*model.Variable {
	return s.params[:len(s.params)-len(s.Objective.Banks.learned())]
}

// buildLoss: vectors z [T, H], labels, scalars → the terms, dz [T, H] and the gradients of learned banks.
func (s *Stepper) buildLoss(in []*Node) []*Node {
	z, labels, scale := in[0], in[1:1+s.Objective.inputs()], in[len(in)-1]
	t := s.Objective.of(z, labels)
	with := []*Node{z}
	for _, table := range s.Objective.Banks.learned() {
		with = append(with, table.NodeValue(z.Graph()))
	}
	return append(float64s(t.nodes()), Gradient(s.scaled(t.loss, scale), with...)...)
}

// buildBack: a pack, its rows of dz [T, H] and whether it is the step's first → sums of gradients.
// Σ z·dz with dz held fixed has the gradient of the loss.
func (s *Stepper) buildBack(a *accumulator, in []*Node) []*Node {
	z, dz, first := s.embed(in), in[3], in[4]
	carrier := ReduceAllSum(Mul(z, StopGradient(dz)))
	g := z.Graph()
	grads := Gradient(carrier, s.nodes(g)[:len(a.sums)]...)
	for i, sum := range a.sums {
		grad := ConvertDType(grads[i], sum.DType())
		sum.SetNodeValue(Where(first, grad, Add(sum.NodeValue(g), grad))) // an overflow of the step before ends here
	}
	return []*Node{ConvertDType(carrier, dtypes.Float64)}
}

// buildUpdate: gradients of learned banks, scalars → norm and clip.
func (s *Stepper) buildUpdate(a *accumulator, in []*Node) []*Node {
	tables, scalars := in[:len(in)-3], in[len(in)-3:]
	var grads []*Node
	for _, sum := range a.sums {
		grads = append(grads, sum.NodeValue(in[0].Graph()))
	}
	norm, clip := s.update(append(grads, tables...), scalars)
	return float64s([]*Node{norm, clip})
}

// accumulate is Step for a batch of several packs.
func (s *Stepper) accumulate(b *Batch, scalars []any) (values [][]float64, err error) {
	if s.chunks == nil {
		if s.chunks, err = s.newAccumulator(); err != nil {
			return nil, err
		}
	}
	a := s.chunks
	z, err := s.vectors(b)
	if err != nil {
		return nil, err
	}
	out, err := a.loss.Call(append(append([]any{z}, b.labelInputs()...), scalars[2])...)
	if err != nil {
		return nil, err
	}
	if values, err = read(out[:numTerms]); err != nil {
		return nil, err
	}
	if err := s.backward(b, out[numTerms]); err != nil {
		return nil, err
	}
	if s.SplitUpdate {
		last, err := s.updateSums(out[numTerms+1:], scalars)
		return append(values, last...), err
	}
	tables := make([]any, 0, 5)
	for _, t := range out[numTerms+1:] {
		tables = append(tables, t)
	}
	last, err := call(a.update, tables, scalars)
	return append(values, last...), err
}

// updateSums is the split update from the sums of gradients and the gradients of learned banks.
func (s *Stepper) updateSums(tables []*tensors.Tensor, scalars []any) ([][]float64, error) {
	var grads []*tensors.Tensor
	for _, sum := range s.chunks.sums {
		value, err := sum.Value()
		if err != nil {
			return nil, err
		}
		grads = append(grads, value)
	}
	return s.parts.update(append(grads, tables...), scalars, false)
}

// vectors embeds all packs: [T, H].
func (s *Stepper) vectors(b *Batch) (*tensors.Tensor, error) {
	var all []float32
	for i := range b.Packs {
		in, err := s.packInputs(&b.Packs[i])
		if err != nil {
			return nil, err
		}
		z, err := s.chunks.embed.Call1(in...)
		if err != nil {
			return nil, err
		}
		part, err := tensors.CopyFlatData[float32](z)
		if err != nil {
			return nil, err
		}
		z.FinalizeAll()
		all = append(all, part...)
	}
	return tensors.FromFlatDataAndDimensions(all, b.Texts(), len(all)/b.Texts()), nil
}

// backward sends dz [T, H] back through each pack.
func (s *Stepper) backward(b *Batch, dz *tensors.Tensor) error {
	all, err := tensors.CopyFlatData[float32](dz)
	if err != nil {
		return err
	}
	hidden, texts := len(all)/b.Texts(), b.Packs[0].Shape.Texts
	for i := range b.Packs {
		part := tensors.FromFlatDataAndDimensions(all[i*texts*hidden:(i+1)*texts*hidden], texts, hidden)
		in, err := s.packInputs(&b.Packs[i])
		if err != nil {
			return err
		}
		if _, err := call(s.chunks.back, in, []any{part, i == 0}); err != nil {
			return err
		}
	}
	return nil
}

func (a *accumulator) close() {
	for _, exec := range []*stepGraph{a.embed, a.loss, a.back, a.update} {
		if exec != nil {
			exec.exec.Finalize()
		}
	}
}
