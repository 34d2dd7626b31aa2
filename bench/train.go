package main

import (
	"context"
	"path/filepath"

	"hives/data"
	"hives/data/theories"
	"hives/internal/engine"
	"hives/internal/optim"
	"hives/internal/trainer/contrast"
	"hives/internal/trainer/step"
	"hives/losses"
	"hives/model/folder"
	"hives/model/transformer"
	"hives/pack"
	"hives/samplers"
	"hives/tokenizer"
)

// batch is a Stage 1 batch as peers/train.py reads it: B texts, ids [B][…] with their frame, theory [B],
// levels [B][3] (−1 below a path's end), direction [B].
type batch struct {
	IDs       [][]int32  `json:"ids"`
	Theory    []int32    `json:"theory"`
	Levels    [][3]int32 `json:"levels"`
	Direction []int32    `json:"direction"`
}

// evenBatch has 8 texts of 64 tokens and four values.
func evenBatch() batch {
	var b batch
	w := whole(8, 64)
	for row := range w.Rows {
		b.IDs = append(b.IDs, w.IDs[row*w.Length:(row+1)*w.Length])
		b.Theory, b.Direction = append(b.Theory, 0), append(b.Direction, 0)
		b.Levels = append(b.Levels, [3]int32{int32(row % 4), -1, -1})
	}
	return b
}

// realBatches are those of the first steps of a run with the paper's sampler and texts of at most 256 tokens.
func (b *bench) realBatches(steps int) ([]batch, error) {
	file, err := b.demoRows()
	if err != nil {
		return nil, err
	}
	all, err := data.Read(file)
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.Open("demo/model/tokenizer.json")
	if err != nil {
		return nil, err
	}
	framed, err := tokenizer.NewFramed(t, 256, "")
	if err != nil {
		return nil, err
	}
	labels, o := data.NewLabels(all, theories.Builtin()), samplers.DefaultIntraTheory()
	o.Seed = 1
	s, err := samplers.NewIntraTheory(labels, o)
	if err != nil {
		return nil, err
	}
	out := make([]batch, steps)
	for i := range out {
		for _, r := range s.Batch(i).Rows {
			ids, _, err := framed.Encode(all[r].Text)
			if err != nil {
				return nil, err
			}
			x := &out[i]
			x.IDs, x.Theory = append(x.IDs, ids), append(x.Theory, labels.Theory[r])
			x.Levels, x.Direction = append(x.Levels, labels.Levels[r]), append(x.Direction, labels.Direction[r])
		}
	}
	return out, nil
}

// trainWorker takes a step on each batch of a file: FOLDER PRECISION BATCHES. Its output is the steps' losses.
func trainWorker(ctx context.Context, args []string) error {
	batches, err := readLines[batch](args[2])
	if err != nil {
		return err
	}
	arith, err := transformer.ParseArithmetic(args[1])
	if err != nil {
		return err
	}
	shapes, tokens, err := shapesOf(batches)
	if err != nil {
		return err
	}
	return onEngine(ctx, func(e *engine.Engine) error {
		m, err := folder.LoadOn(e.Backend, args[0], arith.Stream)
		if err != nil {
			return err
		}
		defer m.Variables().Finalize()
		objective := &contrast.Objective{Model: m, Arithmetic: arith, Pooling: transformer.LastToken,
			Of: contrast.Hierarchical(losses.DefaultHierarchical())}
		stepper, err := step.New(e.Backend, objective, step.Options{Optimizer: optim.Default(0)})
		if err != nil {
			return err
		}
		defer stepper.Close()
		done := 0
		return turns(func() (answer, error) {
			a := answer{Amount: float64(tokens)}
			for i := range batches {
				loss, err := oneStep(stepper, objective, &batches[i], shapes, done)
				if err != nil {
					return a, err
				}
				a.Output, done = append(a.Output, loss), done+1
			}
			return a, nil
		})
	})
}

// shapesOf chooses from these very batches, as a run chooses from those that it will take.
func shapesOf(batches []batch) (shapes []pack.Shape, tokens int, err error) {
	var samples [][]int
	longest := 0
	for _, b := range batches {
		var lengths []int
		for _, ids := range b.IDs {
			lengths = append(lengths, len(ids))
			longest, tokens = max(longest, len(ids)), tokens+len(ids)
		}
		samples = append(samples, lengths)
	}
	shapes, err = pack.Choose(samples, pack.Choice{Texts: len(samples[0]), Longest: longest})
	return shapes, tokens, err
}

func oneStep(s *step.Stepper, o *contrast.Objective, b *batch, shapes []pack.Shape, done int) (float32, error) {
	packed, err := pack.One(b.IDs, shapes)
	if err != nil {
		return 0, err
	}
	rows := &contrast.Batch{Packs: []pack.Batch{packed}, Theory: b.Theory, Direction: b.Direction}
	for _, path := range b.Levels {
		rows.Levels = append(rows.Levels, path[:]...)
	}
	ready, err := rows.Step(o)
	if err != nil {
		return 0, err
	}
	// The paper's learning rate, and no scale of the loss. PyTorch's side has the same.
	r, err := s.Step(ready, done, 1e-4, 1)
	if err != nil {
		return 0, err
	}
	return float32(r.Loss), nil
}

// trainRows are whole steps: forward, loss, gradients, clip and AdamW, weights and moments in f32.
func (b *bench) trainRows() (out []row) {
	four, even := b.shape("qwen3-4-layers", 4), filepath.Join(b.work, "even.jsonl")
	for _, x := range []struct{ name, precision, work string }{
		{"train-f32", "f32", "training 8 × 64, 4 layers, whole vocabulary, f32"},
		{"train-bf16", "mixed", "training 8 × 64, 4 layers, whole vocabulary, bf16"},
	} {
		out = append(out, row{
			name: x.name, work: x.work, full: true, unit: "s", amount: 1, threads: 1,
			prepare: func() error {
				if err := four.make(); err != nil {
					return err
				}
				return writeLines(even, []batch{evenBatch()})
			},
			ours:  b.worker("train", four.dir, x.precision, even),
			peer:  b.python("PyTorch", "train.py", four.dir, x.precision, even),
			agree: agreement{apart: within(.02)}, goal: goal{ratio: 1.5}, peak: &goal{ratio: 1 / .9},
		})
	}
	demo, batches := filepath.Join(b.work, "demo"), filepath.Join(b.work, "batches.jsonl")
	return append(out, row{
		name: "train-rows", work: "training on real rows, demo's model, f32", unit: "tokens/s", threads: 1,
		prepare: func() error {
			if err := (shape{b: b, dir: demo, config: "demo/model/config.json"}).make(); err != nil {
				return err
			}
			real, err := b.realBatches(10)
			if err != nil {
				return err
			}
			return writeLines(batches, real)
		},
		ours: b.worker("train", demo, "f32", batches), peer: b.python("PyTorch", "train.py", demo, "f32", batches),
		agree: agreement{apart: within(.02)}, peak: &goal{},
	})
}
