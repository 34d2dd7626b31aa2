package main

import (
	"context"
	"fmt"
	"math"

	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/optim"
	"hives/internal/trainer/contrast"
	"hives/internal/trainer/step"
	"hives/losses"
	"hives/model/folder"
	"hives/model/transformer"
	"hives/pack"
)

// batchTexts is the paper's batch.
const batchTexts = 64

// trained is what steps of one form took.
type trained struct {
	Form     string  `json:"form"`
	Shape    string  `json:"shape"`
	Tokens   int     `json:"tokens"`   // of texts
	Computed int     `json:"computed"` // positions
	Rate     float64 `json:"tokens_per_second"`
	timing
}

// train times Stage-1 steps with f32 weights and moments and bf16 products, packed and as the authors pad.
func train(_ context.Context, e *engine.Engine, s settings) (any, error) {
	ids, longestText, err := trainTexts(s)
	if err != nil {
		return nil, err
	}
	lengths := make([]int, len(ids))
	for i := range ids {
		lengths[i] = len(ids[i])
	}
	packed, err := pack.Choose([][]int{lengths}, pack.Choice{Texts: len(ids), Longest: longestText})
	if err != nil {
		return nil, err
	}
	width := longest
	if s.small {
		width = longestText
	}
	var out []trained
	for _, f := range []struct {
		name   string
		shapes []pack.Shape
	}{{"packed", packed}, {"padded", []pack.Shape{{Rows: len(ids), Length: width, Texts: len(ids)}}}} {
		t, err := steps(e, s, ids, f.shapes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		t.Form = f.name
		out = append(out, t)
	}
	return out, nil
}

// trainTexts frames the first texts of the file.
func trainTexts(s settings) (ids [][]int32, longestText int, err error) {
	texts, err := readTexts(s.texts)
	if err != nil {
		return nil, 0, err
	}
	cfg, err := folder.Config(s.folder)
	if err != nil {
		return nil, 0, err
	}
	info, err := folder.Read(s.folder)
	if err != nil {
		return nil, 0, err
	}
	framed, err := local.OpenTokenizer(s.folder, info, cfg.Sizes().Vocabulary)
	if err != nil {
		return nil, 0, err
	}
	count := batchTexts
	if s.small {
		count = 8
	}
	if len(texts) < count {
		return nil, 0, fmt.Errorf("%s has %d texts, a step takes %d", s.texts, len(texts), count)
	}
	for _, text := range texts[:count] {
		row, _, err := framed.Encode(text)
		if err != nil {
			return nil, 0, err
		}
		ids, longestText = append(ids, row), max(longestText, len(row))
	}
	return ids, longestText, nil
}

// steps times whole steps. Labels are four values of one theory: the loss costs next to nothing beside the model.
func steps(e *engine.Engine, s settings, ids [][]int32, shapes []pack.Shape) (out trained, err error) {
	m, err := folder.LoadOn(e.Backend, s.folder, transformer.Mixed.Stream)
	if err != nil {
		return out, err
	}
	defer m.Variables().Finalize()
	objective := &contrast.Objective{Model: m, Arithmetic: transformer.Mixed, Pooling: transformer.LastToken,
		Of: contrast.Hierarchical(losses.DefaultHierarchical())}
	stepper, err := step.New(e.Backend, objective, step.Options{Optimizer: optim.Default(0)})
	if err != nil {
		return out, err
	}
	defer stepper.Close()
	b, err := pack.One(ids, shapes)
	if err != nil {
		return out, err
	}
	rows := &contrast.Batch{Packs: []pack.Batch{b}, Direction: make([]int32, len(ids)), Theory: make([]int32, len(ids))}
	for i := range ids {
		rows.Levels = append(rows.Levels, int32(i%4), -1, -1)
	}
	done := 0
	out.timing, err = repeat(max(2, s.rounds/4), func() error {
		batch, err := rows.Step(objective)
		if err != nil {
			return err
		}
		result, err := stepper.Step(batch, done, 1e-4, 1)
		if err == nil && math.IsNaN(float64(result.Loss)) {
			err = fmt.Errorf("step %d: the loss is no number", done)
		}
		done++
		return err
	})
	for _, row := range ids {
		out.Tokens += len(row)
	}
	out.Shape, out.Computed = fmt.Sprintf("%d × %d", b.Rows, b.Length), b.Rows*b.Length
	out.Rate = float64(out.Tokens) / out.Best
	return out, err
}
