// Command training times Stage 1 steps over real batches and writes these batches down, so that pytorch.py can time
// the same. It is a measurement, not a part of HiVES.
//
//	go run ./bench/training --rows train.parquet --batches batches.jsonl
//	python bench/training/pytorch.py batches.jsonl demo/model/config.json 1
//
// Both sides take the same ids, labels, loss, optimiser and clip, and both draw their weights: a step costs the
// same whatever they are. What differs is the layout. Here texts share rows; PyTorch pads them to the longest, or
// to 256 as the authors do. Useful tokens, those of text, are what is counted on both sides.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"hives/data"
	"hives/data/theories"
	"hives/internal/engine"
	"hives/internal/optim"
	"hives/internal/trainer/contrast"
	"hives/internal/trainer/step"
	"hives/losses"
	"hives/model/qwen3embed"
	"hives/model/transformer"
	"hives/pack"
	"hives/samplers"
	"hives/tokenizer"
)

// line is a batch as pytorch.py reads it: B texts, ids [B][…] with their frame, theory [B], levels [B][3] (−1 below
// a path's end), direction [B].
type line struct {
	IDs       [][]int32 `json:"ids"`
	Theory    []int32   `json:"theory"`
	Levels    [][]int32 `json:"levels"`
	Direction []int32   `json:"direction"`
}

// main takes flags for what a run would read from its settings; all else is Stage 1's default.
func main() {
	rows := flag.String("rows", "", "Parquet of hives data split: training rows")
	tok := flag.String("tokenizer", "demo/model/tokenizer.json", "tokenizer.json")
	config := flag.String("config", "demo/model/config.json", "config.json of the model, whose weights are drawn")
	steps := flag.Int("steps", 40, "batches that are timed")
	// Relative to the working directory; pytorch.py reads it from there.
	out := flag.String("batches", "batches.jsonl", "file that the batches are written to")
	flag.Parse()
	if err := run(*rows, *tok, *config, *out, *steps); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run draws batches, writes them down, chooses shapes for them and times them. The shapes are chosen from these
// very batches, as a run chooses from those that it will take.
func run(rows, tok, config, out string, steps int) error {
	batches, err := draw(rows, tok, steps)
	if err != nil {
		return err
	}
	// Written before anything is timed: the peer can begin while this program compiles.
	if err := write(out, batches); err != nil {
		return err
	}
	// Lengths of each batch's texts, as pack.Choose wants them.
	var samples [][]int
	for _, b := range batches {
		var lengths []int
		for _, ids := range b.IDs {
			lengths = append(lengths, len(ids))
		}
		samples = append(samples, lengths)
	}
	// Any batch fits: the longest text is the longest of all, and each batch has as many texts.
	shapes, err := pack.Choose(samples, pack.Choice{Texts: len(samples[0]),
		Longest: slices.Max(slices.Concat(samples...))})
	if err != nil {
		return err
	}
	return measure(config, batches, shapes)
}

// draw returns batches of the paper's sampler, texts cut to 256 tokens. Batch i is that of step i of a run with
// seed 1.
//
//	rows → labels → sampler → the rows of step 0, 1, … → their ids
func draw(rows, tok string, steps int) ([]line, error) {
	all, err := data.Read(rows)
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.Open(tok)
	if err != nil {
		return nil, err
	}
	// 256 tokens is the paper's length, the end token included.
	framed, err := tokenizer.NewFramed(t, 256, "")
	if err != nil {
		return nil, err
	}
	// Labels are numbers here, as losses want them; pytorch.py gets the same.
	labels := data.NewLabels(all, theories.Builtin())
	o := samplers.DefaultIntraTheory()
	// The paper's own settings but for the seed, which must be some number.
	o.Seed = 1
	s, err := samplers.NewIntraTheory(labels, o)
	if err != nil {
		return nil, err
	}
	var batches []line
	for step := range steps {
		var b line
		for _, r := range s.Batch(step).Rows {
			ids, _, err := framed.Encode(all[r].Text)
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", r+1, err)
			}
			// A copy of the array, so that each row has a slice of its own.
			levels := labels.Levels[r]
			b.IDs, b.Levels = append(b.IDs, ids), append(b.Levels, levels[:])
			b.Theory, b.Direction = append(b.Theory, labels.Theory[r]), append(b.Direction, labels.Direction[r])
		}
		batches = append(batches, b)
	}
	return batches, nil
}

// write leaves a batch a line. A file that is cut off is written again: it costs seconds.
func write(path string, batches []line) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for _, b := range batches {
		if err := enc.Encode(b); err != nil {
			return err
		}
	}
	return w.Flush()
}

// measure takes every batch twice and times the second pass, when all shapes are compiled. The learning rate is
// that of the paper, 1e-4; it changes no time.
func measure(config string, batches []line, shapes []pack.Shape) error {
	cfg, err := qwen3embed.LoadConfig(config)
	if err != nil {
		return err
	}
	m, err := qwen3embed.Random(cfg, 1)
	if err != nil {
		return err
	}
	defer m.Close()
	// The engine is what HIVES_ENGINE says, else the first that works; pin the process to a core to compare with
	// one thread.
	eng, err := engine.Open(context.Background(), engine.Options{})
	if err != nil {
		return err
	}
	defer eng.Close()
	// f32 throughout and the last token's state, as pytorch.py has them.
	objective := &contrast.Objective{
		Model: m, Arithmetic: transformer.F32, Pooling: transformer.LastToken,
		Of: contrast.Hierarchical(losses.DefaultHierarchical()),
	}
	// No learned banks (0): Stage 1 has none.
	stepper, err := step.New(eng.Backend, objective, step.Options{Optimizer: optim.Default(0)})
	if err != nil {
		return err
	}
	defer stepper.Close()
	var begin time.Time
	tokens, computed, done := 0, 0, 0
	for pass := range 2 {
		// Begun anew in each pass: the seconds at the end are those of the second.
		begin = time.Now()
		for _, b := range batches {
			packed, err := pack.One(b.IDs, shapes)
			if err != nil {
				return err
			}
			rows := &contrast.Batch{Packs: []pack.Batch{packed}, Theory: b.Theory, Levels: slices.Concat(b.Levels...),
				Direction: b.Direction}
			batch, err := rows.Step(objective)
			if err != nil {
				return err
			}
			// The last argument is the loss scale, 1 in f32.
			// 1e-4 is the paper's rate for Stage 1.
			if _, err := stepper.Step(batch, done, 1e-4, 1); err != nil {
				return err
			}
			done++
			// pass is 0 and then 1: the sums take the second pass alone.
			tokens, computed = tokens+pass*batch.Tokens(), computed+pass*batch.Computed()
		}
	}
	seconds := time.Since(begin).Seconds()
	fmt.Printf("%s, %s: %.0f useful tokens/s, %.1f ms a step of %.0f tokens, %.1f %% of computed tokens are text\n",
		eng.Choice, config, float64(tokens)/seconds, 1000*seconds/float64(len(batches)),
		float64(tokens)/float64(len(batches)), 100*float64(tokens)/float64(computed))
	return nil
}
