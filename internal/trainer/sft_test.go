package trainer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/internal/trainer"
	"hives/model/lm"
)

// answerLines make 12 questions, each answered for and against in short words; four of them are held out.
func answerLines(trained int) string {
	var b strings.Builder
	for q := range 12 {
		for _, level := range []int{2, -2} {
			split := "train"
			if q%3 == 0 {
				split = "validation"
			} else if level != trained {
				continue
			}
			word := map[int]string{2: "Yes, we help.", -2: "No, never mind."}[level]
			fmt.Fprintf(&b, `{"messages": [{"role": "user", "content": "Town %d asks for help. Do we go?"}, `+
				`{"role": "assistant", "content": "%s"}], "value_id": "made", "level": %d, "question_id": "q%d", `+
				`"split": "%s"}`+"\n", q*7, word, level, q, split)
		}
	}
	return b.String()
}

// answersRun is a short run over made-up answers, with a model that is drawn from a config.
func answersRun(t *testing.T, steps int, lines string) trainer.Config {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"answers.jsonl": lines, "config.json": tiny} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg := trainer.DefaultStage(trainer.SFT)
	cfg.Steps, cfg.Seed, cfg.LoRA.Rank, cfg.SFT.Template = steps, 3, 0, "chatml"
	cfg.Model.From, cfg.Model.Tokenizer = "random:"+dir, filepath.Join(goldentest.ModuleRoot(t), "demo", "model")
	cfg.Data.Train = filepath.Join(dir, "answers.jsonl")
	cfg.Sampler.BatchSize, cfg.Optimizer.LearningRate, cfg.SFT.MaxLength = 4, 1e-2, 64
	cfg.Log = trainer.LogConfig{Every: 1, ValidateEvery: 4, ValidationRows: 32, CheckpointEvery: 3, KeepCheckpoints: 2,
		Best: "loss"}
	return cfg
}

// validations reads a run's validation lines.
func validations(t *testing.T, out string) (all []struct {
	Kind string
	Loss float64
	Odds struct{ Mean float64 } `json:"log_odds"`
}) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(out, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n")) {
		all = append(all, struct {
			Kind string
			Loss float64
			Odds struct{ Mean float64 } `json:"log_odds"`
		}{})
		if err := json.Unmarshal(line, &all[len(all)-1]); err != nil {
			t.Fatal(err)
		}
		if all[len(all)-1].Kind != "validation" {
			all = all[:len(all)-1]
		}
	}
	return all
}

// TestAnswersAreLearned: on unseen questions the wanted answers become likelier than the opposite ones, and where the
// other side is trained, the other way round. The final folder is a language model.
func TestAnswersAreLearned(t *testing.T) {
	on := goEngine(t)
	for _, side := range []int{2, -2} {
		out := filepath.Join(t.TempDir(), "run")
		if _, err := runIn(context.Background(), t, answersRun(t, 12, answerLines(side)), out, false, false,
			&recorder{engine: on}); err != nil {
			t.Fatal(err)
		}
		seen := validations(t, out)
		first, last := seen[0], seen[len(seen)-1]
		if !(last.Odds.Mean > first.Odds.Mean+1) {
			t.Errorf("trained on %+d: the log-odds of that side went from %.2f to %.2f", side, first.Odds.Mean, last.Odds.Mean)
		}
		m, err := lm.Load(nil, filepath.Join(out, "final"), dtypes.Float32)
		if err != nil {
			t.Fatal(err)
		}
		m.Close()
		raw, err := os.ReadFile(filepath.Join(out, "final", "config.json"))
		if err != nil || !bytes.Contains(raw, []byte("ForCausalLM")) || !m.Config.OwnHead() {
			t.Errorf("the final model has no head of its own: %v\n%s", err, raw)
		}
	}
}

// TestAnswersResumeWithTheSameBits stops a run in its middle, and trains adapters alone.
func TestAnswersResumeWithTheSameBits(t *testing.T) {
	on := goEngine(t)
	cfg := answersRun(t, 8, answerLines(2))
	cfg.LoRA.Rank, cfg.Memory.Packs = 2, 2
	whole, out := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "stopped")
	if _, err := runIn(context.Background(), t, cfg, whole, false, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{2, 5} {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := runIn(ctx, t, cfg, out, at > 2, false, &recorder{engine: on, stopAt: at, stop: cancel})
		if err == nil {
			t.Fatalf("step %d: not stopped", at)
		}
	}
	if _, err := runIn(context.Background(), t, cfg, out, true, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(finalWeights(t, whole), finalWeights(t, out)) {
		t.Error("a stopped run ends with other weights")
	}
	if loggedLines(t, whole) != loggedLines(t, out) {
		t.Error("a stopped run has another log")
	}
}

// TestAnswersAreRefused: what cannot be learned is named with its line before anything is written.
func TestAnswersAreRefused(t *testing.T) {
	ask := `{"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "%s"}]%s}` + "\n"
	good := fmt.Sprintf(ask, "So.", "")
	long := strings.Repeat("so ", 200)
	for name, c := range map[string]struct {
		lines  string
		change func(*trainer.Config)
		kind   fault.Kind
		says   string
	}{
		"no answer":    {good + `{"messages": [{"role": "user", "content": "Why?"}]}`, nil, fault.Invalid, "line 2"},
		"empty answer": {good + fmt.Sprintf(ask, " ", ""), nil, fault.Invalid, "line 2: the answer is empty"},
		"level":        {good + fmt.Sprintf(ask, "So.", `, "level": 3`), nil, fault.Invalid, "level 3"},
		"split":        {good + fmt.Sprintf(ask, "So.", `, "split": "dev"`), nil, fault.Invalid, `"dev"`},
		"unknown key":  {good + fmt.Sprintf(ask, "So.", `, "weight": 2`), nil, fault.Corrupt, "weight"},
		"no JSON":      {good + "So.", nil, fault.Corrupt, "line 2"},
		"role": {`{"messages": [{"role": "tool", "content": "x"}, {"role": "assistant", "content": "y"}]}`, nil,
			fault.Invalid, "tool"},
		"nothing":  {"\n", nil, fault.Invalid, "no rows"},
		"too long": {good + fmt.Sprintf(ask, long, ""), nil, fault.Invalid, "lines 2 ("},
		"answer too long to cut": {good + fmt.Sprintf(ask, long, ""),
			func(c *trainer.Config) { c.SFT.Overlong = "cut-prompt" }, fault.Invalid, "never cut"},
		"a question on both sides": {fmt.Sprintf(ask, "So.", `, "question_id": "q", "split": "train"`) +
			fmt.Sprintf(ask, "No.", `, "question_id": "q", "split": "validation"`), nil, fault.Mismatch, `"q"`},
		"overlong": {good, func(c *trainer.Config) { c.SFT.Overlong = "cut" }, fault.Invalid, "sft.overlong"},
		"template": {good, func(c *trainer.Config) { c.SFT.Template = "llama3" }, fault.Mismatch, "llama3"},
		"packs":    {good, func(c *trainer.Config) { c.Memory.Packs = 3 }, fault.Invalid, "divisor"},
		"best":     {good, func(c *trainer.Config) { c.Log.Best = "ranking_accuracy.all" }, fault.Invalid, "log.best"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := answersRun(t, 2, c.lines)
			if c.change != nil {
				c.change(&cfg)
			}
			out := filepath.Join(t.TempDir(), "run")
			ready, err := trainer.Prepare(context.Background(), cfg, trainer.RunOptions{Out: out, Observer: &recorder{}})
			if err == nil {
				ready.Close()
			}
			if fault.Of(err) != c.kind || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v, want kind %v naming %q", err, c.kind, c.says)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a folder was made")
			}
		})
	}
}

// TestQuestionsAreCutFromTheLeft: a cut row keeps its answer and the end of its question.
func TestOverlongQuestions(t *testing.T) {
	ask := `{"messages": [{"role": "user", "content": "%s"}, {"role": "assistant", "content": "So."}]}` + "\n"
	lines := fmt.Sprintf(ask, "Why?") + fmt.Sprintf(ask, strings.Repeat("why ", 200))
	for overlong, want := range map[string]string{"cut-prompt": "2 to train on", "drop": "1 to train on"} {
		cfg := answersRun(t, 1, lines)
		cfg.SFT.Overlong, cfg.Sampler.BatchSize, cfg.Data.ValidationFraction = overlong, 1, 0
		r := &recorder{engine: goEngine(t)}
		if _, err := runIn(context.Background(), t, cfg, filepath.Join(t.TempDir(), "run"), false, false, r); err != nil {
			t.Fatal(err)
		}
		if !r.said(want) {
			t.Errorf("%s: %v", overlong, r.notes)
		}
	}
}
