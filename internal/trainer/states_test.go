package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/checkpoints"
	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/safetensorsio"
	"hives/internal/trainer"
	"hives/model/qwen3embed"
)

// frozenRun makes a run of two layers, of which one is frozen and its states are kept.
func frozenRun(t *testing.T, cfg trainer.Config, family string) trainer.Config {
	t.Helper()
	dir := strings.TrimPrefix(cfg.Model.From, "random:")
	config := strings.NewReplacer(`"num_hidden_layers": 1`, `"num_hidden_layers": 2`, `"qwen3"`,
		`"`+family+`"`).Replace(tiny)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg.Model.FreezeLayers, cfg.Model.States = 1, filepath.Join(dir, "states")
	cfg.Log.Every, cfg.Log.ValidateEvery = 1, 0
	return cfg
}

// finalTensors reads a run's final weights, by name.
func finalTensors(t *testing.T, out string) map[string][]byte {
	t.Helper()
	f, err := safetensorsio.Open(filepath.Join(out, "final", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return tensorsOf(t, f)
}

func tensorsOf(t *testing.T, f *safetensorsio.File) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range f.Names() {
		tensor, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = bytes.Clone(tensor.Data)
	}
	return all
}

// TestFrozenRunResumesWithTheSameBits stops a run of a Llama over kept states, looks at what its checkpoint
// and its model folder hold, and damages the states.
func TestFrozenRunResumesWithTheSameBits(t *testing.T) {
	on, cfg := goEngine(t), frozenRun(t, tinyRun(t, 6), qwen3embed.Llama)
	whole, out := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "stopped")
	first := &recorder{engine: on}
	if _, err := runIn(context.Background(), t, cfg, whole, false, false, first); err != nil {
		t.Fatal(err)
	}
	if !first.said(" are not in "+cfg.Model.States) || !first.said("trained: ") {
		t.Errorf("neither the states nor what is trained were spoken of: %q", first.notes)
	}
	ctx, cancel := context.WithCancel(context.Background())
	second := &recorder{engine: on, stopAt: 2, stop: cancel}
	if _, err := runIn(ctx, t, cfg, out, false, false, second); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	if second.said("states after layer") {
		t.Error("the states were computed for each run")
	}
	c, _, err := checkpoints.Latest(filepath.Join(out, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Tensors.Names() {
		if strings.Contains(name, "/layers/0/") || strings.Contains(name, "/embed_tokens/") {
			t.Errorf("the checkpoint holds %s, which is not trained", name)
		}
	}
	c.Close()
	resumeOverDamagedStates(t, cfg, on, whole, out)
	other := cfg
	other.Seed++
	if _, err := runIn(context.Background(), t, other, out, true, true,
		&recorder{engine: on}); fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "frozen") {
		t.Errorf("going on above other frozen weights: %v", err)
	}
	if _, err := runIn(context.Background(), t, cfg, out, true, true, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(finalWeights(t, whole), finalWeights(t, out)) {
		t.Error("the resumed run's weights differ from the uninterrupted run's")
	}
	begin, end := cfg, finalTensors(t, out)
	begin.Steps = 0
	start := filepath.Join(t.TempDir(), "start")
	if _, err := runIn(context.Background(), t, begin, start, false, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	for name, was := range finalTensors(t, start) {
		lower := strings.Contains(name, "layers.0.") || strings.Contains(name, "embed_tokens")
		if bytes.Equal(was, end[name]) != lower {
			t.Errorf("%s: unchanged %v, frozen %v", name, !lower, lower)
		}
	}
	again, err := replayIn(t, cfg, out, on)
	if err != nil || !again.Agrees() || again.Logged == nil {
		t.Errorf("step 2 taken again: %+v, %v", again, err)
	}
	damage(t, cfg.Model.States)
	mended := &recorder{engine: on}
	if _, err := runIn(context.Background(), t, begin, filepath.Join(t.TempDir(), "mended"), false, false,
		mended); err != nil || !mended.said("states after layer 1: 1 texts") {
		t.Errorf("a spoiled state was not computed again: %v, %q", err, mended.notes)
	}
}

// resumeOverDamagedStates: a state that has to be computed again is no reason to stay where the run is, nor for other
// bits.
func resumeOverDamagedStates(t *testing.T, cfg trainer.Config, on *engine.Engine, whole, stopped string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(out, os.DirFS(stopped)); err != nil {
		t.Fatal(err)
	}
	damage(t, cfg.Model.States)
	resumed := &recorder{engine: on}
	if _, err := runIn(context.Background(), t, cfg, out, true, false, resumed); err != nil {
		t.Fatal(err)
	}
	if !resumed.said("states of 1 texts in "+cfg.Model.States+" are damaged") || resumed.said("SHA-256") {
		t.Errorf("of the spoiled state the resume says %q", resumed.notes)
	}
	if !bytes.Equal(finalWeights(t, whole), finalWeights(t, out)) {
		t.Error("over a state that was computed again the weights differ from the uninterrupted run's")
	}
}

// replayIn takes the second step of a run again.
func replayIn(t *testing.T, cfg trainer.Config, out string, on *engine.Engine) (*trainer.Replay, error) {
	t.Helper()
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return trainer.ReplayStep(context.Background(), cfg, trainer.RunOptions{Out: out, Config: raw, Engine: on,
		Observer: &recorder{}}, 2)
}

// damage turns the last byte of the states around.
func damage(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.bin"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no states in %s: %v", dir, err)
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)-1] ^= 0xff
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStage2AboveFrozenLayers goes on from a checkpoint of a run with frozen layers, whose weights it does not
// hold all, with anchors that are encoded afresh: with kept states of full width or without, the same.
func TestStage2AboveFrozenLayers(t *testing.T) {
	on, one := goEngine(t), frozenRun(t, tinyRun(t, 2), qwen3embed.Qwen3)
	out := filepath.Join(t.TempDir(), "one")
	if _, err := runIn(context.Background(), t, one, out, false, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	two := tinyStage2(t, 2)
	two.Log.ValidateEvery = 0
	two.Model = one.Model
	two.Model.From = filepath.Join(out, "checkpoints", "step-000000002")
	two.Model.StatesType = "f32"
	kept, plain := filepath.Join(t.TempDir(), "kept"), filepath.Join(t.TempDir(), "plain")
	if _, err := runIn(context.Background(), t, two, kept, false, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	two.Model.States = ""
	if _, err := runIn(context.Background(), t, two, plain, false, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	from, a, b := finalTensors(t, out), finalTensors(t, kept), finalTensors(t, plain)
	moved := 0.0
	for name, x := range a {
		for i := range len(x) / 4 {
			if d := math.Abs(float64(float32At(x, i) - float32At(b[name], i))); !(d < 1e-4) {
				t.Fatalf("%s[%d]: %g with kept states, %g without", name, i, float32At(x, i), float32At(b[name], i))
			}
			moved = math.Max(moved, math.Abs(float64(float32At(x, i)-float32At(from[name], i))))
		}
	}
	if moved < 1e-3 {
		t.Errorf("no weight moved by more than %g from where Stage 2 began", moved)
	}
}

// TestFreezingIsRefusedWhereItCannotBe has one mistake a case, and a trial that must not write.
func TestFreezingIsRefusedWhereItCannotBe(t *testing.T) {
	on := goEngine(t)
	for _, c := range []struct {
		name, says string
		change     func(*trainer.Config)
	}{
		{"all layers", "freeze_layers 2: the model has 2 layers", func(c *trainer.Config) { c.Model.FreezeLayers = 2 }},
		{"states of nothing", "--freeze-layers", func(c *trainer.Config) { c.Model.FreezeLayers = 0 }},
		{"a type", "f16 or f32", func(c *trainer.Config) { c.Model.StatesType = "bf16" }},
	} {
		cfg := frozenRun(t, tinyRun(t, 1), qwen3embed.Qwen3)
		c.change(&cfg)
		if _, err := runIn(context.Background(), t, cfg, filepath.Join(t.TempDir(), "run"), false, false,
			&recorder{engine: on}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
	cfg := frozenRun(t, tinyRun(t, 1), qwen3embed.Qwen3)
	plan, err := trainer.DryRun(context.Background(), cfg, trainer.RunOptions{Engine: on, Observer: &recorder{engine: on}})
	if err != nil || plan.Parameters == 0 || plan.Parameters > 10_000 || plan.Fixed < 100_000 {
		t.Errorf("a dry run: %+v, %v", plan, err)
	}
	if _, err := os.Stat(cfg.Model.States); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the dry run made the folder of the states: %v", err)
	}
}
