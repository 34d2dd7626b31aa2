package step

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"

	"hives/internal/engine"
)

// accumulatorScope holds the sums of gradients; they are no part of a run's state.
const accumulatorScope = "/gradients"

// accumulator runs a step whose texts do not fit the memory at once. A contrast needs all vectors of the
// batch, so plain accumulation over micro-batches would be another loss. Instead, after Gao et al. 2021
// (arXiv:2101.06983): run the network on each micro-batch without keeping activations, take the loss and its gradient
// dz with respect to the outputs z, then run each micro-batch again and send its rows of dz back.
//
// Why that is the whole batch's gradient: L depends on the weights w only by way of z₁ … z_n, so
//
//	dL/dw = Σ_i (dL/dz_i)·(dz_i/dw)
//
// and the i-th summand needs the activations of micro-batch i alone, once dL/dz_i is known as numbers. Σ z_i·dz_i
// with dz_i held fixed is a scalar with just that gradient. Example, two texts of one number each, w = 2, z =
// w·x, x = (1, 3), L = z₁·z₂: z = (2, 6); dz = (6, 2); 6·1 + 2·3 = 12 = d(3w²)/dw. Plain accumulation of L(z₁)
// and L(z₂) has no z₁·z₂.
//
// Invariant: but for rounding it is the step in one graph (TestWaysOfComputingAgree), for one more forward pass.
// That pass is wasted where the loss is a sum over outputs, whose dz does not depend on z.
type accumulator struct {
	outputs, loss, back, update *graph
	sums                        []*model.Variable // one a parameter of the network
}

// newAccumulator prepares the four graphs.
func (s *Stepper) newAccumulator() (*accumulator, error) {
	a := &accumulator{}
	// The sums live in the store beside the weights, on the device, but outside Parameters: a checkpoint between
	// two steps needs none of them.
	for _, p := range s.params.OfNetwork() {
		path := model.JoinPath(accumulatorScope, p.Path())
		sum := s.params.Store.VariableWithShape(path, p.Shape().Clone(), initializer.Zero)
		a.sums = append(a.sums, sum.SetTrainable(false))
	}
	for _, g := range []struct {
		graph **graph
		build builder
	}{
		{&a.outputs, func(in *arguments[*Node]) *results[*Node] { return &results[*Node]{outputs: s.forward(in.micro[0])} }},
		{&a.loss, s.buildLoss},
		{&a.back, func(in *arguments[*Node]) *results[*Node] { return s.buildBack(a, in) }},
		{&a.update, func(in *arguments[*Node]) *results[*Node] { return s.buildUpdate(a, in) }},
	} {
		made, err := s.newGraph(g.build)
		if err != nil {
			a.close()
			return nil, err
		}
		*g.graph = made
	}
	return a, nil
}

// buildLoss: outputs, the loss's inputs, scale → the terms, the gradient of outputs and those of what only the
// loss reads.
func (s *Stepper) buildLoss(in *arguments[*Node]) *results[*Node] {
	t := s.objective.Loss(in.outputs, in.loss)
	// Here z is an input, not the network's result, so the gradient ends at it: that is dz. What only the loss reads, the
	// tables of learned banks, gets its whole gradient from this one graph.
	with := []*Node{in.outputs}
	for _, p := range s.params.Trained[len(s.params.OfNetwork()):] {
		with = append(with, p.NodeValue(in.outputs.Graph()))
	}
	grads := Gradient(s.scaled(t.Loss, in.scale), with...)
	return &results[*Node]{terms: t, outputs: grads[0], gradients: grads[1:]}
}

// buildBack: a micro-batch, its share of the outputs' gradient, and whether it is the step's first → sums of
// gradients.
func (s *Stepper) buildBack(a *accumulator, in *arguments[*Node]) *results[*Node] {
	z := s.forward(in.micro[0])
	// The scalar whose gradient is Σ dz_i·(dz_i/dw); see accumulator.
	carrier := ReduceAllSum(Mul(z, StopGradient(in.share)))
	g := z.Graph()
	grads := Gradient(carrier, s.nodes(g)[:len(a.sums)]...)
	for i, sum := range a.sums {
		grad, old := ConvertDType(grads[i], sum.DType()), sum.NodeValue(g)
		// Where, not a product with 0: after a step that overflowed the old sum may be NaN, and 0·NaN is NaN.
		added := Where(in.first, grad, Add(old, grad)) // an overflow of the step before ends here
		engine.Overwrite(old, added)
		sum.SetNodeValue(added)
	}
	return &results[*Node]{done: carrier}
}

// buildUpdate: gradients of what only the loss reads, rate, updates, scale → norm and clip.
func (s *Stepper) buildUpdate(a *accumulator, in *arguments[*Node]) *results[*Node] {
	// The loss is not in this graph; any node leads to its graph, and the rate is there in each.
	var grads []*Node
	for _, sum := range a.sums {
		grads = append(grads, sum.NodeValue(in.rate.Graph()))
	}
	norm, clip := s.update(append(grads, in.gradients...), in)
	return &results[*Node]{norm: norm, clip: clip}
}

// accumulate is Step for a batch of several micro-batches.
func (s *Stepper) accumulate(b *Batch, in arguments[any]) (*results[*tensors.Tensor], error) {
	if s.micro == nil {
		var err error
		// At the first such batch and not before: a run of one micro-batch a step holds no sums.
		if s.micro, err = s.newAccumulator(); err != nil {
			return nil, err
		}
	}
	z, err := s.outputs(b)
	if err != nil {
		return nil, err
	}
	out, err := s.micro.loss.call(&arguments[any]{outputs: z, loss: in.loss, scale: in.scale})
	if err != nil {
		return nil, err
	}
	if err := s.backward(b, out.outputs); err != nil {
		return nil, err
	}
	if s.SplitUpdate {
		err = s.updateSums(out, in)
	} else {
		err = s.updateAtOnce(out, in)
	}
	return out, err
}

// updateAtOnce is the update in one graph; norm and clip are added to out.
func (s *Stepper) updateAtOnce(out *results[*tensors.Tensor], in arguments[any]) error {
	last, err := s.micro.update.call(&arguments[any]{gradients: hosts(out.gradients), rate: in.rate,
		updates: in.updates, scale: in.scale})
	if err == nil {
		out.norm, out.clip = last.norm, last.clip
	}
	return err
}

func hosts(gradients []*tensors.Tensor) (values []any) {
	for _, g := range gradients {
		values = append(values, g)
	}
	return values
}

// updateSums is the split update from the sums of gradients and the gradients of what only the loss reads.
func (s *Stepper) updateSums(out *results[*tensors.Tensor], in arguments[any]) error {
	var grads []*tensors.Tensor
	for _, sum := range s.micro.sums {
		value, err := sum.Value()
		if err != nil {
			return err
		}
		grads = append(grads, value)
	}
	return s.parts.update(append(grads, out.gradients...), in, out, false)
}

// outputs runs the network on all micro-batches and puts what comes out together along axis 0.
func (s *Stepper) outputs(b *Batch) (*tensors.Tensor, error) {
	var all []float32
	var dims []int
	for i := range b.Micro {
		in, err := b.Micro[i].inputs()
		if err != nil {
			return nil, err
		}
		out, err := s.micro.outputs.call(&arguments[any]{micro: []Values[any]{in}})
		if err != nil {
			return nil, err
		}
		// By way of the host. Vectors are small, B·H numbers against the B·S·H of one layer's states, and micro-batches of
		// one step need not all be on the device at once.
		part, err := tensors.CopyFlatData[float32](out.outputs)
		if err != nil {
			return nil, err
		}
		dims = slices.Clone(out.outputs.Shape().Dimensions)
		out.outputs.FinalizeAll()
		all = append(all, part...)
	}
	dims[0] *= len(b.Micro)
	return tensors.FromFlatDataAndDimensions(all, dims...), nil
}

// backward sends each micro-batch its rows of dz and adds the gradients up.
func (s *Stepper) backward(b *Batch, dz *tensors.Tensor) error {
	all, err := tensors.CopyFlatData[float32](dz)
	if err != nil {
		return err
	}
	// Micro-batches have equal numbers of slots (Batch.check), so each one's share is one run of rows.
	each, dims := len(all)/len(b.Micro), slices.Clone(dz.Shape().Dimensions)
	dims[0] /= len(b.Micro)
	for i := range b.Micro {
		in, err := b.Micro[i].inputs()
		if err != nil {
			return err
		}
		share := tensors.FromFlatDataAndDimensions(all[i*each:(i+1)*each], dims...)
		out, err := s.micro.back.call(&arguments[any]{micro: []Values[any]{in}, share: share, first: i == 0})
		if err != nil {
			return err
		}
		if _, err := number(out.done); err != nil {
			return err
		}
	}
	return nil
}

func (a *accumulator) close() {
	if a == nil {
		return
	}
	for _, g := range []*graph{a.outputs, a.loss, a.back, a.update} {
		g.close()
	}
}
