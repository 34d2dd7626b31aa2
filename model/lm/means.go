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

// Mean is what a span of a row looks like between layers. Layer 0 is after the embedding, layer l after l blocks and
// before the final norm, which transformers applies to its last hidden state. Persona vectors are differences of such
// means: over answers that show a trait, less over answers that do not.
type Mean struct {
	State [][]float32 // [L+1][H] mean of the residual stream
	Norm  []float32   // [L+1] mean of its length: at least the mean's, since states point in many directions
}

// Means looks at spans of rows: [i][span]. Rows of any lengths are taken and computed B at a time, those of one bucket
// together. A span that is empty or leaves its row is refused with the row.
func (r *Runner) Means(rows [][]int32, spans [][]Span) ([][]Mean, error) {
	defer r.take()()
	if len(rows) != len(spans) {
		return nil, fault.New(fault.Mismatch, "%d rows and %d lists of spans", len(rows), len(spans))
	}
	type kind struct{ length, spans int }
	var kinds []kind // in the order they first come
	members := make(map[kind][]int)
	for row, ids := range rows {
		for _, s := range spans[row] {
			if s.From < 0 || s.To <= s.From || s.To > len(ids) {
				return nil, fault.New(fault.Invalid, "row %d of %d tokens has no span %d to %d", row, len(ids), s.From, s.To)
			}
		}
		length, err := Bucket(len(ids))
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", row, err)
		}
		k := kind{length, len(spans[row])}
		if members[k] == nil {
			kinds = append(kinds, k)
		}
		members[k] = append(members[k], row)
	}
	out := make([][]Mean, len(rows))
	for _, k := range kinds {
		for at := 0; at < len(members[k]); at += r.o.Rows {
			batch := members[k][at:min(at+r.o.Rows, len(members[k]))]
			if r.m.Kernels != nil {
				if err := r.meansRows(batch, rows, spans, out); err != nil {
					return nil, err
				}
				continue
			}
			if err := r.means(batch, k.length, k.spans, rows, spans, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// means computes one batch of rows and fills their places of out. The mean is taken inside the graph, as a weighted sum
// over positions, so that L+1 vectors leave the engine and not L+1 states of every token.
//
//	row of 4 tokens in a bucket drawn as 6, span 1 to 3
//	slot   0 1 2 3 4 5
//	token  . . a b c d
//	mark   0 0 0 ½ ½ 0
func (r *Runner) means(batch []int, length, spans int, rows [][]int32, of [][]Span, out [][]Mean) error {
	own, marks := make([][]int32, len(batch)), make([]float32, r.o.Rows*spans*length)
	for at, row := range batch {
		own[at] = rows[row]
		shift := length - len(rows[row])
		for k, s := range of[row] {
			for position := s.From; position < s.To; position++ {
				marks[(at*spans+k)*length+shift+position] = 1 / float32(s.To-s.From)
			}
		}
	}
	if _, err := r.bucket(own); err != nil || spans == 0 {
		return err
	}
	exec, err := r.exec(fmt.Sprintf("means of %d spans of %d", spans, length),
		func(_ *model.Scope, in []*Node) []*Node { return r.meansGraph(in) })
	if err != nil {
		return err
	}
	ids, lengths := r.lay(own, length)
	result, err := exec.Call(tensors.FromFlatDataAndDimensions(ids, r.o.Rows, length), lengths,
		tensors.FromFlatDataAndDimensions(marks, r.o.Rows, spans, length))
	if err != nil {
		return fmt.Errorf("means of %d rows of up to %d tokens: %w", len(batch), length, err)
	}
	states, err := matrix(result[0], r.o.Rows*spans*(r.m.Config.NumLayers+1))
	if err != nil {
		return err
	}
	norms, err := matrix(result[1], r.o.Rows*spans)
	if err != nil {
		return err
	}
	layers := r.m.Config.NumLayers + 1
	for at, row := range batch {
		for k := range spans {
			slot := at*spans + k
			out[row] = append(out[row], Mean{states[slot*layers : (slot+1)*layers], norms[slot]})
		}
	}
	return nil
}

// meansGraph weighs positions between layers: ids [B, P], lengths [B], marks [B, K, P] → states [B·K·(L+1), H] and
// norms [B·K, L+1]. The hook returns x as it came: looking changes no number. Sums are in float32 whatever the layers
// compute in.
func (r *Runner) meansGraph(in []*Node) []*Node {
	ids, lengths, marks := in[0], in[1], in[2]
	layers := r.m.Config.NumLayers + 1
	states, norms := make([]*Node, layers), make([]*Node, layers)
	look := func(behind int, x *Node) *Node {
		wide := ConvertDType(x, dtypes.Float32)              // [B, P, H]
		states[behind] = Einsum("bkp,bph->bkh", marks, wide) // [B, K, H]
		length := Sqrt(ReduceSum(Square(wide), -1))          // [B, P]
		norms[behind] = Einsum("bkp,bp->bk", marks, length)  // [B, K]
		return x
	}
	f := decoder.Padded(r.m.Weights, ids, lengths, decoder.Options{Arith: r.o.Arith, Hook: look})
	f.Layers(f.Embed(ids), 0, r.m.Config.NumLayers)
	slots := marks.Shape().Dim(0) * marks.Shape().Dim(1)
	return []*Node{Reshape(Stack(states, 2), slots*layers, r.m.Config.HiddenSize), Reshape(Stack(norms, 2), slots, layers)}
}
