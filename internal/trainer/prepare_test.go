package trainer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/trainer"
	"hives/samplers"
)

// prepare is Prepare for a run into out, which must not be made.
func prepare(t *testing.T, cfg trainer.Config, out string, resume bool) (*trainer.Ready, error) {
	t.Helper()
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ready, err := trainer.Prepare(context.Background(), cfg, trainer.RunOptions{Out: out, Resume: resume, Config: raw})
	if ready != nil {
		t.Cleanup(ready.Close)
	}
	return ready, err
}

// TestWhatIsWrongIsSaidBeforeThereIsAFolder: no engine is there to ask, and nothing is written.
func TestWhatIsWrongIsSaidBeforeThereIsAFolder(t *testing.T) {
	lonely := func(cfg *trainer.Config) {
		var rows []data.Row
		seen := map[string]bool{}
		for _, r := range tinyRows() { // the first text of each value and direction
			if key := fmt.Sprint(r.Theory, r.Level1, r.Level2, r.Level3, r.Direction); !seen[key] {
				seen[key], rows = true, append(rows, r)
			}
		}
		if err := data.Write(cfg.Data.Train, rows); err != nil {
			t.Fatal(err)
		}
		cfg.Data.ValidationFraction, cfg.Sampler.BatchSize, cfg.Sampler.Positives = 0, 4, 1
	}
	for _, c := range []struct {
		name, says string
		change     func(*trainer.Config)
	}{
		{"no row has a positive", "nothing to pull together", lonely},
		{"a setting", "optimizer.beta1", func(c *trainer.Config) { c.Optimizer.Beta1 = 1 }},
		{"no rows", "absent.csv", func(c *trainer.Config) { c.Data.Train = filepath.Join(t.TempDir(), "absent.csv") }},
		{"no validation rows", "absent.csv", func(c *trainer.Config) {
			c.Data.Validation = filepath.Join(t.TempDir(), "absent.csv")
		}},
		{"no model", "absent", func(c *trainer.Config) { c.Model.From = filepath.Join(t.TempDir(), "absent") }},
		{"no tokenizer", "absent", func(c *trainer.Config) { c.Model.Tokenizer = filepath.Join(t.TempDir(), "absent") }},
		{"more layers than there are", "layers", func(c *trainer.Config) { c.Model.Layers = 99 }},
		{"all layers frozen", "freeze_layers", func(c *trainer.Config) { c.Model.FreezeLayers = 99 }},
		{"adapters larger than the matrices", "rank", func(c *trainer.Config) { c.LoRA.Rank = 4096 }},
		{"a batch of more rows than there are", "samplers", func(c *trainer.Config) { c.Sampler.BatchSize = 100_000 }},
		{"a theory that no row has", "nobody", func(c *trainer.Config) {
			c.Sampler.TheoryWeights = map[string]float64{"nobody": 1}
		}},
	} {
		cfg := tinyRun(t, 4)
		c.change(&cfg)
		out := filepath.Join(t.TempDir(), "run")
		_, err := prepare(t, cfg, out, false)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the folder is there: %v", c.name, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := prepare(t, tinyRun(t, 4), filepath.Join(file, "run"), false); err == nil ||
		!strings.Contains(err.Error(), file) {
		t.Errorf("a run below a file: %v", err)
	}
}

// TestFinishedRun: more steps, and any other setting, point to a run of its own; nothing of the run changes.
func TestFinishedRun(t *testing.T) {
	cfg, out := tinyRun(t, 2), filepath.Join(t.TempDir(), "run")
	if _, err := runIn(context.Background(), t, cfg, out, false, false, &recorder{engine: goEngine(t)}); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(out, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, allow := range []bool{false, true} {
		more := cfg
		more.Steps = 8
		_, err := runIn(context.Background(), t, more, out, true, allow, &recorder{engine: goEngine(t)})
		if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "train --from "+out+" --steps 6 ") {
			t.Errorf("more steps, allowed %v: %v", allow, err)
		}
	}
	if after, err := os.ReadFile(filepath.Join(out, "config.toml")); err != nil || string(after) != string(before) {
		t.Errorf("the stored settings changed: %v", err)
	}
	if ready, err := prepare(t, cfg, out, true); err != nil || ready.Finished() == nil || ready.Finished().Steps != 2 {
		t.Errorf("the run as it is: %v", err)
	}
}

// TestFewerStepsThanAreDone: a run that stands beyond its new end is not finished by magic.
func TestFewerStepsThanAreDone(t *testing.T) {
	cfg, out := tinyRun(t, 6), filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := runIn(ctx, t, cfg, out, false, false, &recorder{engine: goEngine(t), stopAt: 4,
		stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	cfg.Steps = 3
	if _, err := runIn(context.Background(), t, cfg, out, true, true, &recorder{engine: goEngine(t)}); err == nil ||
		!strings.Contains(err.Error(), "stands after step 4") {
		t.Errorf("3 steps of a run after step 4: %v", err)
	}
}

// TestMomentsChangeTheirType: a resume may keep moments in another type, either way, and the run goes on.
func TestMomentsChangeTheirType(t *testing.T) {
	for was, then := range map[string]string{"f32": "bf16", "bf16": "f32"} {
		cfg, out := tinyRun(t, 6), filepath.Join(t.TempDir(), "run")
		cfg.Memory.Moments = was
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := runIn(ctx, t, cfg, out, false, false, &recorder{engine: goEngine(t), stopAt: 3,
			stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
			t.Fatal(err)
		}
		cfg.Memory.Moments = then
		if _, err := runIn(context.Background(), t, cfg, out, true, false,
			&recorder{engine: goEngine(t)}); fault.Of(err) != fault.Mismatch {
			t.Errorf("%s to %s unasked: %v", was, then, err)
		}
		if s, err := runIn(context.Background(), t, cfg, out, true, true, &recorder{engine: goEngine(t)}); err != nil ||
			s.Steps != 6 {
			t.Errorf("%s to %s: %+v, %v", was, then, s, err)
		}
	}
}

// TestSplitSeed: what is held out does not follow the seed of the run. A run of an older program goes on with its own.
func TestSplitSeed(t *testing.T) {
	older, err := trainer.Stored([]byte("seed = 7\n[data]\ntrain = 'x'\n"))
	if err != nil || older.Data.SplitSeed != 7 || older.Sampler.FalseNegatives != samplers.Anchor {
		t.Errorf("an older run of seed 7 splits by %d, %+v, %v", older.Data.SplitSeed, older.Sampler, err)
	}
	newer, err := trainer.Stored([]byte("seed = 7\n[data]\nsplit_seed = 2\n"))
	if err != nil || newer.Data.SplitSeed != 2 || newer.Seed != 7 {
		t.Errorf("%+v, %v", newer.Data, err)
	}
	rows := func(seed, split uint64) string {
		cfg := tinyRun(t, 1)
		cfg.Seed, cfg.Data.SplitSeed = seed, split
		return trainer.HeldOutTexts(t, cfg)
	}
	if rows(1, 5) != rows(2, 5) {
		t.Error("the seed decides what is held out")
	}
	if rows(1, 5) == rows(1, 6) {
		t.Error("the split's seed does not decide what is held out")
	}
}

// TestOverridesBesideEveryFrom: layers, length and pooling hold for a run folder, its checkpoint and its model alike.
func TestOverridesBesideEveryFrom(t *testing.T) {
	cfg, dir := tinyRun(t, 2), t.TempDir()
	model := strings.TrimPrefix(cfg.Model.From, "random:")
	two := strings.Replace(tiny, `"num_hidden_layers": 1`, `"num_hidden_layers": 2`, 1)
	if err := os.WriteFile(filepath.Join(model, "config.json"), []byte(two), 0o644); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(dir, "run")
	if _, err := runIn(context.Background(), t, cfg, run, false, false, &recorder{engine: goEngine(t)}); err != nil {
		t.Fatal(err)
	}
	for i, from := range []string{run, filepath.Join(run, "checkpoints", "step-000000002"), filepath.Join(run, "final")} {
		next, r := cfg, &recorder{engine: goEngine(t)}
		next.Model.From, next.Model.Layers, next.Model.MaxLength, next.Model.Pooling = from, 1, 9, "mean"
		if _, err := runIn(context.Background(), t, next, filepath.Join(dir, fmt.Sprint(i)), false, false, r); err != nil {
			t.Fatal(err)
		}
		if !r.said("1 layers") || !r.said("at most 9 tokens, mean pooling") {
			t.Errorf("%s: %q", from, r.notes[:2])
		}
		next.Model.Layers = 3
		if _, err := prepare(t, next, filepath.Join(dir, "none"), false); err == nil ||
			!strings.Contains(err.Error(), "layers") {
			t.Errorf("%s: 3 layers of 2: %v", from, err)
		}
	}
}
