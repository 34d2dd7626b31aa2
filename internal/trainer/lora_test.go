package trainer_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/internal/trainer/step"

	"github.com/gomlx/gomlx/core/tensors"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/lora"
	"hives/internal/trainer"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// adaptedToy trains three steps of adapters on the toy's model.
func adaptedToy(t *testing.T, packs int, change func(*stepOptions)) (*qwen3embed.Model, []stepped) {
	t.Helper()
	m := toyModel(t)
	if err := m.Adapt(transformer.LoRA{Rank: 2, Alpha: 4, Targets: []string{transformer.AllLinear}}, 1); err != nil {
		t.Fatal(err)
	}
	o := stepOptions{Options: step.Options{Optimizer: trainer.Optimizer(false)}, Arithmetic: transformer.F32,
		Pooling: transformer.LastToken}
	o.Hierarchical.Variant, o.Hierarchical.Temperature = "skip_empty", .1
	if change != nil {
		change(&o)
	}
	s, err := newStepper(goEngine(t).Backend, m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	batch := toyBatch(t, packs, nil)
	batch.Anchors = nil
	var steps []stepped
	for step := range 3 {
		r, err := s.Step(batch, step, 1e-2, 1024)
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, r)
	}
	return m, steps
}

// TestOnlyAdaptersAreTrained looks at every variable after three steps: weights are as they were bit for bit
// and have no moments, every A and B has moved and has two.
func TestOnlyAdaptersAreTrained(t *testing.T) {
	m, _ := adaptedToy(t, 1, nil)
	began := toyModel(t)
	for _, spec := range m.Config.Layout() {
		if d := furthest(flat(t, m.Variable(spec.Name)), flat(t, began.Variable(spec.Name))); d != 0 {
			t.Errorf("%s moved by %g", spec.Name, d)
		}
	}
	if err := began.Adapt(transformer.LoRA{Rank: 2, Alpha: 4, Targets: []string{transformer.AllLinear}}, 1); err != nil {
		t.Fatal(err)
	}
	for i, v := range m.AdapterVariables() {
		if d := furthest(flat(t, v), flat(t, began.AdapterVariables()[i])); d < 1e-3 {
			t.Errorf("%s moved by %g only", v.Path(), d)
		}
	}
	moments := 0
	for v := range m.Store.IterVariables() {
		if strings.HasPrefix(v.Path(), "/optimizer/") {
			moments++
		}
		if strings.HasPrefix(v.Path(), "/optimizer/m/model") {
			t.Errorf("%s: moments of a weight", v.Path())
		}
	}
	if want := 2 * len(m.AdapterVariables()); moments != want || want != 2*2*14 {
		t.Errorf("%d moments, want %d: two of each A and B of 14 layers", moments, want)
	}
}

// TestWaysOfTrainingAdaptersAgree: packs, split updates, recomputation and scaled losses give the same adapters.
func TestWaysOfTrainingAdaptersAgree(t *testing.T) {
	plain, want := adaptedToy(t, 1, nil)
	got, steps := adaptedToy(t, 2, func(o *stepOptions) { o.SplitUpdate, o.Recompute, o.LossScaling = true, true, true })
	for i, w := range want {
		if g := steps[i]; math.Abs(g.Loss-w.Loss) > 1e-5 || math.Abs(g.GradNorm-w.GradNorm) > 1e-4*w.GradNorm {
			t.Errorf("step %d: %+v, plainly %+v", i, g, w)
		}
	}
	for i, v := range plain.AdapterVariables() {
		if d := furthest(flat(t, v), flat(t, got.AdapterVariables()[i])); d > 2e-4 {
			t.Errorf("%s differs by %g", v.Path(), d)
		}
	}
}

// runLoRA is runIn on the Go engine.
func runLoRA(ctx context.Context, t *testing.T, cfg trainer.Config, out string, resume, allowChanged bool,
	r *recorder) (trainer.Summary, error) {
	t.Helper()
	r.engine = goEngine(t)
	return runIn(ctx, t, cfg, out, resume, allowChanged, r)
}

// loraRun is a run of adapters on a base that lies in a folder, made by a run of no steps.
func loraRun(t *testing.T, steps int) trainer.Config {
	t.Helper()
	cfg := tinyRun(t, 0)
	base := filepath.Join(t.TempDir(), "base")
	if _, err := runLoRA(context.Background(), t, cfg, base, false, false, &recorder{}); err != nil {
		t.Fatal(err)
	}
	cfg.Steps = steps
	cfg.Model.From, cfg.Model.Tokenizer = filepath.Join(base, "final"), ""
	cfg.LoRA = trainer.LoRAConfig{Rank: 4, Alpha: 6, Targets: []string{"q_proj", "v_proj", "down_proj"}}
	return cfg
}

func mustRun(t *testing.T, cfg trainer.Config) (string, trainer.Summary) {
	t.Helper()
	out, r := filepath.Join(t.TempDir(), "run"), &recorder{}
	s, err := runLoRA(context.Background(), t, cfg, out, false, false, r)
	if err != nil {
		t.Fatal(err)
	}
	// Rank 4 on q [16, 16], v [8, 16] and down [16, 24]: 4 · (32 + 24 + 40) numbers beside all those of the model.
	if cfg.LoRA.Rank == 4 && !r.said("trained: 384 parameters") {
		t.Errorf("what is trained was not said: %q", r.notes)
	}
	return out, s
}

// TestAdaptersOfARun follows one run: what its checkpoints hold, that stopping changes no bit, that final/ is
// base and adapter merged, and what a later run makes of it.
func TestAdaptersOfARun(t *testing.T) {
	cfg := loraRun(t, 5)
	whole, summary := mustRun(t, cfg)

	c, _, err := checkpoints.Latest(filepath.Join(whole, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	names := c.Tensors.Names()
	c.Close()
	if strange := slices.DeleteFunc(names, func(n string) bool {
		return strings.HasPrefix(n, "/adapters/") || strings.HasPrefix(n, "/optimizer/m/adapters/") ||
			strings.HasPrefix(n, "/optimizer/v/adapters/")
	}); len(strange) > 0 {
		t.Errorf("a checkpoint holds %v besides adapters and moments", strange)
	}

	stopped := filepath.Join(t.TempDir(), "stopped")
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := runLoRA(ctx, t, cfg, stopped, true, false, &recorder{stopAt: 2,
		stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	if _, err := runLoRA(context.Background(), t, cfg, stopped, true, false, &recorder{}); err != nil {
		t.Fatal(err)
	}
	adapter := filepath.Join("final", trainer.AdapterFolder, lora.WeightsFile)
	for _, file := range []string{adapter, "final/model.safetensors", "final/" + trainer.AdapterFolder + "/" +
		lora.ConfigFile} {
		if !bytes.Equal(read(t, filepath.Join(whole, file)), read(t, filepath.Join(stopped, file))) {
			t.Errorf("%s: the resumed run's differs", file)
		}
	}

	merged := filepath.Join(t.TempDir(), "merged")
	if _, err := lora.Merge(lora.MergeOptions{Base: cfg.Model.From, Adapter: filepath.Join(whole, "final",
		trainer.AdapterFolder), Out: merged}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, filepath.Join(merged, "model.safetensors")), finalWeights(t, whole)) {
		t.Error("base and adapter merged afterwards are not the run's final weights")
	}

	// A run of no steps from it validates and writes what it begins with.
	next := cfg
	next.Steps, next.LoRA.Rank = 0, 0
	for _, from := range []string{whole, filepath.Join(whole, "checkpoints", "step-000000005")} {
		next.Model.From = from
		out, s := mustRun(t, next)
		if !bytes.Equal(finalWeights(t, out), finalWeights(t, whole)) {
			t.Errorf("from %s: other weights", filepath.Base(from))
		}
		if a, b := *s.Validation.Loss, *summary.Validation.Loss; math.Abs(a-b) > 1e-4 {
			t.Errorf("from %s: validation loss %g, of the adapted model %g", filepath.Base(from), a, b)
		}
	}
	next.LoRA.Rank, next.Steps = 2, 1 // adapters on what adapters made, of another rank
	mustRun(t, next)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestAdaptersNeedTheirBase: with another base in its place, neither a resume nor a start from a checkpoint is
// let through, though other changes are allowed.
func TestAdaptersNeedTheirBase(t *testing.T) {
	cfg := loraRun(t, 4)
	out := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := runLoRA(ctx, t, cfg, out, true, false, &recorder{stopAt: 3,
		stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	spoilBase(t, cfg.Model.From)
	for _, allowed := range []bool{false, true} {
		if _, err := runLoRA(context.Background(), t, cfg, out, true, allowed, &recorder{}); fault.Of(err) != fault.Mismatch {
			t.Errorf("resumed, changes allowed %v: %v", allowed, err)
		}
	}
	next := cfg
	next.Model.From = out
	if _, err := runLoRA(context.Background(), t, next, filepath.Join(t.TempDir(), "next"), false, false,
		&recorder{}); fault.Of(err) != fault.Mismatch {
		t.Errorf("from its checkpoint: %v", err)
	}
}

// spoilBase puts other weights into a model folder.
func spoilBase(t *testing.T, dir string) {
	t.Helper()
	m, err := qwen3embed.Load(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	v := m.Variable("norm.weight")
	values := flat(t, v)
	values[0] += .5
	v.MustSetValue(tensors.FromFlatDataAndDimensions(values, len(values)))
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
}

func TestLoRASettingsAreRefused(t *testing.T) {
	for name, c := range map[string]trainer.LoRAConfig{
		"negative rank":  {Rank: -1},
		"unknown target": {Rank: 2, Targets: []string{"embed_tokens"}},
		"no target":      {Rank: 2},
		"NaN alpha":      {Rank: 2, Alpha: math.NaN(), Targets: []string{"q_proj"}},
		"too large":      {Rank: 999, Targets: []string{"q_proj"}},
	} {
		cfg := tinyRun(t, 1)
		cfg.LoRA = c
		if _, err := runLoRA(context.Background(), t, cfg, filepath.Join(t.TempDir(), "run"), false, false,
			&recorder{}); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
