package step

import (
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// UpdateSlices is about how many parts a split update has: with more, less is held twice.
const UpdateSlices = 8

// splitUpdate applies the optimiser to some parameters after the others. Where an engine does not write results over
// what they replace (several devices, the Go engine), an update in one graph holds all weights and moments twice;
// here it does so for a slice only.
//
// Invariant: the norm is that of all gradients, taken before the first slice changes, so slices clip alike and a
// step that is not finite changes none of them (TestWaysOfComputingAgree, TestSkippedStepChangesNothing).
type splitUpdate struct {
	gradients *graph // of a batch of one micro-batch
	norm      *graph
	slices    []slice
}

// slice is the parameters [from, to) and their update.
type slice struct {
	from, to int
	apply    *graph
}

func (s *Stepper) newSplitUpdate() (u *splitUpdate, err error) {
	u = &splitUpdate{}
	if u.gradients, err = s.newGraph(s.differentiate); err != nil {
		return nil, err
	}
	u.norm, err = s.newGraph(s.buildNorm)
	trained := s.params.Trained
	// A graph a slice. They are compiled once each, for gradients have one shape whatever the batch's is.
	for from := 0; err == nil && from < len(trained); {
		part := slice{from: from, to: sliceEnd(trained, from)}
		params := trained[part.from:part.to]
		part.apply, err = s.newGraph(func(in *arguments[*Node]) *results[*Node] { return s.buildApply(params, in) })
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
	// A slice never splits a tensor. With tied embeddings of 155 M of 596 M numbers the first slice is larger
	// than an eighth, and that is what the update then holds twice.
	for end < len(params) && size+params[end].Shape().Size() <= total/UpdateSlices {
		size += params[end].Shape().Size()
		end++
	}
	return end
}

// buildNorm: gradients, scale → norm, clip and factor.
func (s *Stepper) buildNorm(in *arguments[*Node]) *results[*Node] {
	var scale []*Node
	if s.LossScaling {
		scale = append(scale, in.scale)
	}
	norm, clip, factor := s.Optimizer.Norm(in.gradients, scale...)
	return &results[*Node]{norm: norm, clip: clip, factor: factor}
}

// buildApply updates params: their gradients, rate, updates, factor, norm.
func (s *Stepper) buildApply(params []*model.Variable, in *arguments[*Node]) *results[*Node] {
	s.Optimizer.Apply(s.params.Store, in.gradients, params, in.rate, in.updates, in.factor, in.norm)
	return &results[*Node]{done: in.norm}
}

// split is Step for a batch of one micro-batch whose update is split.
func (s *Stepper) split(b *Batch, in arguments[any]) (*results[*tensors.Tensor], error) {
	inputs, err := b.Micro[0].inputs()
	if err != nil {
		return nil, err
	}
	out, err := s.parts.gradients.call(&arguments[any]{micro: []Values[any]{inputs}, loss: in.loss, scale: in.scale})
	if err != nil {
		return nil, err
	}
	return out, s.parts.update(out.gradients, in, out, true)
}

// update applies gradients, one a parameter, and adds norm and clip to out. With own it frees each when it is used.
func (u *splitUpdate) update(grads []*tensors.Tensor, in arguments[any], out *results[*tensors.Tensor],
	own bool) error {
	values := hosts(grads)
	norms, err := u.norm.call(&arguments[any]{gradients: values, scale: in.scale})
	if err != nil {
		return err
	}
	// Norm and factor go by way of the host into each slice. As float64 they come back as they went.
	norm, err := number(norms.norm)
	if err != nil {
		return err
	}
	factor, err := number(norms.factor)
	if err != nil {
		return err
	}
	for _, part := range u.slices {
		done, err := part.apply.call(&arguments[any]{
			gradients: values[part.from:part.to], rate: in.rate, updates: in.updates, factor: factor, norm: norm,
		})
		if err != nil {
			return err
		}
		// The slice's update lies in its variables; the number only made the engine run it.
		done.done.FinalizeAll()
		for _, g := range grads[part.from:part.to] {
			// Gradients of one graph are this step's alone and are freed slice by slice. Sums are variables and stay.
			if own {
				g.FinalizeAll()
			}
		}
	}
	out.norm, out.clip = tensors.FromValue(norm), norms.clip
	return nil
}

func (u *splitUpdate) close() {
	if u == nil {
		return
	}
	u.gradients.close()
	u.norm.close()
	for _, part := range u.slices {
		part.apply.close()
	}
}
