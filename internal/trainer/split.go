package trainer

import (
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// updateSlices is about how many parts a split update has: with more, less is held twice.
const updateSlices = 8

// splitUpdate applies the optimiser to some parameters after the others. The engine does not write results
// into the buffers of its inputs (go-xla names no aliases to the compiler), so an update in one graph holds
// all weights and moments twice; here it does so for a slice only.
type splitUpdate struct {
	gradients *stepGraph // of a batch of one pack: labels and scale as in buildLoss → terms, gradients
	norm      *stepGraph // gradients, scale → norm, clip, factor
	slices    []slice
}

// slice is the parameters [from, to) and their update.
type slice struct {
	from, to int
	apply    *stepGraph // their gradients, learning rate, updates done, factor, norm → nothing of interest
}

func (s *Stepper) newSplitUpdate() (u *splitUpdate, err error) {
	u = &splitUpdate{}
	if u.gradients, err = s.newGraph(1, s.buildGradients); err != nil {
		return nil, err
	}
	u.norm, err = s.newGraph(0, func(in []*Node) []*Node {
		grads, scale := in[:len(in)-1], in[len(in)-1:]
		if !s.LossScaling {
			scale = nil
		}
		norm, clip, factor := s.Optimizer.Norm(grads, scale...)
		return float64s([]*Node{norm, clip, factor})
	})
	for from := 0; err == nil && from < len(s.params); {
		part := slice{from: from, to: sliceEnd(s.params, from)}
		part.apply, err = s.newGraph(0, func(in []*Node) []*Node { return s.buildApply(s.params[part.from:part.to], in) })
		u.slices, from = append(u.slices, part), part.to
	}
	return u, err
}

// sliceEnd is where a slice that begins at from ends: before it holds more than its share, but never empty.
func sliceEnd(params []*model.Variable, from int) int {
	total := 0
	for _, p := range params {
		total += p.Shape().Size()
	}
	end, size := from+1, params[from].Shape().Size()
	for end < len(params) && size+params[end].Shape().Size() <= total/updateSlices {
		size += params[end].Shape().Size()
		end++
	}
	return end
}

// buildGradients is a step without its update.
func (s *Stepper) buildGradients(in []*Node) []*Node {
	t, grads := s.differentiate(in)
	return append(float64s(t.nodes()), grads...)
}

// buildApply updates params: their gradients, learning rate, updates done, factor, norm.
func (s *Stepper) buildApply(params []*model.Variable, in []*Node) []*Node {
	grads, rest := in[:len(params)], in[len(params):]
	s.Optimizer.Apply(s.model.Variables(), grads, params, rest[0], rest[1], rest[2], rest[3])
	return float64s([]*Node{rest[3]})
}

// split is Step for a batch of one pack whose update is split.
func (s *Stepper) split(b *Batch, scalars []any) ([][]float64, error) {
	in, err := s.packInputs(&b.Packs[0])
	if err != nil {
		return nil, err
	}
	out, err := s.parts.gradients.Call(append(append(in, b.labelInputs()...), scalars[2])...)
	if err != nil {
		return nil, err
	}
	values, err := read(out[:numTerms])
	if err != nil {
		return nil, err
	}
	last, err := s.parts.update(out[numTerms:], scalars, true)
	return append(values, last...), err
}

// update applies gradients, one a parameter, and returns norm and clip. With own it frees each when it is used.
func (u *splitUpdate) update(grads []*tensors.Tensor, scalars []any, own bool) ([][]float64, error) {
	in := make([]any, len(grads))
	for i, g := range grads {
		in[i] = g
	}
	norms, err := call(u.norm, in, scalars[2:])
	if err != nil {
		return nil, err
	}
	for _, part := range u.slices {
		if _, err := call(part.apply, in[part.from:part.to], scalars[:2], []any{norms[2][0], norms[0][0]}); err != nil {
			return nil, err
		}
		for _, g := range grads[part.from:part.to] {
			if own {
				g.FinalizeAll()
			}
		}
	}
	return norms[:2], nil
}

func (u *splitUpdate) close() {
	u.gradients.exec.Finalize()
	u.norm.exec.Finalize()
	for _, part := range u.slices {
		part.apply.exec.Finalize()
	}
}
