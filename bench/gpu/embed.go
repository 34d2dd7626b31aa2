package main

import (
	"context"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/model/folder"
	"hives/model/transformer"
	"hives/pack"
)

// longest is the most tokens a text may have, as the authors of HiVES train.
const longest = 256

// batches are whole ones: every position is a token of a text.
var batches = []pack.Shape{{Rows: 16, Length: 64, Texts: 16}, {Rows: 64, Length: 256, Texts: 64}}

var smallBatches = []pack.Shape{{Rows: 2, Length: 16, Texts: 2}, {Rows: 4, Length: 32, Texts: 4}}

// embedded is what one kind of batch took.
type embedded struct {
	Work   string  `json:"work"`
	Tokens int     `json:"tokens"`
	Texts  int     `json:"texts"`
	Rate   float64 `json:"tokens_per_second"` // of the best repeat
	timing
}

func embed(ctx context.Context, e *engine.Engine, s settings) (any, error) {
	out, err := wholeBatches(e, s)
	if err != nil {
		return nil, err
	}
	packed, err := realTexts(ctx, e, s)
	return append(out, packed), err
}

// wholeBatches times the graph alone, with weights in memory.
func wholeBatches(e *engine.Engine, s settings) (out []embedded, err error) {
	arith, err := transformer.ParseArithmetic(s.precision)
	if err != nil {
		return nil, err
	}
	m, err := folder.LoadOn(e.Backend, s.folder, arith.Operand)
	if err != nil {
		return nil, err
	}
	defer m.Variables().Finalize()
	exec, err := model.NewExec(e.Backend, m.Variables(), func(_ *model.Scope, ids, texts, last *Node) *Node {
		p := transformer.Packed{IDs: ids, Texts: texts, Last: last}
		return ConvertDType(m.Packed(p, transformer.LastToken, arith), dtypes.Float32)
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	shapes := batches
	if s.small {
		shapes = smallBatches
	}
	for _, shape := range shapes {
		t, err := repeat(s.rounds, func() error { return compute(exec, whole(shape), m.Sizes().Hidden) })
		if err != nil {
			return nil, err
		}
		out = append(out, embedded{fmt.Sprintf("%d × %d", shape.Rows, shape.Length), shape.Tokens(), shape.Texts,
			float64(shape.Tokens()) / t.Best, t})
	}
	return out, nil
}

// whole is a batch of texts as long as its rows. The ids need not mean anything.
func whole(s pack.Shape) *pack.Batch {
	b := &pack.Batch{Shape: s}
	for row := range s.Rows {
		for at := range s.Length {
			b.IDs = append(b.IDs, int32(1000+(7919*at+104729*row)%5000))
			b.Texts = append(b.Texts, int32(row))
		}
		b.Last = append(b.Last, int32((row+1)*s.Length-1))
	}
	return b
}

// compute runs a batch and fetches its vectors, as every caller does.
func compute(exec *model.Exec, b *pack.Batch, width int) error {
	ids := tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Length)
	texts := tensors.FromFlatDataAndDimensions(b.Texts, b.Rows, b.Length)
	vectors, err := exec.Call1(ids, texts, b.Last)
	if err != nil {
		return err
	}
	defer vectors.FinalizeAll()
	flat, err := tensors.CopyFlatData[float32](vectors)
	if err == nil && len(flat) != len(b.Last)*width {
		err = fmt.Errorf("%d numbers for %d vectors of %d", len(flat), len(b.Last), width)
	}
	return err
}

// realTexts times what hives embed does: tokenise, pack, compute.
func realTexts(ctx context.Context, e *engine.Engine, s settings) (embedded, error) {
	texts, err := readTexts(s.texts)
	if err != nil {
		return embedded{}, err
	}
	l, err := local.Open(s.folder, e.Backend, string(e.Name), local.Options{Precision: s.precision})
	if err != nil {
		return embedded{}, err
	}
	defer l.Close()
	inputs, tokens := make([]encoder.Input, len(texts)), 0
	for i, text := range texts {
		ids, _, err := l.Tokenizer().Encode(text)
		if err != nil {
			return embedded{}, err
		}
		inputs[i].Text, tokens = text, tokens+len(ids)
	}
	t, err := repeat(max(1, s.rounds/4), func() error { _, _, err := l.Encode(ctx, inputs); return err })
	return embedded{"real texts, packed", tokens, len(texts), float64(tokens) / t.Best, t}, err
}
