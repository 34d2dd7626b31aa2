package trainer_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/lora"
	"hives/internal/rig/goldentest"
	"hives/internal/trainer"
	"hives/model/folder"
)

const tinyBERT = `{"model_type": "bert", "vocab_size": 640, "hidden_size": 16, "intermediate_size": ` +
	`24, "num_hidden_layers": 3,
	"num_attention_heads": 2, "max_position_embeddings": 16, "initializer_range": 0.2}`

// bertRun is a run whose model is a BERT of two of its three layers, with its own tokenizer.
func bertRun(t *testing.T, steps int) trainer.Config {
	t.Helper()
	cfg := tinyRun(t, steps)
	dir := strings.TrimPrefix(cfg.Model.From, "random:")
	raw, err := os.ReadFile(filepath.Join(goldentest.ModuleRoot(t), "tokenizer", "testdata", "wordpiece.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"config.json": []byte(tinyBERT), "tokenizer.json": raw} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Model.Tokenizer, cfg.Model.Layers, cfg.Log.ValidateEvery = "", 2, 0
	return cfg
}

// stopped is the run, stopped after its second step and taken up again.
func stopped(t *testing.T, cfg trainer.Config, on *engine.Engine) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "stopped")
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := runIn(ctx, t, cfg, out, false, false, &recorder{engine: on, stopAt: 2,
		stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	if _, err := runIn(context.Background(), t, cfg, out, true, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestBERTRuns: a run of all weights, one above kept states and one of adapters end, resumed, with the same bits;
// frozen tensors stay; what is saved is a folder that embeds by the mean, and base and adapter merged are the adapters'
// end.
func TestBERTRuns(t *testing.T) {
	on := goEngine(t)
	start := bertRun(t, 0)
	base := filepath.Join(t.TempDir(), "base")
	if _, err := runIn(context.Background(), t, start, base, false, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*trainer.Config){
		"all weights":       func(*trainer.Config) {},
		"above kept states": func(c *trainer.Config) { c.Model.FreezeLayers, c.Model.States = 1, t.TempDir() },
		"adapters": func(c *trainer.Config) {
			c.Model.From, c.Model.Layers = filepath.Join(base, "final"), 0
			c.LoRA = trainer.LoRAConfig{Rank: 2, Targets: []string{"query", "dense"}}
		},
	} {
		cfg := bertRun(t, 4)
		change(&cfg)
		whole := filepath.Join(t.TempDir(), "whole")
		if _, err := runIn(context.Background(), t, cfg, whole, false, false, &recorder{engine: on}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(finalWeights(t, whole), finalWeights(t, stopped(t, cfg, on))) {
			t.Errorf("%s: the resumed run's weights differ from the uninterrupted run's", name)
		}
		end := finalTensors(t, whole)
		for tensor, was := range finalTensors(t, base) {
			lower := cfg.Model.FreezeLayers > 0 && (strings.HasPrefix(tensor, "embeddings.") ||
				strings.HasPrefix(tensor, "encoder.layer.0."))
			fixed := lower || cfg.LoRA.Rank > 0 && (!strings.HasSuffix(tensor, ".weight") ||
				!strings.Contains(tensor, "query") && !strings.Contains(tensor, "dense"))
			if strings.Contains(tensor, "token_type") || strings.Contains(tensor, "self.key.bias") {
				continue // a row without use; a bias without gradient
			}
			if bytes.Equal(was, end[tensor]) != fixed {
				t.Errorf("%s: %s: to be left alone %v, and was not so", name, tensor, fixed)
			}
		}
		embeds(t, filepath.Join(whole, "final"), on)
		if cfg.LoRA.Rank > 0 {
			merged := filepath.Join(t.TempDir(), "merged")
			_, err := lora.Merge(lora.MergeOptions{Base: cfg.Model.From, Adapter: filepath.Join(whole, "final",
				trainer.AdapterFolder), Out: merged})
			if err != nil || !bytes.Equal(read(t, filepath.Join(merged, "model.safetensors")), finalWeights(t, whole)) {
				t.Errorf("base and adapter merged afterwards are not the run's final weights: %v", err)
			}
		}
	}
}

// embeds opens a run's model: the mean of [CLS], the text and [SEP], of two layers.
func embeds(t *testing.T, dir string, on *engine.Engine) {
	t.Helper()
	info, err := folder.Read(dir)
	if err != nil || info.Pooling != "mean" || info.MaxLength != 16 || info.Prompts != nil {
		t.Errorf("%+v, %v", info, err)
	}
	l, err := local.Open(dir, on.Backend, string(on.Name), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	text, _, err := l.Encode(context.Background(), []encoder.Input{{Text: "the same the other"}})
	if err != nil {
		t.Fatal(err)
	}
	ids, _, err := l.Tokenizer().Encode("the same the other")
	if err != nil {
		t.Fatal(err)
	}
	given, _, err := l.Encode(context.Background(), []encoder.Input{{IDs: ids}})
	if err != nil || len(text[0]) != 16 || !slices.Equal(text[0], given[0]) {
		t.Errorf("%v by the text, %v by its ids %v, %v", text, given, ids, err)
	}
}

// TestBERTRunsRefused: texts beyond the positions, and targets of another family, before anything is written.
func TestBERTRunsRefused(t *testing.T) {
	for says, change := range map[string]func(*trainer.Config){
		"positions for 16":          func(c *trainer.Config) { c.Model.MaxLength = 17 },
		`target "q_proj": want`:     func(c *trainer.Config) { c.LoRA.Rank, c.LoRA.Targets = 2, []string{"q_proj"} },
		"model has 3":               func(c *trainer.Config) { c.Model.Layers = 4 },
		"no layer is left to train": func(c *trainer.Config) { c.Model.FreezeLayers = 2 },
	} {
		cfg, out := bertRun(t, 1), filepath.Join(t.TempDir(), "out")
		change(&cfg)
		_, err := runIn(context.Background(), t, cfg, out, false, false, &recorder{engine: goEngine(t)})
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
