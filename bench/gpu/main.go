// Command gpu measures embedding and training with random weights on the engine that is asked for, for
// scripts/gpu_check.sh. It is a measurement, not a part of HiVES.
//
//	gpu weights --config CONFIG --tokenizer DIR --folder OUT     writes a model folder of random weights
//	gpu embed   --folder DIR --texts FILE                        whole batches, and real texts packed
//	gpu train   --folder DIR --texts FILE                        a Stage-1 step, packed and padded
//
// Results are one JSON object on stdout. --small takes shapes that a processor computes in seconds.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"hives/internal/engine"
	"hives/model/folder"
)

type settings struct {
	config, tokenizer, folder, texts, precision string
	small                                       bool
	rounds                                      int
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gpu:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var s settings
	f := flag.NewFlagSet("gpu", flag.ContinueOnError)
	f.StringVar(&s.config, "config", "", "config.json of the shape")
	f.StringVar(&s.tokenizer, "tokenizer", "", "folder of a tokenizer whose ids the vocabulary has")
	f.StringVar(&s.folder, "folder", "", "model folder")
	f.StringVar(&s.texts, "texts", "", "file of texts, one a line")
	f.StringVar(&s.precision, "precision", "bf16", "of embedding")
	f.BoolVar(&s.small, "small", false, "small shapes")
	f.IntVar(&s.rounds, "rounds", 20, "timed repeats")
	if len(args) == 0 {
		return errors.New("say weights, embed or train")
	}
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "weights":
		return weights(s)
	case "embed":
		return onEngine(s, embed)
	case "train":
		return onEngine(s, train)
	}
	return fmt.Errorf("%q: say weights, embed or train", args[0])
}

// weights writes a folder that all programs take. Random weights cost what trained ones do.
func weights(s settings) error {
	cfg, err := folder.LoadConfig(s.config)
	if err != nil {
		return err
	}
	m, err := folder.Random(cfg, 1)
	if err != nil {
		return err
	}
	info := folder.Defaults()
	info.MaxLength = longest
	return folder.Save(s.folder, m, s.tokenizer, info)
}

// onEngine opens the engine, lets a part measure, and prints what it found.
func onEngine(s settings, part func(context.Context, *engine.Engine, settings) (any, error)) error {
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		return err
	}
	defer e.Close()
	found, err := part(ctx, e, s)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"engine": e.Choice, "plugin_sha256": e.PluginSHA256, "found": found,
	})
}

// timing is what repeats of one piece of work took, in seconds. First is the first call, which compiles.
type timing struct {
	First  float64 `json:"first_seconds"`
	Best   float64 `json:"best_seconds"`
	Median float64 `json:"median_seconds"`
}

// repeat times one call that compiles and then some that do not.
func repeat(rounds int, do func() error) (t timing, err error) {
	var took []float64
	for range rounds + 1 {
		began := time.Now()
		if err := do(); err != nil {
			return t, err
		}
		took = append(took, time.Since(began).Seconds())
	}
	sorted := slices.Sorted(slices.Values(took[1:]))
	return timing{took[0], sorted[0], sorted[len(sorted)/2]}, nil
}

// readTexts takes a line a text.
func readTexts(path string) (out []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if lines.Text() != "" {
			out = append(out, lines.Text())
		}
	}
	return out, lines.Err()
}
