package trainer_test

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/internal/engine"
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
	for _, loss := range []losses.Variant{losses.SkipEmpty, losses.DirectionLeaf} {
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
	if len(ends) != 6 { // each cell trains something else
		t.Errorf("6 runs end with %d unlike weights", len(ends))
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
	if _, err := runIn(ctx, t, cfg, out, false, false, &recorder{engine: e, stopAt: 3,
		stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
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

// TestStage2Pairs resumes Stage 2 in f16, and in two packs beside learned banks, with pairs ignored.
func TestStage2Pairs(t *testing.T) {
	for loss, change := range map[losses.Variant]func(*trainer.Config){
		losses.DirectionLeaf: func(c *trainer.Config) { c.Model.Precision = "f16" },
		losses.SkipEmpty:     func(c *trainer.Config) { c.Memory.Packs, c.Stage2.Banks = 2, trainer.LearnedBanks },
	} {
		cfg := pairsRun(t, tinyStage2(t, 6), samplers.All, loss)
		change(&cfg)
		resumedIsWhole(t, cfg, filepath.Join(t.TempDir(), "run"))
	}
}

// TestIgnoredPairsAreCounted: the log has their number with all alone, the notes their share with each rule.
func TestIgnoredPairsAreCounted(t *testing.T) {
	for rule, says := range map[string]string{samplers.Keep: "pushed apart", samplers.Anchor: "pushed apart",
		samplers.All: "left out of the loss"} {
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
		ignored, _ := line.More["ignored_pairs"].(float64)
		if (ignored > 0) != (rule == samplers.All) || !r.said("false negatives ("+rule+")") || !r.said(says) {
			t.Errorf("%s: %v; %q", rule, line, r.notes)
		}
		// Ignored pairs leave fewer candidates, so that knowing nothing costs less.
		if least := s.Validation.LossUnknowing < math.Log(15)-.01; least != (rule == samplers.All) {
			t.Errorf("%s: knowing nothing costs %g", rule, s.Validation.LossUnknowing)
		}
	}
}

// TestDropIsAnchor begins a run under the older name, which stored runs have, and goes on under the newer one.
// It ends as a run under the newer name alone; another rule is another run.
func TestDropIsAnchor(t *testing.T) {
	cfg, e := pairsRun(t, tinyRun(t, 6), samplers.Anchor, losses.SkipEmpty), goEngine(t)
	whole, out := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "run")
	if _, err := runIn(context.Background(), t, cfg, whole, false, false, &recorder{engine: e}); err != nil {
		t.Fatal(err)
	}
	older, other := cfg, cfg
	older.Sampler.FalseNegatives, other.Sampler.FalseNegatives = samplers.Drop, samplers.All
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := runIn(ctx, t, older, out, false, false, &recorder{engine: e, stopAt: 3,
		stop: cancel}); fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatal(err)
	}
	if _, err := runIn(context.Background(), t, other, out, true, false,
		&recorder{engine: e}); fault.Of(err) != fault.Mismatch {
		t.Errorf("drop resumed as all: %v", err)
	}
	if _, err := runIn(context.Background(), t, cfg, out, true, false, &recorder{engine: e}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(finalWeights(t, whole), finalWeights(t, out)) {
		t.Error("drop and anchor train other weights")
	}
}

// TestPairsInEveryWayOfComputing takes a step with ignored pairs in the ways that save memory or share the work, and
// holds loss, norm and the probe's loss to the plain step.
func TestPairsInEveryWayOfComputing(t *testing.T) {
	e := goEngine(t)
	for _, variant := range []losses.Variant{losses.SkipEmpty, losses.DirectionLeaf} {
		plain := pairsStep(t, e, variant, 1, true, nil)
		for name, got := range map[string]stepped{
			"two packs": pairsStep(t, e, variant, 2, true, nil),
			"split":     pairsStep(t, e, variant, 1, true, func(o *stepOptions) { o.SplitUpdate = true }),
			"two packs, split, scaled": pairsStep(t, e, variant, 2, true, func(o *stepOptions) {
				o.SplitUpdate, o.LossScaling = true, true
			}),
		} {
			if math.Abs(got.Loss-plain.Loss) > 1e-5 || math.Abs(got.GradNorm-plain.GradNorm) > 1e-5*plain.GradNorm {
				t.Errorf("%s, %s: %+v, plainly %+v", variant, name, got, plain)
			}
		}
		// The control: without its matrix the step is another.
		if got := pairsStep(t, e, variant, 1, false, nil); math.Abs(got.Loss-plain.Loss) < 1e-3 {
			t.Errorf("%s: the loss is %g with the matrix and without", variant, got.Loss)
		}
	}
}

// TestPairsOnTwoDevices gives each device the whole matrix: the contrast sees the whole batch.
func TestPairsOnTwoDevices(t *testing.T) {
	needDevices(t, 2)
	e := engine.OpenForTest(t)
	one := pairsStep(t, e, losses.DirectionLeaf, 1, true, nil)
	two := pairsStep(t, e, losses.DirectionLeaf, 1, true, func(o *stepOptions) { o.Devices = 2 })
	if math.Abs(two.Loss-one.Loss) > 1e-5 || math.Abs(two.GradNorm-one.GradNorm) > 1e-5*one.GradNorm {
		t.Errorf("%+v, on one device %+v", two, one)
	}
}

// pairsStep is a step of the toy with random pairs ignored, or none.
func pairsStep(t *testing.T, on *engine.Engine, variant losses.Variant, packs int, random bool,
	change func(*stepOptions)) stepped {
	t.Helper()
	_, s, _ := toyStepperOn(t, on, true, func(o *stepOptions) {
		o.Stage2.Hierarchical.Variant, o.Ignores = variant, true
		if change != nil {
			change(o)
		}
	})
	b, draw := toyBatch(t, packs, nil), rand.New(rand.NewPCG(9, 9))
	b.Ignore = make([]bool, len(b.Theory)*len(b.Theory))
	for i := range b.Ignore {
		b.Ignore[i] = random && draw.IntN(3) == 0
	}
	p, err := s.Probe(b)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Step(b, 0, 1e-3, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(p.Loss)-r.Loss) > 1e-5 {
		t.Errorf("%s: the probe's loss is %g, the step's %g", variant, p.Loss, r.Loss)
	}
	return r
}

// TestBatchesFitTheLoss: a batch without the matrix that the loss takes is refused before the engine sees it.
func TestBatchesFitTheLoss(t *testing.T) {
	_, s, _ := toyStepper(t, true, func(o *stepOptions) { o.Ignores = true })
	b := toyBatch(t, 1, nil)
	if _, err := s.Step(b, 0, 0, 1); err == nil || !strings.Contains(err.Error(), "0 pairs to ignore, the loss takes 64") {
		t.Errorf("no matrix: %v", err)
	}
	b.Ignore = make([]bool, 10)
	if _, err := s.Step(b, 0, 0, 1); err == nil {
		t.Error("ten pairs of eight rows are taken")
	}
}
