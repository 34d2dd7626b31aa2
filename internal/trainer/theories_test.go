package trainer_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"hives/checkpoints"
	"hives/data"
	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/runstore"
	"hives/internal/trainer"
)

// trade is a theory of one's own, of which one value stands under two parents.
const trade = `
theory = "trade"
name = "what traders hold dear"
level_names = ["domain", "virtue"]
paths = [["dealing", "honesty"], ["dealing", "patience"], ["stock", "thrift"], ["stock", "patience"]]
canonical_parent = {patience = "stock"}
works = {us = "Our own list."}
[definitions."trade/dealing"]
text = "What matters across the counter."
works = ["us"]
[definitions."trade/dealing/honesty"]
text = "Saying what a thing is worth and what it lacks."
works = ["us"]
[definitions."trade/stock"]
text = "What matters behind the counter."
works = ["us"]
[definitions."trade/stock/thrift"]
text = "Wasting nothing that can still be sold."
works = ["us"]
[definitions."trade/stock/patience"]
text = "Waiting until a thing finds its buyer."
works = ["us"]
`

// tradeRun is tinyRun over rows of which half are of trade, and the set that knows it.
func tradeRun(t *testing.T, steps int) (trainer.Config, theories.Set) {
	t.Helper()
	cfg, rows := tinyRun(t, steps), tinyRows()
	paths := [][2]string{{"dealing", "honesty"}, {"stock", "thrift"}, {"dealing", "patience"}, {"stock", "patience"}}
	for i := range rows {
		if i/8%2 == 0 {
			rows[i].Theory, rows[i].Level1, rows[i].Level2 = "trade", paths[i%4][0], paths[i%4][1]
		}
	}
	if err := data.Write(cfg.Data.Train, rows); err != nil {
		t.Fatal(err)
	}
	tree, err := theories.Parse("trade.toml", []byte(trade))
	if err != nil {
		t.Fatal(err)
	}
	known, err := theories.Builtin().With(tree)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, known
}

// runKnowing is runIn with theories.
func runKnowing(t *testing.T, cfg trainer.Config, out string, known theories.Set, r *recorder) error {
	t.Helper()
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.stop = cancel
	_, err = trainer.Run(ctx, cfg, trainer.RunOptions{Out: out, Resume: true, Config: raw, Engine: r.engine, Observer: r,
		Theories: known})
	return err
}

// A run over rows of an own theory keeps the theory's file in run.json and in its checkpoints. What was stopped is
// taken up with the kept file alone, ends with the bits of a run that nobody stopped, and says afterwards what it was
// trained on. A program that was not told of the theory refuses the rows.
func TestARunKeepsWhatItsRowsNeed(t *testing.T) {
	cfg, known := tradeRun(t, 6)
	e := goEngine(t)
	whole, out := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "stopped")
	err := runKnowing(t, cfg, out, theories.Builtin(), &recorder{engine: e})
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), `theory "trade" is unknown`) {
		t.Fatalf("without the theory: %v", err)
	}
	if err := runKnowing(t, cfg, whole, known, &recorder{engine: e}); err != nil {
		t.Fatal(err)
	}
	if err := runKnowing(t, cfg, out, known, &recorder{engine: e, stopAt: 4}); err == nil {
		t.Fatal("the run was not stopped")
	}
	info, err := runstore.Read(out)
	if err != nil || info.Theories["trade"] != trade {
		t.Fatalf("the run keeps %q, %v", info.Theories, err)
	}
	saved, _, err := checkpoints.Latest(runstore.CheckpointDir(out))
	if err != nil || saved.Meta.Theories["trade"] != trade {
		t.Fatalf("its checkpoint keeps %q, %v", saved.Meta.Theories, err)
	}
	kept, err := info.Knows(out, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if err := runKnowing(t, cfg, out, kept, &recorder{engine: e}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(finalWeights(t, out), finalWeights(t, whole)) {
		t.Error("the run that was stopped ends with other weights")
	}
	rows, _, err := data.ReadWith(cfg.Data.Train, data.ReadOptions{Theories: known})
	if err != nil {
		t.Fatal(err)
	}
	shared, err := trainer.TrainedOn(filepath.Join(out, "final"), cfg.Data.Train, rows, theories.Builtin())
	if err != nil || shared == nil || shared.Texts == 0 || shared.Texts == shared.OfTexts {
		t.Errorf("it was trained on %+v, %v; want its own part of the rows", shared, err)
	}
}
