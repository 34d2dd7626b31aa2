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

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/checkpoints"
	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/safetensorsio"
	"hives/internal/trainer"
	"hives/model/qwen3embed"
	"hives/pack"
)

// toyModel is the model that toyStepper makes.
func toyModel(t *testing.T) *qwen3embed.Model {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig(toy)
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 11)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// lowerToy computes the toy's first layer at each call: what a cache would hold, without one.
type lowerToy struct{ exec *model.Exec }

func (s lowerToy) Layers() int { return 1 }

func (s lowerToy) Gather(b *pack.Batch) (*tensors.Tensor, error) {
	return s.exec.Call1(tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Texts, b.Rows, b.Length), b.Last)
}

// toyStates are the toy's states in a type, times a factor.
func toyStates(t *testing.T, on *engine.Engine, dtype dtypes.DType, factor float64) lowerToy {
	t.Helper()
	m := toyModel(t)
	exec, err := model.NewExec(on.Backend, m.Store, func(_ *model.Scope, ids, texts, last *Node) *Node {
		p := qwen3embed.Packed{IDs: ids, Texts: texts, Last: last, Frozen: 1}
		return ConvertDType(MulScalar(m.Lower(p, qwen3embed.F32), factor), dtype)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(exec.Finalize)
	return lowerToy{exec}
}

// TestStatesStandInForFrozenLayers trains the toy's upper layer in every way of computing a step, below it the
// lower layer or its states: exactly, or rounded to f16, which moves a number by 2⁻¹¹ of itself. States turned
// around are the control.
func TestStatesStandInForFrozenLayers(t *testing.T) {
	on := goEngine(t)
	frozen := func(dtype dtypes.DType, factor float64, more func(*trainer.StepOptions)) func(*trainer.StepOptions) {
		return func(o *trainer.StepOptions) {
			o.Frozen = 1
			if dtype != dtypes.InvalidDType {
				o.States = toyStates(t, on, dtype, factor)
			}
			if more != nil {
				more(o)
			}
		}
	}
	want := toyRunOn(t, on, false, 1, frozen(dtypes.InvalidDType, 0, nil))
	for _, c := range []struct {
		name  string
		packs int
		off   float64 // of losses; norms and weights follow
		set   func(*trainer.StepOptions)
	}{
		{"float32", 1, 1e-5, frozen(dtypes.Float32, 1, nil)},
		{"float32, two packs, update split", 2, 1e-5, frozen(dtypes.Float32, 1, func(o *trainer.StepOptions) { o.SplitUpdate = true })},
		{"float16, recomputed, loss scaled", 1, 2e-3, frozen(dtypes.Float16, 1, func(o *trainer.StepOptions) { o.Recompute, o.LossScaling = true, true })},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := toyRunOn(t, on, false, c.packs, c.set)
			for i, w := range want.steps {
				if g := got.steps[i]; !(math.Abs(g.Loss-w.Loss) < c.off) || !(math.Abs(g.GradNorm-w.GradNorm) < 20*c.off*w.GradNorm) {
					t.Errorf("step %d: %+v, without states %+v", i, g, w)
				}
			}
			if d := furthest(got.weights, want.weights); !(d < 2*c.off) {
				t.Errorf("weights differ by %g", d)
			}
		})
	}
	turned := toyRunOn(t, on, false, 1, frozen(dtypes.Float32, -1, nil))
	if d := math.Abs(turned.steps[0].Loss - want.steps[0].Loss); d < 1e-2 {
		t.Errorf("states turned around move the loss by %g only: the comparison sees nothing", d)
	}
}

// TestFrozenWeightsStay compares each tensor with the one it began as, bit for bit.
func TestFrozenWeightsStay(t *testing.T) {
	m, s, sentences := toyStepperOn(t, goEngine(t), false, func(o *trainer.StepOptions) { o.Frozen = 1 })
	fresh := [][]int32{sentences[0][2], sentences[0][0], sentences[1][1], sentences[1][3]}
	if _, err := s.Step(toyBatch(t, 1, fresh), 0, 1e-3, 1); err != nil {
		t.Fatal(err)
	}
	began, moments := toyModel(t), 0
	for _, spec := range m.Config.Layout() {
		same := furthest(flat(t, m.Variable(spec.Name)), flat(t, began.Variable(spec.Name))) == 0
		lower := strings.HasPrefix(spec.Name, "layers.0.") || strings.HasPrefix(spec.Name, "embed_tokens.")
		if same != lower {
			t.Errorf("%s: unchanged %v, frozen %v", spec.Name, same, lower)
		}
		if m.Store.GetVariable("/optimizer/m"+m.Variable(spec.Name).Path()) != nil {
			moments++
		}
	}
	if want := len(m.Config.Layout()) - 12; moments != want { // embeddings, and a layer's 11
		t.Errorf("%d tensors have moments, want %d", moments, want)
	}
}

func flat(t *testing.T, v *model.Variable) []float32 {
	t.Helper()
	value, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](value)
}

// frozenRun makes a run of two layers, of which one is frozen and its states are kept.
func frozenRun(t *testing.T, cfg trainer.Config, family string) trainer.Config {
	t.Helper()
	dir := strings.TrimPrefix(cfg.Model.From, "random:")
	config := strings.NewReplacer(`"num_hidden_layers": 1`, `"num_hidden_layers": 2`, `"qwen3"`, `"`+family+`"`).Replace(tiny)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg.Model.FreezeLayers, cfg.Model.States = 1, filepath.Join(dir, "states")
	cfg.Log.Every, cfg.Log.ValidateEvery = 1, 0
	return cfg
}

// finalTensors reads a run's final weights; saved those of its last checkpoint.
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
	other := cfg
	other.Seed++
	if _, err := runIn(context.Background(), t, other, out, true, true, &recorder{engine: on}); fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "frozen") {
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
	if _, err := runIn(context.Background(), t, begin, filepath.Join(t.TempDir(), "mended"), false, false, mended); err != nil || !mended.said("states after layer 1: 1 texts") {
		t.Errorf("a spoiled state was not computed again: %v, %q", err, mended.notes)
	}
}

// replayIn takes the second step of a run again.
func replayIn(t *testing.T, cfg trainer.Config, out string, on *engine.Engine) (*trainer.Replay, error) {
	t.Helper()
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return trainer.ReplayStep(context.Background(), cfg, trainer.RunOptions{Out: out, Config: raw, Engine: on, Observer: &recorder{}}, 2)
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
		if _, err := runIn(context.Background(), t, cfg, filepath.Join(t.TempDir(), "run"), false, false, &recorder{engine: on}); err == nil || !strings.Contains(err.Error(), c.says) {
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
