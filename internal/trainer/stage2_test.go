package trainer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/data/anchors"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/safetensorsio"
	"hives/internal/trainer"
	"hives/losses"
	"hives/samplers"
)

// theoryBank writes a bank of n sentences with gaps between their ids.
func theoryBank(t *testing.T, n int) string {
	t.Helper()
	bank := &anchors.Bank{Meta: map[string]string{}}
	for i := range n {
		bank.Anchors = append(bank.Anchors, anchors.Anchor{
			ID: int32(3 * i), Bank: anchors.Theory, Kind: anchors.KindCluster, Text: fmt.Sprintf("people and thing %d", i),
			Provenance: "medoid",
		})
	}
	path := filepath.Join(t.TempDir(), "theory.parquet")
	if err := anchors.Write(path, bank); err != nil {
		t.Fatal(err)
	}
	return path
}

// tinyStage2 is a short run of Stage 2 over the tiny rows, which name 6 anchors of each bank.
func tinyStage2(t *testing.T, steps int) trainer.Config {
	t.Helper()
	cfg := tinyRun(t, steps)
	rows := tinyRows()
	for i := range rows {
		rows[i].IndividualAnchor, rows[i].TheoryAnchor = int32(i%6), int32(3*(i%6))
	}
	if err := data.Write(cfg.Data.Train, rows); err != nil {
		t.Fatal(err)
	}
	cfg.Stage, cfg.Sampler.BatchSize = 2, 16
	cfg.Stage2.TheoryBank, cfg.Stage2.RefreshEvery = theoryBank(t, 8), 2
	cfg.Log.ValidateEvery = 0
	return cfg
}

// TestStage2ResumesWithTheSameBits stops a run of each kind of bank between two encodings of its bank, whose
// vectors are then older than the weights. The encoded one computes in f16.
func TestStage2ResumesWithTheSameBits(t *testing.T) {
	for _, banks := range []string{trainer.EncodedBanks, trainer.LearnedBanks} {
		t.Run(banks, func(t *testing.T) {
			cfg := tinyStage2(t, 6)
			cfg.Stage2.Banks = banks
			if banks == trainer.EncodedBanks {
				cfg.Model.Precision = "f16"
			}
			whole, out := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "stopped")
			if _, err := runIn(context.Background(), t, cfg, whole, false, false, &recorder{}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			if _, err := runIn(ctx, t, cfg, out, false, false, &recorder{stopAt: 3,
				stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
				t.Fatal(err)
			}
			if _, err := runIn(context.Background(), t, cfg, out, true, false, &recorder{}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(finalWeights(t, whole), finalWeights(t, out)) {
				t.Error("the resumed run's weights differ from the uninterrupted run's")
			}
			checkExport(t, filepath.Join(out, "final", trainer.BanksFile))
			checkTerms(t, filepath.Join(out, "metrics.jsonl"))
		})
	}
}

// checkExport looks at the banks beside the final model: K unit rows each.
func checkExport(t *testing.T, path string) {
	t.Helper()
	f, err := safetensorsio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, k := range map[string]int{"individual": 407, "theory": 8} {
		tensor, err := f.Tensor(name)
		if err != nil || tensor.Shape[0] != k || tensor.Shape[1] != 16 {
			t.Fatalf("%s: %v, %v; want [%d 16]", name, tensor.Shape, err, k)
		}
		sum := 0.0
		for i := range 16 {
			v := float64(float32At(tensor.Data, i))
			sum += v * v
		}
		if sum < .999 || sum > 1.001 {
			t.Errorf("%s: first row has squared norm %g", name, sum)
		}
	}
}

// checkTerms looks whether the log tells the loss's terms apart.
func checkTerms(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for line := range strings.Lines(string(raw)) {
		var step trainer.StepLine
		if err := json.Unmarshal([]byte(line), &step); err != nil {
			t.Fatal(err)
		}
		if step.Kind != "train" {
			continue
		}
		steps++
		// The weights are the paper's: 1, .5 and 1.
		sum := step.Terms["hierarchical"] + .5*step.Terms["individual"] + step.Terms["theory"]
		if len(step.Terms) != 3 || math.Abs(float64(sum)-step.Loss) > 1e-5 {
			t.Errorf("%s: the terms make %g", line, sum)
		}
	}
	if steps != 6 {
		t.Errorf("%d of 6 steps are logged", steps)
	}
}

// TestStage2Refuses has one mistake a case.
func TestStage2Refuses(t *testing.T) {
	for _, c := range []struct {
		name, says string
		change     func(*testing.T, *trainer.Config)
	}{
		{"a bank that lacks an assigned id", "names the theory anchor 9", func(t *testing.T, c *trainer.Config) {
			c.Stage2.TheoryBank = theoryBank(t, 3)
		}},
		{"no bank", "theory-bank", func(_ *testing.T, c *trainer.Config) { c.Stage2.TheoryBank = "" }},
		{"no row with an anchor", "ids", func(t *testing.T, c *trainer.Config) {
			if err := data.Write(c.Data.Train, tinyRows()); err != nil {
				t.Fatal(err)
			}
		}},
		{"fractions of two", "fractions", func(_ *testing.T, c *trainer.Config) {
			c.Stage2.Fractions = [3]float64{1, .5, .5}
		}},
		{"packs that do not divide", "want a divisor", func(_ *testing.T, c *trainer.Config) { c.Memory.Packs = 5 }},
		{"an unknown kind of bank", "encoded or learned", func(_ *testing.T, c *trainer.Config) {
			c.Stage2.Banks = "frozen"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := tinyStage2(t, 2)
			c.change(t, &cfg)
			_, err := runIn(context.Background(), t, cfg, filepath.Join(t.TempDir(), "run"), false, false, &recorder{})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

// TestStage2StartsFromARunItsCheckpointOrItsModel takes the same weights by three names.
func TestStage2StartsFromARunItsCheckpointOrItsModel(t *testing.T) {
	first := tinyRun(t, 3)
	run := filepath.Join(t.TempDir(), "stage1")
	if _, err := runIn(context.Background(), t, first, run, false, false, &recorder{}); err != nil {
		t.Fatal(err)
	}
	want := finalWeights(t, run)
	for _, from := range []string{run, filepath.Join(run, "checkpoints", "step-000000003"), filepath.Join(run, "final")} {
		cfg := tinyStage2(t, 0)
		cfg.Model.From, cfg.Model.Tokenizer = from, ""
		out := filepath.Join(t.TempDir(), "stage2")
		if _, err := runIn(context.Background(), t, cfg, out, false, false, &recorder{}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(finalWeights(t, out), want) {
			t.Errorf("from %s: other weights than the run's", filepath.Base(from))
		}
	}
}

// TestPartsAreThoseOfTheLoss: the sampler fills the parts that the loss cuts.
func TestPartsAreThoseOfTheLoss(t *testing.T) {
	rows := tinyRows()
	ids := samplers.AnchorIDs{}
	for i := range rows {
		ids.Individual, ids.Theory = append(ids.Individual, int32(i%40)), append(ids.Theory, int32(i%40))
	}
	for _, fractions := range [][3]float64{{.5, .25, .25}, {.29, .3, .41}, {.6, .1, .3}} {
		for batch := 24; batch <= 48; batch += 3 {
			loss := losses.DefaultStage2()
			loss.Fractions = fractions
			cfg := samplers.DefaultTriple()
			cfg.IntraTheory.BatchSize, cfg.Fractions = batch, fractions
			s, err := samplers.NewTriple(data.NewLabels(rows, theories.Builtin()), ids, cfg)
			if err != nil {
				t.Fatal(err)
			}
			h, i, th := loss.Split(batch)
			if got := s.Batch(0).Parts; got != [3]int{h, i, th} {
				t.Errorf("batch of %d, fractions %v: the sampler's parts %v, the loss's %d, %d, %d", batch, fractions,
					got, h, i, th)
			}
		}
	}
}
