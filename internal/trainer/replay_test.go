package trainer_test

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data"
	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/runstore"
	"hives/internal/trainer"
)

// options are those of a run on the Go engine, which starts at once.
func options(t *testing.T, cfg trainer.Config, out string, r *recorder) trainer.RunOptions {
	t.Helper()
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return trainer.RunOptions{Out: out, Config: raw, Engine: e, Observer: r}
}

// contents hashes every file below dir.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out[path], err = fsutil.SHA256(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestReplayAgreesWithTheLog takes first, middle and last steps again, with and without a checkpoint before
// them, and looks whether the run folder is as it was.
func TestReplayAgreesWithTheLog(t *testing.T) {
	cfg := tinyRun(t, 10)
	cfg.Log.Best = ""
	out := filepath.Join(t.TempDir(), "run")
	o := options(t, cfg, out, &recorder{})
	if _, err := trainer.Run(context.Background(), cfg, o); err != nil {
		t.Fatal(err)
	}
	before := contents(t, out)
	rows, err := data.Read(cfg.Data.Train)
	if err != nil {
		t.Fatal(err)
	}
	for step, from := range map[int]int{1: 0, 9: 0, 10: 9} { // of 3, 6, 9, 10 the last two are kept
		r, err := trainer.ReplayStep(context.Background(), cfg, o, step)
		if err != nil {
			t.Fatal(err)
		}
		if r.Logged == nil || !r.Agrees() || r.Checkpoint != from || r.NotFinite != "" {
			t.Errorf("step %d: %+v, logged %+v; want the same from checkpoint %d", step, r, r.Logged, from)
		}
		squares := 0.0
		for _, g := range r.Gradients {
			squares += float64(g.Norm * g.Norm)
		}
		if norm := math.Sqrt(squares); math.Abs(norm/float64(r.GradNorm)-1) > 1e-5 || len(r.Gradients) < 10 {
			t.Errorf("step %d: the norms of %d tensors make %g, the step's is %g", step, len(r.Gradients), norm, r.GradNorm)
		}
		for _, row := range r.Rows {
			if rows[row.Row-1].TextID != row.TextID {
				t.Errorf("step %d: row %d of the file is not text %s", step, row.Row, row.TextID)
			}
		}
	}
	if diff := cmp.Diff(before, contents(t, out)); diff != "" {
		t.Errorf("a replay changed the run folder (-before +after):\n%s", diff)
	}
	// The negative control: another temperature is another loss.
	other := cfg
	other.Loss.Temperature = .2
	o = options(t, other, out, &recorder{})
	if _, err := trainer.ReplayStep(context.Background(), other, o, 10); fault.Of(err) != fault.Mismatch ||
		!strings.Contains(err.Error(), "loss.temperature") {
		t.Errorf("other settings: %v", err)
	}
	o.AllowChanged = true
	if r, err := trainer.ReplayStep(context.Background(), other, o, 10); err != nil || r.Agrees() {
		t.Errorf("another temperature: %+v, %v", r, err)
	}
	if _, err := trainer.ReplayStep(context.Background(), cfg, o, 11); fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("step 11 of 10: %v", err)
	}
}

// TestNotFiniteNamesWhatAReplayFinds drives the weights out of float32 and takes the stop's own advice.
func TestNotFiniteNamesWhatAReplayFinds(t *testing.T) {
	cfg := tinyRun(t, 50)
	cfg.Optimizer.LearningRate, cfg.Optimizer.WarmupFraction = 1e38, 0
	out := filepath.Join(t.TempDir(), "run")
	o := options(t, cfg, out, &recorder{})
	_, err := trainer.Run(context.Background(), cfg, o)
	if err == nil || fault.ExitCode(err) != fault.ExitFailed {
		t.Fatalf("a rate of 1e38: %v", err)
	}
	found := regexp.MustCompile(`step (\d+): ` +
		`(.*) is not finite .*train replay --step (\d+) --out (\S+)`).FindStringSubmatch(err.Error())
	if found == nil || found[1] != found[3] || found[4] != out {
		t.Fatalf("no step, tensor and command in: %v", err)
	}
	step, _ := strconv.Atoi(found[1])
	r, replayErr := trainer.ReplayStep(context.Background(), cfg, o, step)
	if replayErr != nil {
		t.Fatal(replayErr)
	}
	if r.NotFinite != found[2] || r.Checkpoint != step-1 {
		t.Errorf("the replay finds %q from checkpoint %d, the stop said %q at step %d", r.NotFinite, r.Checkpoint,
			found[2], step)
	}
	for _, row := range r.Rows {
		if !strings.Contains(err.Error(), fmt.Sprintf("%d:%s", row.Row, row.TextID)) {
			t.Errorf("the stop does not name row %d", row.Row)
		}
	}
}

// TestReplayRowsCountBadOnes has a bad row in the file: numbers are those of the file, not of what was read.
func TestReplayRowsCountBadOnes(t *testing.T) {
	cfg := tinyRun(t, 2)
	csv := filepath.Join(t.TempDir(), "rows.csv")
	lines := "text,theory,level_1,level_2,level_3,direction,direction_source,corpus,licence\n"
	var texts []string
	for i, r := range tinyRows() {
		if i%50 == 7 {
			lines += "a bad row,mft,no such value,,,1,annotated,made,none\n"
			texts = append(texts, "")
		}
		lines += fmt.Sprintf("%s,mft,%s,,,%d,annotated,made,none\n", r.Text, r.Level1, r.Direction)
		texts = append(texts, r.Text)
	}
	if err := os.WriteFile(csv, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg.Data.Train, cfg.Data.SkipBad, cfg.Data.PermuteLabels = csv, true, true
	out := filepath.Join(t.TempDir(), "run")
	o := options(t, cfg, out, &recorder{})
	if _, err := trainer.Run(context.Background(), cfg, o); err != nil {
		t.Fatal(err)
	}
	r, err := trainer.ReplayStep(context.Background(), cfg, o, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if data.TextID(texts[row.Row-1]) != row.TextID {
			t.Errorf("row %d of the file is not text %s", row.Row, row.TextID)
		}
	}
}

// TestTheBestCheckpointStays keeps one newest checkpoint and the one of the best validation.
func TestTheBestCheckpointStays(t *testing.T) {
	cfg := tinyRun(t, 12)
	cfg.Log.ValidateEvery, cfg.Log.CheckpointEvery, cfg.Log.KeepCheckpoints, cfg.Log.Best = 2, 5, 1, "loss"
	out := filepath.Join(t.TempDir(), "run")
	r := &recorder{}
	if _, err := trainer.Run(context.Background(), cfg, options(t, cfg, out, r)); err != nil {
		t.Fatal(err)
	}
	lowest, at := math.Inf(1), 0
	for step := 2; step <= 12; step += 2 {
		var v trainer.Validation
		if found, err := runstore.FindMetrics(out, "validation", step, &v); !found || err != nil {
			t.Fatalf("validation of step %d: %v, %v", step, found, err)
		}
		if *v.Loss < lowest {
			lowest, at = *v.Loss, step
		}
	}
	info, err := runstore.Read(out)
	if want := (runstore.Best{Step: at, Metric: "loss", Score: -lowest}); err != nil || info.Best == nil ||
		*info.Best != want {
		t.Errorf("run.json says %v, want %v (%v)", info.Best, want, err)
	}
	want := map[string]bool{fmt.Sprintf("step-%09d", at): true, "step-000000012": true}
	entries, err := os.ReadDir(runstore.CheckpointDir(out))
	if err != nil || len(entries) != len(want) {
		t.Fatalf("%d checkpoints, want %v (%v)", len(entries), want, err)
	}
	for _, e := range entries {
		if !want[e.Name()] {
			t.Errorf("%s is kept, want %v", e.Name(), want)
		}
	}
	if !r.said("best so far: loss") {
		t.Error("no line about the best")
	}
}

// TestDataReplacedUnderneath swaps the training file in the middle of a run: the run holds its rows in
// memory and ends as ever, and only a resume reads the file again and refuses it.
func TestDataReplacedUnderneath(t *testing.T) {
	cfg := tinyRun(t, 6)
	whole, swapped := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "swapped")
	if _, err := trainer.Run(context.Background(), cfg, options(t, cfg, whole, &recorder{})); err != nil {
		t.Fatal(err)
	}
	swap := func() {
		if err := data.Write(cfg.Data.Train, tinyRows()[:200]); err != nil {
			t.Error(err)
		}
	}
	if _, err := trainer.Run(context.Background(), cfg, options(t, cfg, swapped,
		&recorder{stopAt: 2, stop: swap})); err != nil {
		t.Fatal(err)
	}
	if string(finalWeights(t, whole)) != string(finalWeights(t, swapped)) {
		t.Error("the run saw the new rows")
	}
	if _, err := trainer.ReplayStep(context.Background(), cfg, options(t, cfg, swapped, &recorder{}),
		3); fault.Of(err) != fault.Mismatch {
		t.Errorf("a replay on other rows: %v", err)
	}
}

// TestTokenizerReplacedUnderneath is refused at the end, after all steps are saved; with the old file back
// a resume only writes the model folder.
func TestTokenizerReplacedUnderneath(t *testing.T) {
	cfg := tinyRun(t, 3)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(cfg.Model.Tokenizer)); err != nil {
		t.Fatal(err)
	}
	cfg.Model.Tokenizer = dir
	path := filepath.Join(dir, "tokenizer.json")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	swap := func() { os.WriteFile(path, append([]byte(" "), old...), 0o644) }
	out := filepath.Join(t.TempDir(), "run")
	_, err = trainer.Run(context.Background(), cfg, options(t, cfg, out, &recorder{stopAt: 2, stop: swap}))
	if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "was replaced during the run") {
		t.Fatalf("another tokenizer at the end: %v", err)
	}
	if err := os.WriteFile(path, old, 0o644); err != nil {
		t.Fatal(err)
	}
	o := options(t, cfg, out, &recorder{})
	o.Resume = true
	if s, err := trainer.Run(context.Background(), cfg, o); err != nil || s.Steps != 3 {
		t.Errorf("with the old file back: %+v, %v", s, err)
	}
	finalWeights(t, out)
}
