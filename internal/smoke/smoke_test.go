package smoke_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/rig/goldentest"
	"hives/internal/smoke"
	"hives/internal/trainer"
)

// published are the stages' settings as the paper has them, beyond the trainer's defaults: matrices in bf16 in
// Stage 1 and in float16 in Stage 2.
func published(stage int) trainer.Config {
	cfg := trainer.DefaultStage(stage)
	cfg.Model.Precision = map[int]string{1: "mixed", 2: "mixed16"}[stage]
	cfg.Model.MaxLength, cfg.Model.Pooling = 256, "last"
	cfg.Seed = 1
	return cfg
}

func file(t *testing.T, stage string) string {
	return filepath.Join(goldentest.ModuleRoot(t), "configs", stage+".toml")
}

// The files hold the numbers of the trainer's defaults, which the golden tests hold to the paper's losses; those of
// the paper they write out, so that a default which changes does not change them.
func TestConfigurationsArePublished(t *testing.T) {
	for stage, name := range map[int]string{1: "stage1", 2: "stage2"} {
		want := published(stage)
		got, _, err := cli.Load(trainer.DefaultStage(stage), cli.Sources{File: file(t, name)})
		if err != nil {
			t.Fatal(err)
		}
		want.Log.ValidateEvery = got.Log.ValidateEvery // how often is no number of the paper's
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s.toml (- wanted, + is):\n%s", name, diff)
		}
		alone, _, err := cli.Load(trainer.Config{}, cli.Sources{File: file(t, name)})
		if err != nil {
			t.Fatal(err)
		}
		if stage == 1 {
			want.Stage2 = trainer.Stage2Config{} // not of this stage, so not in its file
		}
		for part, both := range map[string][2]any{
			"steps": {want.Steps, alone.Steps}, "model": {want.Model, alone.Model}, "sampler": {want.Sampler, alone.Sampler},
			"loss": {want.Loss, alone.Loss}, "stage2": {want.Stage2, alone.Stage2}, "optimizer": {want.Optimizer,
				alone.Optimizer},
		} {
			if diff := cmp.Diff(both[0], both[1], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s.toml leaves a number of %s to the defaults (- wanted, + written):\n%s", name, part, diff)
			}
		}
	}
}

// A shrunk configuration keeps what decides the kind of computation, and runs to its end. Stage 2 is run by
// package trainmetrics' test.
func TestStage1Runs(t *testing.T) {
	demo, err := smoke.Find()
	if err != nil {
		t.Fatal(err)
	}
	cfg, _, err := cli.Load(trainer.Default(), cli.Sources{File: file(t, "stage1")})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := smoke.Supply(demo, dir); err != nil {
		t.Fatal(err)
	}
	small := smoke.Shrink(cfg, demo, dir)
	if small.Model.Precision != "mixed" || small.Sampler.BatchSize != 64 || small.Optimizer != cfg.Optimizer ||
		small.Steps > 10 {
		t.Errorf("shrunk to %+v", small)
	}
	raw, err := cli.EncodeTOML(small)
	if err != nil {
		t.Fatal(err)
	}
	s, err := trainer.Run(t.Context(), small, trainer.RunOptions{
		Out: filepath.Join(dir, "run"), Config: raw, Engine: engine.OpenForTest(t), Observer: trainer.Observers{},
	})
	if err != nil || s.Steps != small.Steps || s.Validation == nil || s.Validation.Loss == nil {
		t.Errorf("%+v, %v", s, err)
	}
}
