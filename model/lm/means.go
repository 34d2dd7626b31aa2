package lm

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/model/decoder"
)

// Span is a part of a row: the tokens From … To−1. Counted from the row's own first token, whatever padding stands
// before it.
type Span struct{ From, To int }

// Means returns the mean residual stream over a span of each row, by layer: [i][L+1][H]. Layer 0 is after the
// embedding, layer l after l blocks and before the final norm, which transformers applies to its last hidden state.
//
// Persona vectors are differences of such means: over answers that show a trait, less over answers that do not. A
// span that is empty or leaves its row is refused with the row.
func (r *Runner) Means(rows [][]int32, spans []Span) ([][][]float32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(rows) != len(spans) {
		return nil, fault.New(fault.Mismatch, "%d rows and %d spans", len(rows), len(spans))
	}
	out := make([][][]float32, len(rows))
	for row, ids := range rows {
		if s := spans[row]; s.From < 0 || s.To <= s.From || s.To > len(ids) {
			return nil, fault.New(fault.Invalid, "row %d of %d tokens has no span %d to %d", row, len(ids), s.From, s.To)
		}
		length, err := Bucket(len(ids))
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", row, err)
		}
		// A row at a time: what is looked at decides nothing that batches would have to keep apart.
		if out[row], err = r.means(ids, spans[row], length); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// means looks at one row: [L+1][H]. The mean is taken inside the graph, as a weighted sum over positions, so that L+1
// vectors leave the engine and not L+1 states of every token.
//
//	row of 4 tokens in a bucket drawn as 6, span 1 to 3
//	slot   0 1 2 3 4 5
//	token  . . a b c d
//	mark   0 0 0 ½ ½ 0
func (r *Runner) means(row []int32, span Span, length int) ([][]float32, error) {
	if _, err := r.bucket([][]int32{row}); err != nil {
		return nil, err
	}
	exec, err := r.exec(fmt.Sprintf("means of %d", length), func(_ *model.Scope, in []*Node) []*Node {
		return []*Node{r.meansGraph(in)}
	})
	if err != nil {
		return nil, err
	}
	ids, lengths := r.lay([][]int32{row}, length)
	mark := make([]float32, length)
	for at := range mark {
		if shift := length - len(row); at >= shift+span.From && at < shift+span.To {
			mark[at] = 1 / float32(span.To-span.From)
		}
	}
	result, err := exec.Call(tensors.FromFlatDataAndDimensions(ids, r.o.Rows, length), lengths, mark)
	if err != nil {
		return nil, fmt.Errorf("means of %d tokens: %w", len(row), err)
	}
	return matrix(result[0], r.m.Config.NumLayers+1)
}

// meansGraph weighs the positions of row 0 between layers: ids [B, P], lengths [B], mark [P] → [L+1, H]. The hook
// returns x as it came: looking changes no number. Sums are in float32 whatever the layers compute in.
func (r *Runner) meansGraph(in []*Node) *Node {
	ids, lengths, mark := in[0], in[1], in[2]
	kept := make([]*Node, r.m.Config.NumLayers+1)
	look := func(behind int, x *Node) *Node {
		row := ConvertDType(Squeeze(SliceAxis(x, 0, AxisElem(0)), 0), dtypes.Float32) // [P, H]
		kept[behind] = ReduceSum(Mul(row, InsertAxes(mark, -1)), 0)                   // [H]
		return x
	}
	f := decoder.Padded(r.m.Weights, ids, lengths, decoder.Options{Arith: r.o.Arith, Hook: look})
	f.Layers(f.Embed(ids), 0, r.m.Config.NumLayers)
	return Stack(kept, 0)
}
