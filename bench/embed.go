package main

import (
	"context"
	"fmt"
	"strconv"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/pack"
)

// openModel is a model folder on the engine.
func openModel(ctx context.Context, dir, precision string, do func(*local.Local) error) error {
	return onEngine(ctx, func(e *engine.Engine) error {
		l, err := local.Open(dir, e.Backend, string(e.Name), local.Options{Precision: precision})
		if err != nil {
			return err
		}
		defer l.Close()
		return do(l)
	})
}

// embedWorker computes one batch of which every position is text, CALLS times a turn:
// FOLDER PRECISION ROWS LENGTH CALLS.
func embedWorker(ctx context.Context, args []string) error {
	var n [3]int
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(args[2+i]); err != nil {
			return err
		}
	}
	b := whole(n[0], n[1])
	return openModel(ctx, args[0], args[1], func(l *local.Local) error {
		if err := l.Runner().Compile(ctx, b.Shape); err != nil {
			return err
		}
		return turns(func() (a answer, err error) {
			for range n[2] {
				if a.Output, err = l.Runner().Run(ctx, &b); err != nil {
					return a, err
				}
			}
			return a, nil
		})
	})
}

// whole is a batch of texts as long as its rows. peers/embed.py makes the same ids; they need not mean anything.
func whole(rows, length int) pack.Batch {
	b := pack.Batch{Shape: pack.Shape{Rows: rows, Length: length, Texts: rows}}
	for row := range rows {
		for at := range length {
			b.IDs = append(b.IDs, int32(1000+(7919*at+104729*row)%5000))
			b.Texts = append(b.Texts, int32(row))
		}
		b.Last, b.Members = append(b.Last, int32((row+1)*length-1)), append(b.Members, row)
	}
	return b
}

// encodeWorker does what hives embed does: tokenise, pack, compute. FOLDER PRECISION TEXTS.
func encodeWorker(ctx context.Context, args []string) error {
	texts, err := readLines[string](args[2])
	if err != nil {
		return err
	}
	inputs := make([]encoder.Input, len(texts))
	return openModel(ctx, args[0], args[1], func(l *local.Local) error {
		tokens := 0
		for i, text := range texts {
			ids, _, err := l.Tokenizer().Encode(text)
			if err != nil {
				return err
			}
			inputs[i].Text, tokens = text, tokens+len(ids)
		}
		return turns(func() (a answer, err error) {
			vectors, _, err := l.Encode(ctx, inputs)
			for _, v := range vectors {
				a.Output = append(a.Output, v...)
			}
			a.Amount = float64(tokens)
			return a, err
		})
	})
}

// embedRows are batches of random weights beside transformers, and real texts beside sentence-transformers and others.
func (b *bench) embedRows() (out []row) {
	full, four := b.shape("qwen3-0.6b", 28), b.shape("qwen3-4-layers", 4)
	for _, x := range []struct {
		name, work, precision string
		shape                 shape
		rows, length, calls   int
		unit                  string
		goal                  goal
	}{
		{"one-bf16", "one text of 16 tokens, 0.6B shape, bf16", "bf16", full, 1, 16, 5, "ms", goal{atMost: 120}},
		{"one-f32", "one text of 16 tokens, 4 layers, f32", "f32", four, 1, 16, 20, "ms", goal{atMost: 29}},
		{"batch-bf16", "16 × 64, 0.6B shape, bf16", "bf16", full, 16, 64, 1, "tokens/s", goal{}},
		{"batch-f32", "16 × 64, 4 layers, f32", "f32", four, 16, 64, 1, "tokens/s", goal{}},
	} {
		numbers := []string{strconv.Itoa(x.rows), strconv.Itoa(x.length), strconv.Itoa(x.calls)}
		amount := float64(x.calls)
		if x.unit == "tokens/s" {
			amount *= float64(x.rows * x.length)
		}
		r := row{
			name: x.name, work: x.work, full: true, unit: x.unit, amount: amount, threads: 1, prepare: x.shape.make,
			ours:  b.worker(append([]string{"embed", x.shape.dir, x.precision}, numbers...)...),
			peer:  b.python("PyTorch", "embed.py", append([]string{x.shape.dir, x.precision}, numbers...)...),
			agree: agreement{cosine: .999, width: 1024}, goal: x.goal,
		}
		if x.precision == "bf16" {
			r.agree.cosine = .99 // each rounds after other steps, in 28 layers
		}
		out = append(out, r)
		if x.rows > 1 { // beside what the machine can do: as many operations in large products
			flops := 2 * float64(x.rows*x.length) * x.shape.weights()
			r.name, r.work = x.name+"-limit", x.work+", beside the limit"
			r.peer = b.python("large products", "limit.py", x.precision, fmt.Sprint(flops))
			r.agree = agreement{free: "no output: products alone"}
			r.goal = goal{ratio: map[string]float64{"bf16": .95, "f32": .92}[x.precision]}
			out = append(out, r)
		}
	}
	return append(out, b.textRows()...)
}

// textRows tokenise, pack and compute real texts.
func (b *bench) textRows() []row {
	minilm, smollm := b.cache+"/models/all-MiniLM-L6-v2", b.work+"/smollm2"
	texts := func(n int) string { return fmt.Sprintf("%s/texts-%d.jsonl", b.work, n) }
	some := func(n int) func() error { return func() error { return b.writeTexts(texts(n), n) } }
	ours := b.worker("encode", minilm, "f32", texts(2000))
	ours.needs = append(ours.needs, need{minilm, "scripts/download_minilm.sh"})
	st := b.python("sentence-transformers", "encode.py", minilm, "float32", texts(2000))
	onnx := b.python("ONNX Runtime", "minilm_onnx.py", minilm, b.work+"/minilm-f32.onnx", texts(2000))
	onnx.env = []string{"PYTHONPATH=" + b.work + "/onnx"}
	onnx.needs = append(onnx.needs, need{b.work + "/onnx/onnxruntime", "bench/peers/install.sh onnx"})
	agree := agreement{cosine: .9999, width: 384}
	return []row{
		{name: "minilm", work: "2,000 real texts, MiniLM f32", unit: "tokens/s", threads: 1, prepare: some(2000), ours: ours,
			peer: st, agree: agree},
		{name: "minilm-onnx", work: "2,000 real texts, MiniLM f32, beside ONNX", unit: "tokens/s", full: true, threads: 1,
			prepare: some(2000), ours: ours, peer: onnx, agree: agree},
		{name: "texts-bf16", work: "300 real texts, SmolLM2 bf16", unit: "tokens/s", full: true, threads: 1,
			prepare: func() error {
				if err := b.smollm2(smollm); err != nil {
					return err
				}
				return some(300)()
			},
			ours: b.worker("encode", smollm, "bf16", texts(300)),
			peer: b.python("sentence-transformers", "encode.py", smollm, "bfloat16", texts(300)),
			// Of these texts ours in bf16 have cosines of .9991 and more to float32, PyTorch's of .9799 and more.
			agree: agreement{cosine: .98, width: 576}, goal: goal{ratio: 2}},
	}
}
