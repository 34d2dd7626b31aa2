package steer

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/steer/kernel"
)

// fewRows is a file of four values, two questions each, one of which is not trained on.
func fewRows(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	for _, value := range []string{"power", "hedonism", "benevolence", "stimulation"} {
		for n := range 8 {
			for _, level := range []int{2, -2} {
				split, word := "train", "yes"
				if n%2 == 1 {
					split = "test"
				}
				if level < 0 {
					word = "no"
				}
				line, err := json.Marshal(map[string]any{
					"messages": []map[string]string{{"role": "user", "content": "Is " + value + " good?"}, {"role": "assistant",
						"content": word}},
					"value_id": "svt:" + value, "level": level, "question_id": string(rune('a' + n)), "split": split,
				})
				if err != nil {
					t.Fatal(err)
				}
				out.Write(append(line, '\n'))
			}
		}
	}
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func kernelJob(t *testing.T, dir string) KernelJob {
	o := KernelDefaults()
	o.Theories, o.Model, o.Out, o.RowsFile = theories.Builtin(), local(dir), filepath.Join(t.TempDir(), "kernel"),
		fewRows(t)
	o.Embedder, o.HeldOut = "unused", []string{"power"}
	o.Width, o.Steps, o.Batch, o.Rate, o.Resamples, o.Stdout, o.Log = 4, 12, 4, .1, 100, io.Discard, io.Discard
	return o
}

// under runs a job with given vectors of values, in the place of an encoder's.
func under(t *testing.T, o KernelJob, vectors [][]float32) *Transfer {
	t.Helper()
	k := &kernelRun{KernelJob: o, m: openModel(t, o.Model.Dir)}
	var err error
	if k.all, err = readKernelRows(o.RowsFile, o.Theories); err != nil {
		t.Fatal(err)
	}
	if k.part, err = k.all.part(o.HeldOut, o.Theories, o.Seed); err != nil {
		t.Fatal(err)
	}
	about, err := k.about(vectors)
	if err != nil {
		t.Fatal(err)
	}
	if k.j, err = openJournal(filepath.Join(o.Out, "kernel.journal.jsonl"), about); err != nil {
		t.Fatal(err)
	}
	defer k.j.close()
	out, err := k.run(context.Background(), vectors, about)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A kernel learns what is the same for all values, both forms do, the language model keeps its bits, and a run that
// goes on says the same.
func TestKernelsLearn(t *testing.T) {
	dir := world(t, 3)
	vectors := [][]float32{{1, 0}, {0, 1}, {.6, .8}, {.8, .6}}
	for _, form := range kernel.Forms {
		o := kernelJob(t, dir)
		o.Form, o.Prompt = string(form), 2
		first := under(t, o, vectors)
		if len(first.Kernels) != 4 || !slices.Equal(first.HeldOut, []string{"svt/self-enhancement/power"}) ||
			first.Rows != 24 || first.Pairs != [2]int{12, 8} {
			t.Fatalf("%d kernels, held out %v, %d rows, pairs %v", len(first.Kernels), first.HeldOut, first.Rows, first.Pairs)
		}
		told := first.Kernels[0]
		if !(told.Seen.Odd.Mean > .5) || !(told.Unseen.Odd.Mean > .5) {
			t.Errorf("%s: after %d steps the odd part is %v, of held-out values %v: yes at 2 and no at −2 was not learned",
				form, o.Steps, told.Seen.Odd.Mean, told.Unseen.Odd.Mean)
		}
		again := under(t, o, vectors)
		a, _ := json.Marshal(first)
		b, _ := json.Marshal(again)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: a run that goes on says something else", form)
		}
	}
}

// Only the kernel changes: what the model scores without one is what it scored before, to the bit.
func TestTheLanguageModelIsFrozen(t *testing.T) {
	m := openModel(t, world(t, 3))
	weights, options, err := m.Decoder()
	if err != nil {
		t.Fatal(err)
	}
	prompt, answer, err := m.Tokens([]llm.Message{{Role: "user", Content: "Is it good?"}}, "yes")
	if err != nil {
		t.Fatal(err)
	}
	score := func() []float64 {
		s, err := scoreOne(context.Background(), m, []Pair{{Text: "Is it good?", For: "yes", Against: "no"}}, push{})
		if err != nil {
			t.Fatal(err)
		}
		return append(s.For, s.Against...)
	}
	before := score()
	k, err := kernel.New(weights, kernel.Shape{Form: kernel.LatentBias, Layers: []int{1, 2}, Width: 3, In: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	row := kernel.Row{Prompt: prompt, Answer: answer, Vector: []float32{1, 0}, Level: 2}
	tr, err := kernel.NewTrainer(k, options.Backend, options.Arith, 1, []kernel.Row{row})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	fresh, err := tr.Score([]kernel.Row{row})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(fresh[0]-before[0]) > 1e-4 {
		t.Errorf("a fresh latent bias scores %v, the model alone %v", fresh[0], before[0])
	}
	var losses []float64
	if err := tr.Train(context.Background(), []kernel.Row{row}, 8, .1, 1, func(loss float64) {
		losses = append(losses, loss)
	}); err != nil {
		t.Fatal(err)
	}
	if !(losses[7] < losses[0]-.1) {
		t.Errorf("losses %v: nothing was learned", losses)
	}
	if after := score(); !slices.Equal(after, before) {
		t.Errorf("the model scores %v, before %v", after, before)
	}
}

func TestWhatKernelsAreTold(t *testing.T) {
	vectors := [][]float32{{1}, {2}, {3}, {4}, {5}}
	for seed := range uint64(20) {
		for n, v := range told("shuffled vectors", vectors, seed) {
			if v[0] == vectors[n][0] {
				t.Errorf("seed %d: value %d was given its own vector", seed, n)
			}
		}
	}
	for n, v := range told("one-hot", vectors, 1) {
		if sum := v[0] + v[1] + v[2] + v[3] + v[4]; sum != 1 || v[n] != 1 {
			t.Errorf("one-hot of %d is %v", n, v)
		}
	}
}

func TestOwnKernelRows(t *testing.T) {
	all, err := readKernelRows("", theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	part, err := all.part(nil, theories.Builtin(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(all.traits) != 10 || len(all.rows) != 72*2*len(asked) || len(part.held) != 2 || len(part.new) < 40 {
		t.Errorf("%d values, %d rows, %v held out, %d pairs of them", len(all.traits), len(all.rows), part.held,
			len(part.new))
	}
	for _, r := range part.train {
		if slices.Contains(part.held, r.trait) || r.held {
			t.Fatalf("%s is trained on", r.key)
		}
	}
	for _, p := range append(part.seen, part.new...) {
		if !(p[0].level > 0 && p[1].level < 0) || p[0].key != p[1].key || p[0].answer == p[1].answer {
			t.Fatalf("no pair: %+v", p)
		}
	}
	if _, err := all.part([]string{"justice"}, theories.Builtin(), 1); err == nil {
		t.Error("a value that is two was held out")
	}
	if _, err := all.part([]string{"mft/care-harm"}, theories.Builtin(), 1); fault.Of(err) != fault.Invalid ||
		!strings.Contains(err.Error(), "no such value") {
		t.Errorf("a value that no row has: %v", err)
	}
}

// The whole command: vectors of an encoder, kernels, the file and the table; a run that is there already is told again
// to the byte.
func TestKernelCommand(t *testing.T) {
	dir := world(t, 3)
	o := kernelJob(t, dir)
	var said bytes.Buffer
	o.Embedder, o.Steps, o.Stdout = dir, 2, &said
	if err := RunKernel(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	first := read(t, filepath.Join(o.Out, "kernel.json"))
	var r Transfer
	if err := json.Unmarshal([]byte(first), &r); err != nil {
		t.Fatal(err)
	}
	// W1 [4, 25], b1 [4], W2 [24, 4], b2 [24]
	if r.Parameters != 100+4+96+24 || len(r.Kernels) != 4 || !strings.Contains(said.String(), "224 parameters") {
		t.Errorf("%d parameters, %d kernels, said %q", r.Parameters, len(r.Kernels), said.String())
	}
	if err := RunKernel(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if read(t, filepath.Join(o.Out, "kernel.json")) != first {
		t.Error("the same command writes other bytes")
	}
	o.Embedder = ""
	if err := RunKernel(context.Background(), o); err == nil || !strings.Contains(err.Error(), "--values") {
		t.Errorf("no vectors: %v", err)
	}
}
