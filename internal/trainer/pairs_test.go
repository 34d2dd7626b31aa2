package trainer_test

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/runstore"
	"hives/internal/trainer"
	"hives/losses"
	"hives/samplers"
)

// manyLabels are the tiny rows with a second row for two texts of three: the next value, so that texts carry
// one another's labels.
func manyLabels() []data.Row {
	rows := tinyRows()
	for i, r := range rows {
		if i%3 > 0 {
			r.Level1 = rows[(i+1)%4].Level1
			rows = append(rows, r)
		}
	}
	return rows
}

// pairsRun is a short run over them; the last of its settings are the ones under test.
func pairsRun(t *testing.T, cfg trainer.Config, rule string, loss losses.Variant) trainer.Config {
	t.Helper()
	rows := manyLabels()
	for i := range rows {
		if cfg.Stage == 2 {
			rows[i].IndividualAnchor, rows[i].TheoryAnchor = int32(i%6), int32(3*(i%6))
		}
	}
	if err := data.Write(cfg.Data.Train, rows); err != nil {
		t.Fatal(err)
	}
	cfg.Sampler.FalseNegatives, cfg.Loss.Variant = rule, string(loss)
	return cfg
}

// TestPairsResumeWithTheSameBits stops a run of each loss under each rule in the middle. Its logged steps and
// validations, the final weights and a replayed step are those of a run that was left alone.
func TestPairsResumeWithTheSameBits(t *testing.T) {
	ends := map[string]bool{}
	for _, loss := range []losses.Variant{losses.SkipEmpty, losses.DirectionLeaf, losses.TextSoft} {
		for _, rule := range []string{samplers.Keep, samplers.Anchor, samplers.All} {
			t.Run(string(loss)+"/"+rule, func(t *testing.T) {
				cfg := pairsRun(t, tinyRun(t, 6), rule, loss)
				out := filepath.Join(t.TempDir(), "run")
				resumedIsWhole(t, cfg, out)
				o := options(t, cfg, out, &recorder{})
				if r, err := trainer.ReplayStep(context.Background(), cfg, o, 5); err != nil || !r.Agrees() {
					t.Errorf("replay: %+v, %v", r, err)
				}
				ends[string(finalWeights(t, out))] = true
			})
		}
	}
	// text_soft has nothing to ignore: all is anchor. Each other cell trains something else.
	if len(ends) != 8 {
		t.Errorf("9 runs end with %d unlike weights, want 8", len(ends))
	}
}

// resumedIsWhole compares a run into out that is stopped after three steps with one left alone.
func resumedIsWhole(t *testing.T, cfg trainer.Config, out string) {
	t.Helper()
	e, whole := goEngine(t), filepath.Join(t.TempDir(), "whole")
	if _, err := runIn(context.Background(), t, cfg, whole, false, false, &recorder{engine: e}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := runIn(ctx, t, cfg, out, false, false, &recorder{engine: e, stopAt: 3, stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	if _, err := runIn(context.Background(), t, cfg, out, true, false, &recorder{engine: e}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(finalWeights(t, whole), finalWeights(t, out)) {
		t.Error("the resumed run's weights differ from the uninterrupted run's")
	}
	if got, want := loggedLines(t, out), loggedLines(t, whole); got != want {
		t.Errorf("the resumed run logged\n%s\nthe uninterrupted one\n%s", got, want)
	}
}

// TestStage2Pairs resumes Stage 2 in f16 and in two packs with pairs ignored, and with weights.
func TestStage2Pairs(t *testing.T) {
	for loss, change := range map[losses.Variant]func(*trainer.Config){
		losses.DirectionLeaf: func(c *trainer.Config) { c.Model.Precision = "f16" },
		losses.TextSoft:      func(c *trainer.Config) { c.Memory.Packs, c.Stage2.Banks = 2, trainer.LearnedBanks },
	} {
		cfg := pairsRun(t, tinyStage2(t, 6), samplers.All, loss)
		change(&cfg)
		resumedIsWhole(t, cfg, filepath.Join(t.TempDir(), "run"))
	}
}

// TestIgnoredPairsAreCounted: the log has their number with all alone, the notes their share with each rule.
func TestIgnoredPairsAreCounted(t *testing.T) {
	for rule, says := range map[string]string{samplers.Keep: "pushed apart", samplers.Anchor: "pushed apart", samplers.All: "left out of the loss"} {
		cfg := pairsRun(t, tinyRun(t, 1), rule, losses.SkipEmpty)
		cfg.Sampler.BatchSize = 16
		out, r := filepath.Join(t.TempDir(), "run"), &recorder{engine: goEngine(t)}
		s, err := runIn(context.Background(), t, cfg, out, false, false, r)
		if err != nil {
			t.Fatal(err)
		}
		var line trainer.StepLine
		if _, err := runstore.FindMetrics(out, "train", 1, &line); err != nil {
			t.Fatal(err)
		}
		if (line.IgnoredPairs != nil && *line.IgnoredPairs > 0) != (rule == samplers.All) || !r.said("false negatives ("+rule+")") || !r.said(says) {
			t.Errorf("%s: %v; %q", rule, line, r.notes)
		}
		// Ignored pairs leave fewer candidates, so that knowing nothing costs less.
		if least := s.Validation.LossUnknowing < math.Log(15)-.01; least != (rule == samplers.All) {
			t.Errorf("%s: knowing nothing costs %g", rule, s.Validation.LossUnknowing)
		}
	}
}

// TestDropIsAnchor takes the same steps under the older name, which stored runs have.
func TestDropIsAnchor(t *testing.T) {
	var ends [2][]byte
	for i, rule := range []string{samplers.Drop, samplers.Anchor} {
		cfg, out := pairsRun(t, tinyRun(t, 3), rule, losses.SkipEmpty), filepath.Join(t.TempDir(), "run")
		if _, err := runIn(context.Background(), t, cfg, out, false, false, &recorder{engine: goEngine(t)}); err != nil {
			t.Fatal(err)
		}
		ends[i] = finalWeights(t, out)
	}
	if !bytes.Equal(ends[0], ends[1]) {
		t.Error("drop and anchor train other weights")
	}
}

// TestBatchesFitTheLoss: a batch without the matrix that the loss takes is refused before the engine sees it.
func TestBatchesFitTheLoss(t *testing.T) {
	_, s, _ := toyStepper(t, true, func(o *trainer.StepOptions) { o.Objective.Ignores = true })
	b := toyBatch(t, 1, nil)
	if _, err := s.Step(b, 0, 0, 1); err == nil || !strings.Contains(err.Error(), "0 pairs to ignore, one of 0 weights; the loss takes 64 and 0") {
		t.Errorf("no matrix: %v", err)
	}
	b.Ignore = make([]bool, 10)
	if _, err := s.Step(b, 0, 0, 1); err == nil {
		t.Error("ten pairs of eight rows are taken")
	}
}
