package trainer_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/trainer"
)

// TestValidationOnTrainedRows: rows that are named as held out and are not are counted, and the figures marked.
func TestValidationOnTrainedRows(t *testing.T) {
	cfg, out := tinyRun(t, 1), filepath.Join(t.TempDir(), "run")
	cfg.Data.Validation = cfg.Data.Train
	r := &recorder{engine: goEngine(t)}
	s, err := runIn(context.Background(), t, cfg, out, false, false, r)
	if err != nil {
		t.Fatal(err)
	}
	if !r.said("240 of 240 texts") || !r.said("not held out at all") || s.Validation.Shared == nil ||
		s.Validation.Shared.Texts != 240 {
		t.Errorf("%q, %+v", r.notes, s.Validation)
	}
	if lines := loggedLines(t, out); !strings.Contains(lines, `"shared_with_training":{"texts":240`) {
		t.Errorf("the log is not marked: %s", lines)
	}
}

// TestTrainedOn finds the rows of a run by its folder, those of the run before it too, and of a model elsewhere by the
// digest of its file alone.
func TestTrainedOn(t *testing.T) {
	cfg, dir := tinyRun(t, 1), t.TempDir()
	first := filepath.Join(dir, "first")
	r := &recorder{engine: goEngine(t)}
	if _, err := runIn(context.Background(), t, cfg, first, false, false, r); err != nil {
		t.Fatal(err)
	}
	if r.said("not held out") {
		t.Errorf("a split that shares nothing is marked: %q", r.notes)
	}
	rows := tinyRows()
	shared, err := trainer.TrainedOn(filepath.Join(first, "final"), cfg.Data.Train, rows, theories.Builtin())
	if err != nil || shared == nil || shared.Texts < 150 || shared.Texts > 220 || shared.OfTexts != 240 {
		t.Errorf("the run's own file, a fifth of it held out: %+v, %v", shared, err)
	}
	next := cfg
	next.Model.From = first
	next.Data.Train = filepath.Join(dir, "few.parquet")
	if err := data.Write(next.Data.Train, rows[:120]); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(dir, "second")
	if _, err := runIn(context.Background(), t, next, second, false, false, &recorder{engine: goEngine(t)}); err != nil {
		t.Fatal(err)
	}
	line, err := trainer.TrainedOn(filepath.Join(second, "final"), cfg.Data.Train, rows, theories.Builtin())
	if err != nil || line == nil || line.Texts < shared.Texts {
		t.Errorf("a run that began from another: %+v, %v; the other had %+v", line, err, shared)
	}
	if none, err := trainer.TrainedOn(t.TempDir(), cfg.Data.Train, rows, theories.Builtin()); err != nil || none != nil {
		t.Errorf("a folder without a history: %+v, %v", none, err)
	}
}
