package smoke_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/internal/cli"
	"hives/internal/goldentest"
	"hives/internal/trainer"
)

// published are the stages' settings as the paper has them, beyond the trainer's defaults: matrices in bf16 in
// Stage 1 and in float16 in Stage 2.
func published(stage int) trainer.Config {
	cfg := trainer.DefaultStage(stage)
	cfg.Model.Precision = map[int]string{1: "bf16", 2: "f16"}[stage]
	cfg.Model.MaxLength, cfg.Model.Pooling = 256, "last"
	cfg.Seed = 1
	return cfg
}

func file(t *testing.T, stage string) string {
	return filepath.Join(goldentest.ModuleRoot(t), "configs", stage+".toml")
}

// The files hold the numbers of the trainer's defaults, which the golden tests hold to the paper's losses. Every
// setting is written out, so the files say the same when a default changes: overlaying zeros must give them too.
func TestConfigurationsArePublished(t *testing.T) {
	for stage, name := range map[int]string{1: "stage1", 2: "stage2"} {
		got, _, err := cli.Load(trainer.Config{}, cli.Sources{File: file(t, name)})
		if err != nil {
			t.Fatal(err)
		}
		want := published(stage)
		want.Log.ValidateEvery = got.Log.ValidateEvery // how often is no number of the paper's
		if stage == 1 {
			want.Stage2 = trainer.Stage2Config{} // not of this stage, so not in its file
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s.toml (- wanted, + is):\n%s", name, diff)
		}
	}
}
