package trainer

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/optim"
	"hives/losses"
	"hives/model/qwen3embed"
)

// Batch is one step's input. A row of ids is padded on the left.
type Batch struct {
	IDs       []int32 // [B·S]
	Lengths   []int32 // [B] real tokens of each row, at least 1
	Theory    []int32 // [B]
	Levels    []int32 // [B·3], −1 where the path has ended
	Direction []int32 // [B]
	Sequence  int     // S
}

// Tokens is the number of real tokens.
func (b *Batch) Tokens() (n int) {
	for _, l := range b.Lengths {
		n += int(l)
	}
	return n
}

// inputs are the graph's arguments: ids [B, S], lengths [B], theory [B], levels [B, 3], direction [B].
func (b *Batch) inputs() []any {
	n := len(b.Lengths)
	return []any{
		tensors.FromFlatDataAndDimensions(b.IDs, n, b.Sequence), b.Lengths, b.Theory,
		tensors.FromFlatDataAndDimensions(b.Levels, n, 3), b.Direction,
	}
}

// StepResult is what a step reports.
type StepResult struct {
	Loss         float64
	Levels       []float64 // loss per level, 0 where no anchor has a positive
	LevelAnchors []float64 // share of anchors with a positive, per level
	GradNorm     float64   // before the clip
	Clip         float64   // factor applied to the gradients
}

// Finite reports whether the step's numbers are; when they are not, the update left the weights alone.
func (r *StepResult) Finite() bool {
	return r.Loss-r.Loss == 0 && r.GradNorm-r.GradNorm == 0
}

// Stepper runs training steps of one model: forward, loss, gradients and update are one graph per S.
type Stepper struct {
	model  *qwen3embed.Model
	params []*model.Variable
	exec   *model.Exec
}

// StepOptions say how a step computes.
type StepOptions struct {
	Loss       losses.HierarchicalConfig
	Optimizer  *optim.AdamW
	Arithmetic qwen3embed.Arithmetic
	Pooling    qwen3embed.Pooling
}

// NewStepper prepares steps for m; graphs are compiled at the first batch of each S. It refuses an
// optimiser whose groups do not add up to the whole model.
func NewStepper(backend compute.Backend, m *qwen3embed.Model, o StepOptions) (*Stepper, error) {
	s := &Stepper{model: m}
	for _, spec := range m.Config.Layout() {
		s.params = append(s.params, m.Variable(spec.Name))
	}
	groups, err := o.Optimizer.Account(s.params)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for _, g := range groups {
		total += int64(g.Parameters)
	}
	if total != m.Config.Parameters() {
		return nil, fmt.Errorf("optimiser groups hold %d of the model's %d parameters", total, m.Config.Parameters())
	}
	s.exec, err = model.NewExec(backend, m.Store, func(_ *model.Scope, in []*Node) []*Node {
		return s.build(o, in)
	})
	if err != nil {
		return nil, err
	}
	s.exec.SetMaxCache(-1) // sequence lengths come from a short list
	return s, nil
}

// build is the graph of one step. Inputs: ids [B, S], lengths [B], theory [B], levels [B, 3],
// direction [B], learning rate and step as float64 scalars.
func (s *Stepper) build(o StepOptions, in []*Node) []*Node {
	rate, step := in[5], in[6]
	result, grads := s.differentiate(o, in)
	norm, clip := o.Optimizer.Update(s.model.Store, grads, s.params, rate, step)
	out := []*Node{result.Loss, result.Levels, result.LevelAnchors, norm, clip}
	for i := range out {
		out[i] = ConvertDType(out[i], dtypes.Float64)
	}
	return out
}

// differentiate is the part of a step before the update: loss and gradients, one a parameter.
func (s *Stepper) differentiate(o StepOptions, in []*Node) (losses.Result, []*Node) {
	ids, lengths, theory, levels, direction := in[0], in[1], in[2], in[3], in[4]
	z := s.model.Raw(ids, lengths, o.Pooling, o.Arithmetic) // [B, H]
	result := losses.Hierarchical(o.Loss, z, theory, levels, direction)
	weights := make([]*Node, len(s.params))
	for i, p := range s.params {
		weights[i] = p.NodeValue(ids.Graph())
	}
	return result, Gradient(result.Loss, weights...)
}

// Step applies one update. step counts from 0; rate is this step's learning rate.
func (s *Stepper) Step(b *Batch, step int, rate float64) (StepResult, error) {
	n := len(b.Lengths)
	if len(b.IDs) != n*b.Sequence || len(b.Theory) != n || len(b.Levels) != 3*n || len(b.Direction) != n {
		return StepResult{}, fmt.Errorf("batch of %d rows of %d: %d ids, %d theories, %d levels, %d directions",
			n, b.Sequence, len(b.IDs), len(b.Theory), len(b.Levels), len(b.Direction))
	}
	out, err := s.exec.Call(append(b.inputs(), rate, float64(step))...)
	if err != nil {
		return StepResult{}, fmt.Errorf("step %d: %w", step, err)
	}
	values := make([][]float64, len(out))
	for i, t := range out {
		if values[i], err = tensors.CopyFlatData[float64](t); err != nil {
			return StepResult{}, fmt.Errorf("step %d: %w", step, err)
		}
		t.FinalizeAll()
	}
	return StepResult{values[0][0], values[1], values[2], values[3][0], values[4][0]}, nil
}

// Close frees the compiled graphs, not the model.
func (s *Stepper) Close() { s.exec.Finalize() }

// unknowing is the loss of a batch whose vectors know nothing: every other row is as near as any.
func unknowing(batchSize int) float64 { return math.Log(float64(batchSize - 1)) }
