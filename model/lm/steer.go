package lm

import (
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fault"
	"hives/model/decoder"
)

// Positions says which tokens a steering vector is added at. The three are those of persona-vector work: a vector
// taken from answers is added where answers are written.
type Positions string

// Response is the prompt's last token, whose state makes the first token of the answer, and all that follow.
const (
	All      Positions = "all"
	Prompt   Positions = "prompt"
	Response Positions = "response"
)

// Steer adds Coefficient · Vector to what block Layer, counted from 0, gives at some positions of a row.
type Steer struct {
	Layer       int
	Vector      []float32 // [H]
	Coefficient float64
	Positions   Positions
}

// push is what all steers of a batch add up to, by the three kinds of positions there are: those of the prompt before
// its last token, the prompt's last, and the answer's. Each is [L, B, H].
//
//	positions   body   edge   tail
//	all           x      x      x
//	prompt        x      x
//	response             x      x
type push struct{ body, edge, tail []float32 }

// Steered tells whether steers move a row. A coefficient of 0 moves nothing, and the graph without steering runs: a
// graph that adds 0 is another one, which the compiler may round in another way.
func Steered(steers []Steer) bool {
	return slices.ContainsFunc(steers, func(s Steer) bool { return s.Coefficient != 0 })
}

// newPush adds steers[row] up; rows without any are zeros. It returns nil where nobody steers, so that the graph
// without steering runs: its bits are those of a model that knows no steering. Several steers of one row and layer
// add up, so the graph has one input a kind, however many there are.
func (m *Model) newPush(rows int, steers [][]Steer) (*push, error) {
	layers, width := m.Config.NumLayers, m.Config.HiddenSize
	any := false
	for _, row := range steers {
		any = any || Steered(row)
		for _, s := range row {
			if err := m.checkSteer(s); err != nil {
				return nil, err
			}
		}
	}
	if !any {
		return nil, nil
	}
	size := layers * rows * width
	p := &push{make([]float32, size), make([]float32, size), make([]float32, size)}
	for row, all := range steers {
		for _, s := range all {
			at := (s.Layer*rows + row) * width
			for _, dst := range p.at(s.Positions) {
				for k, x := range s.Vector {
					dst[at+k] += float32(s.Coefficient) * x
				}
			}
		}
	}
	return p, nil
}

// checkSteer refuses what does not fit the model, also at a coefficient of 0: a vector of another width, or a layer
// that is not there, is another model's.
func (m *Model) checkSteer(s Steer) error {
	layers, width := m.Config.NumLayers, m.Config.HiddenSize
	if s.Layer < 0 || s.Layer >= layers || len(s.Vector) != width {
		return fault.New(fault.Mismatch, "steering of layer %d with %d numbers: the model has layers 0 to %d of %d",
			s.Layer, len(s.Vector), layers-1, width)
	}
	if !slices.Contains([]Positions{All, Prompt, Response}, s.Positions) {
		return fault.New(fault.Invalid, "steering at positions %q: want all, prompt or response", s.Positions)
	}
	if math.IsNaN(s.Coefficient) || math.IsInf(s.Coefficient, 0) {
		return fault.New(fault.Invalid, "steering by a coefficient of %v: want a finite number", s.Coefficient)
	}
	return nil
}

// at are the parts that a kind of positions writes into.
func (p *push) at(where Positions) [][]float32 {
	switch where {
	case Prompt:
		return [][]float32{p.body, p.edge}
	case Response:
		return [][]float32{p.edge, p.tail}
	}
	return [][]float32{p.body, p.edge, p.tail}
}

// tensors are the push as inputs of a graph, after the others.
func (p *push) tensors(m *Model, rows int) []any {
	if p == nil {
		return nil
	}
	var out []any
	for _, part := range [][]float32{p.body, p.edge, p.tail} {
		out = append(out, tensors.FromFlatDataAndDimensions(part, m.Config.NumLayers, rows, m.Config.HiddenSize))
	}
	return out
}

// hook adds the push between layers. in are body, edge and tail [L, B, H]; behind is where each position stands from
// the prompt's last token: [B, S], below 0 in the prompt, 0 at its last, above 0 in the answer.
//
// Layer l of a hook is what l blocks have given, so block l−1 of the push is added there and nothing behind the table
// of embeddings. Where chooses between the vector and 0, and no mark is multiplied with: what is not steered gets
// exactly 0 added, whatever the vector holds.
func hook(in []*Node, behind *Node) decoder.Hook {
	if len(in) == 0 {
		return nil
	}
	zero := ZerosLike(behind)
	parts := []*Node{LessThan(behind, zero), Equal(behind, zero), GreaterThan(behind, zero)}
	return func(layer int, x *Node) *Node {
		if layer == 0 {
			return x
		}
		marks := parts
		if x.Shape().Dim(1) == 1 && behind.Shape().Dim(1) > 1 { // the last layer goes on with the last position alone
			marks = nil
			for _, part := range parts {
				marks = append(marks, SliceAxis(part, 1, AxisRangeToEnd(behind.Shape().Dim(1)-1)))
			}
		}
		for kind, mark := range marks {
			added := TransposeAllAxes(SliceAxis(in[kind], 0, AxisElem(layer-1)), 1, 0, 2) // [B, 1, H]
			shape := shapes.Make(added.DType(), x.Shape().Dimensions...)
			spread := Where(BroadcastToShape(InsertAxes(mark, -1), shapes.Make(dtypes.Bool, shape.Dimensions...)),
				BroadcastToShape(added, shape), Zeros(x.Graph(), shape))
			x = Add(x, ConvertDType(spread, x.DType()))
		}
		return x
	}
}
