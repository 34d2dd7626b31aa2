package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hives/data"
	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/internal/trainer"
)

// tiny is a model that compiles in a second; its vocabulary is that of the demo's tokenizer.
const tiny = `{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 16, "intermediate_size": 24,
	"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
	"rope_theta": 10000, "torch_dtype": "float32", "max_position_embeddings": 64}`

// recorder keeps what a run says and may stop it after a step. Its engine, if set, is the run's.
type recorder struct {
	engine *engine.Engine
	notes  []string
	stopAt int
	stop   func()
}

func (r *recorder) Note(line string) { r.notes = append(r.notes, line) }
func (r *recorder) Step(done, _ int, _ *trainer.StepLine) {
	if done == r.stopAt {
		r.stop()
	}
}

func (r *recorder) said(words string) bool {
	return strings.Contains(strings.Join(r.notes, "\n"), words)
}

// tinyRows makes 240 rows of four values, half of them opposing.
func tinyRows() []data.Row {
	values := []string{"care/harm", "fairness/cheating", "loyalty/betrayal", "authority/subversion"}
	verbs := [][2]string{{"feeding", "hurting"}, {"paying", "cheating"}, {"defending", "leaving"}, {"obeying", "mocking"}}
	var rows []data.Row
	for i := range 240 {
		v, side := i%4, i/4%2
		text := fmt.Sprintf("%s person number %d in town %d", verbs[v][side], i, i*7%31)
		rows = append(rows, data.Row{
			Text: text, Theory: "mft", Level1: values[v], Direction: int32(1 - 2*side), DirectionSource: data.SourceAnnotated,
			IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
			TextID: data.TextID(text), Group: data.TextID(text), Corpus: "made", Licence: "none",
		})
	}
	return rows
}

// tinyRun writes rows and a model config into a folder and returns a short run over them.
func tinyRun(t *testing.T, steps int) trainer.Config {
	t.Helper()
	dir := t.TempDir()
	if err := data.Write(filepath.Join(dir, "rows.parquet"), tinyRows()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(tiny), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := trainer.Default()
	cfg.Steps, cfg.Seed, cfg.Data.SplitSeed = steps, 3, 3
	cfg.Model.From, cfg.Model.MaxLength = "random:"+dir, 16
	cfg.Model.Tokenizer = filepath.Join(goldentest.ModuleRoot(t), "demo", "model")
	cfg.Data.Train, cfg.Data.ValidationFraction = filepath.Join(dir, "rows.parquet"), .2
	cfg.Sampler.BatchSize = 8
	cfg.Optimizer.LearningRate = 1e-2
	cfg.Log = trainer.LogConfig{Every: 1, ValidateEvery: 4, ValidationRows: 32, CheckpointEvery: 3, KeepCheckpoints: 2}
	return cfg
}

func runIn(ctx context.Context, t *testing.T, cfg trainer.Config, out string, resume, allowChanged bool,
	r *recorder) (trainer.Summary, error) {
	t.Helper()
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	on := r.engine
	if on == nil {
		on = engine.OpenForTest(t)
	}
	return trainer.Run(ctx, cfg, trainer.RunOptions{
		Out: out, Resume: resume, AllowChanged: allowChanged, Config: raw, Engine: on, Observer: r,
	})
}

// goEngine compiles nothing: a toy's graphs take less time to compute with it than to compile.
func goEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func finalWeights(t *testing.T, out string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(out, "final", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// loggedLines are a run's metrics without the one figure that depends on time.
func loggedLines(t *testing.T, out string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(out, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(regexp.MustCompile(`"tokens_per_second":[^,}]*`).ReplaceAll(raw, nil))
}

// TestResumeEndsWithTheSameBits stops a run three times, once before a validation that is due, damages a checkpoint
// on the way, and compares final weights and metrics with those of a run that was left alone.
func TestResumeEndsWithTheSameBits(t *testing.T) {
	cfg := tinyRun(t, 10)
	whole := filepath.Join(t.TempDir(), "whole")
	if _, err := runIn(context.Background(), t, cfg, whole, false, false, &recorder{}); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "stopped")
	for _, at := range []int{2, 4, 7} {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := runIn(ctx, t, cfg, out, true, false, &recorder{stopAt: at, stop: cancel})
		if fault.ExitCode(err) != fault.ExitInterrupted ||
			!strings.Contains(err.Error(), fmt.Sprintf("after step %d of 10", at)) {
			t.Fatalf("stopped at %d: %v", at, err)
		}
	}
	torn := filepath.Join(out, "checkpoints", "step-000000007", "state.safetensors")
	if err := os.Truncate(torn, 100); err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	if _, err := runIn(context.Background(), t, cfg, out, true, false, r); err != nil {
		t.Fatal(err)
	}
	if !r.said("step-000000007") || !r.said("going on after step 6 of 10") {
		t.Errorf("the torn checkpoint was not named, or the one before it not used: %q", r.notes)
	}
	if !bytes.Equal(finalWeights(t, whole), finalWeights(t, out)) {
		t.Error("the resumed run's weights differ from the uninterrupted run's")
	}
	if got, want := loggedLines(t, out), loggedLines(t, whole); got != want {
		t.Errorf("the resumed run logged\n%s\nthe uninterrupted one\n%s", got, want)
	}
	again := &recorder{}
	s, err := runIn(context.Background(), t, cfg, out, true, false, again)
	if err != nil || !s.AlreadyFinished {
		t.Errorf("resuming a finished run: %+v, %v", s, err)
	}
	changed := cfg
	changed.Steps = 11
	if _, err := runIn(context.Background(), t, changed, out, true, false, again); fault.Of(err) != fault.Mismatch ||
		!strings.Contains(err.Error(), "steps (10 stored, 11 given)") {
		t.Errorf("another number of steps: %v", err)
	}
	if _, err := runIn(context.Background(), t, cfg, out, false, false, again); fault.Of(err) != fault.Exists ||
		!strings.Contains(err.Error(), "--resume") {
		t.Errorf("another run in its folder: %v", err)
	}
}

// TestResumeRefusesChangedRows rewrites the training file between two parts of a run.
func TestResumeRefusesChangedRows(t *testing.T) {
	cfg := tinyRun(t, 4)
	out := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := runIn(ctx, t, cfg, out, false, false, &recorder{stopAt: 1,
		stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	if err := data.Write(cfg.Data.Train, tinyRows()[:200]); err != nil {
		t.Fatal(err)
	}
	_, err := runIn(context.Background(), t, cfg, out, true, false, &recorder{})
	if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "data (") {
		t.Errorf("changed rows: %v", err)
	}
	if _, err := runIn(context.Background(), t, cfg, out, true, true, &recorder{}); err != nil {
		t.Errorf("changed rows, allowed: %v", err)
	}
}

// TestRunStopsOnNumbersThatAreNotFinite drives the weights out of float32 within a few steps.
func TestRunStopsOnNumbersThatAreNotFinite(t *testing.T) {
	cfg := tinyRun(t, 50)
	cfg.Optimizer.LearningRate, cfg.Optimizer.WarmupFraction = 1e38, 0
	out := filepath.Join(t.TempDir(), "run")
	_, err := runIn(context.Background(), t, cfg, out, false, false, &recorder{})
	if err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Fatalf("a rate of 1e38: %v", err)
	}
}

// TestRunRefusesBadInput has one mistake a case; the next try in the same folder must not be in its way.
func TestRunRefusesBadInput(t *testing.T) {
	for _, c := range []struct {
		name, says string
		change     func(*trainer.Config)
	}{
		{"no rows file", "no such file", func(c *trainer.Config) { c.Data.Train = "absent.parquet" }},
		{"tokenizer larger than the vocabulary", "8192", func(c *trainer.Config) {
			dir := strings.TrimPrefix(c.Model.From, "random:")
			small := strings.Replace(tiny, `"vocab_size": 8192`, `"vocab_size": 512`, 1)
			if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(small), 0o644); err != nil {
				panic(err)
			}
		}},
		{"no tokenizer", "no tokenizer at", func(c *trainer.Config) { c.Model.Tokenizer = filepath.Dir(c.Data.Train) }},
		{"batch larger than the rows", "batch size 400", func(c *trainer.Config) { c.Sampler.BatchSize = 400 }},
		{"unknown loss", "soft", func(c *trainer.Config) { c.Loss.Variant = "soft" }},
		{"stage 4", "stage 4", func(c *trainer.Config) { c.Stage = 4 }},
		{"no config.json", "config.json", func(c *trainer.Config) {
			c.Model.From = "random:" + filepath.Dir(c.Data.Train) +
				"/absent"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := tinyRun(t, 2)
			c.change(&cfg)
			out := filepath.Join(t.TempDir(), "run")
			_, err := runIn(context.Background(), t, cfg, out, false, false, &recorder{})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v, want one that says %q", err, c.says)
			}
			if _, err := os.Stat(filepath.Join(out, "run.json")); !errors.Is(err, os.ErrNotExist) {
				t.Error("the refused run stands in the way of the next")
			}
		})
	}
}

// TestRowsOfASplitAreHeldOut guards against the hold-out agreeing with the split that made the file.
func TestRowsOfASplitAreHeldOut(t *testing.T) {
	cfg := tinyRun(t, 0)
	cfg.Data.ValidationFraction, cfg.Seed, cfg.Sampler.BatchSize = .1, 0, 6
	parts, err := data.Split(tinyRows(), data.SplitOptions{Fractions: [data.NumParts]float64{.8, .2, 0}, Seed: cfg.Seed})
	if err != nil {
		t.Fatal(err)
	}
	if err := data.Write(cfg.Data.Train, parts[data.Train]); err != nil {
		t.Fatal(err)
	}
	s, err := runIn(context.Background(), t, cfg, filepath.Join(t.TempDir(), "run"), false, false, &recorder{})
	if err != nil || s.Validation == nil || s.Validation.Rows < 5 {
		t.Errorf("a tenth of %d rows held out: %+v, %v", len(parts[data.Train]), s.Validation, err)
	}
}
