package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"hives/internal/engine"
	"hives/model/lm"
	"hives/model/transformer"
)

// request is one line in. With From it asks for the log-probabilities of each row from its place on; without, for the
// most probable Tokens behind each prompt. Prompts of one request share a bucket (lm.Bucket) and fit the batch.
type request struct {
	Prompts [][]int32 `json:"prompts"`
	From    []int     `json:"from,omitempty"`
	Tokens  int       `json:"tokens,omitempty"`
	Logits  string    `json:"logits,omitempty"` // file for each prompt's first and last logits, [2][rows][V] float32
}

// written is one line out.
type written struct {
	IDs    [][]int32   `json:"ids,omitempty"`
	Scores [][]float64 `json:"scores,omitempty"`
}

// llmWorker writes and scores with a language model: --rows B --precision f32 MODEL. scripts/roundtrip asks it too, and
// holds its numbers to transformers.
func llmWorker(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("llm", flag.ContinueOnError)
	rows := f.Int("rows", 8, "rows of a batch")
	precision := f.String("precision", "f32", "f32, mixed or bf16")
	if err := f.Parse(args); err != nil {
		return err
	}
	arith, err := transformer.ParseArithmetic(*precision)
	if err != nil {
		return err
	}
	return onEngine(ctx, func(e *engine.Engine) error {
		m, err := lm.Open(e.Backend, f.Arg(0), arith, e.Threads)
		if err != nil {
			return err
		}
		defer m.Close()
		r, err := lm.NewRunner(m, lm.Options{Backend: e.Backend, Arith: arith, Rows: *rows})
		if err != nil {
			return err
		}
		defer r.Close()
		return serve(func(line string) (written, error) {
			var q request
			if err := json.Unmarshal([]byte(line), &q); err != nil {
				return written{}, err
			}
			return answerRequest(r, q)
		})
	})
}

func answerRequest(r *lm.Runner, q request) (a written, err error) {
	if q.From != nil {
		a.Scores, err = r.Score(q.Prompts, q.From, nil)
		return a, err
	}
	first, err := r.Begin(q.Prompts, q.Tokens, nil)
	if err != nil {
		return a, err
	}
	logits := first
	a.IDs = make([][]int32, len(first))
	for n := range q.Tokens {
		if n > 0 { // the first token was known when the prompts were read
			if logits, err = r.Next(last(a.IDs)); err != nil {
				return a, err
			}
		}
		for row := range a.IDs {
			a.IDs[row] = append(a.IDs[row], highest(logits[row]))
		}
	}
	if q.Logits != "" {
		err = writeLogits(q.Logits, append(first, logits...))
	}
	return a, err
}

// last is the newest token of each row.
func last(ids [][]int32) []int32 {
	out := make([]int32, len(ids))
	for row := range ids {
		out[row] = ids[row][len(ids[row])-1]
	}
	return out
}

// highest is the most probable id, the lowest among equals.
func highest(logits []float32) (id int32) {
	for at, x := range logits {
		if x > logits[id] {
			id = int32(at)
		}
	}
	return id
}

func writeLogits(path string, rows [][]float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := binary.Write(f, binary.LittleEndian, row); err != nil {
			f.Close()
			return err
		}
	}
	return f.Close()
}

// asLine is a request as a worker reads it.
func asLine(q request) string {
	raw, err := json.Marshal(q)
	if err != nil {
		panic(err) // numbers alone
	}
	return string(raw)
}

// llmRows set reading, writing and scoring beside llama.cpp, whose Q4_1 file holds the weights that ours are made of.
func (b *bench) llmRows() (out []row) {
	const prompt, option = 60, 4 // with an option behind it a prompt has 64 tokens, a rung of our ladder
	r := rand.New(rand.NewPCG(17, 1))
	draw := func(rows, n int) (out [][]int32) {
		for range rows {
			ids := make([]int32, n)
			for i := range ids {
				ids[i] = 1000 + r.Int32N(39000)
			}
			out = append(out, ids)
		}
		return out
	}
	prompts, options := draw(32, prompt), draw(4, option)
	score := func(prompts [][]int32) (q request) {
		for _, p := range prompts {
			for _, o := range options {
				q.Prompts, q.From = append(q.Prompts, append(p[:prompt:prompt], o...)), append(q.From, prompt)
			}
		}
		return q
	}
	python := filepath.Join(b.cache, "llamacpp", "venv", "bin", "python")
	gguf := filepath.Join(smollm2Folder, "SmolLM2-135M-Instruct.Q4_1.gguf")
	for _, x := range []struct {
		name, work, precision string
		rows                  int
		ask                   request
		tokens                float64
		ratio                 float64
	}{
		{"llm-read", "SmolLM2 bf16 reads 8 prompts of 60", "bf16", 8,
			request{Prompts: prompts[:8], Tokens: 1}, 8 * prompt, 2},
		{"llm-one", "SmolLM2 bf16 reads one and writes 16 tokens", "bf16", 1,
			request{Prompts: prompts[:1], Tokens: 16}, 16, 0},
		{"llm-write", "SmolLM2 bf16 reads 32 and writes 16 tokens each", "bf16", 32,
			request{Prompts: prompts, Tokens: 16}, 32 * 16, 0},
		{"llm-score", "SmolLM2 bf16 scores 4 options behind 8 prompts", "bf16", 8,
			score(prompts[:8]), 8 * (prompt + 4*option), 2},
	} {
		out = append(out, row{
			name: x.name, work: x.work, full: true, unit: "tokens/s", amount: x.tokens, threads: 1,
			// What they write differs: llama.cpp rounds activations to 8 bits, and behind one other word all do.
			ask: asLine(x.ask), show: asLine(score(prompts[:1])), agree: agreement{apart: within(1.5)},
			prepare: func() error { return b.call("scripts/download_smollm2.sh", smollm2Folder) },
			ours:    b.worker("llm", "--rows", fmt.Sprint(x.rows), "--precision", x.precision, smollm2Folder),
			peer: side{name: "llama.cpp Q4_1", command: []string{python, "bench/peers/llamacpp.py", gguf},
				needs: []need{{python, "bench/peers/install.sh llamacpp"}}},
			goal: goal{ratio: x.ratio},
		})
	}
	return append(out, row{
		name: "sft", work: "fine-tuning on answers, a step of 8 rows", full: true, unit: "s", amount: 1, threads: 1,
		script: "bench/sft.sh", ours: side{name: "HiVES"}, peer: side{name: "PyTorch + PEFT"},
		goal: goal{ratio: 1.3}, peak: &goal{ratio: 1 / .9},
	})
}
