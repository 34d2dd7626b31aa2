package runs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/rig/pagetest"
	"hives/internal/runs"
	"hives/internal/runstore"
	"hives/internal/trainer"
)

// run makes a run folder with 100 logged steps and a validation; the caller closes it, which a kill would do too.
func run(t *testing.T, dir string, change func(*trainer.Config)) *runstore.Run {
	t.Helper()
	cfg := trainer.Default()
	cfg.Model.From, cfg.Steps = "random:demo/model", 1000
	change(&cfg)
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r, err := runstore.Create(dir, raw, runstore.Info{Stage: cfg.Stage, Hashes: map[string]string{"base": "b0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	m, err := r.OpenMetrics(-1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for step := 1; step <= 100; step++ {
		if err := m.Append(map[string]any{"kind": "train", "step": step, "loss": 4 - float64(step)/100}); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Append(map[string]any{"kind": "validation", "step": 100,
		"ranking_accuracy": map[string]any{"within_corpus": .625, "all": nil}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestList(t *testing.T) {
	root := t.TempDir()
	run(t, filepath.Join(root, "held"), func(*trainer.Config) {})
	dead := run(t, filepath.Join(root, "dead"), func(*trainer.Config) {})
	dead.Close()
	done := run(t, filepath.Join(root, "done"), func(*trainer.Config) {})
	if err := done.SetStatus(runstore.Finished, 100); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := runs.List(t.Context(), runs.Job{JSON: true, Stdout: &out}, []string{root}); err != nil {
		t.Fatal(err)
	}
	var got struct{ Runs []runs.Summary }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got.Runs) != 3 {
		t.Fatalf("%d runs, %v", len(got.Runs), err)
	}
	for i, status := range []string{"killed", "finished", "running"} { // by path: dead, done, held
		r := got.Runs[i]
		if r.Status != status || r.Step != 100 || r.Steps != 1000 ||
			r.Figures["train loss"] != (runs.Figure{Step: 100, Value: 3}) {
			t.Errorf("%s: %+v", status, r)
		}
	}
	out.Reset()
	if err := runs.List(t.Context(), runs.Job{Stdout: &out}, []string{root}); err != nil ||
		!strings.Contains(out.String(), "killed") || !strings.Contains(out.String(), "0.625") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestCompareAndPage(t *testing.T) {
	root := t.TempDir()
	a, b := filepath.Join(root, "a"), filepath.Join(root, "<b>")
	run(t, a, func(c *trainer.Config) { c.Loss.Temperature = .07 })
	second := run(t, b, func(c *trainer.Config) { c.Seed = 5 })
	page := filepath.Join(root, "page.html")
	var out bytes.Buffer
	if err := runs.Compare(t.Context(), runs.Job{JSON: true, Page: page, Stdout: &out, In: root},
		[]string{a, second.Info().ID[:8]}); err != nil {
		t.Fatal(err)
	}
	var d runs.Document
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(d.Settings)
	if want := "[{loss.temperature 0.1 [0.07 0.1]} {seed 0 [0 5]}]"; got != want {
		t.Errorf("settings that differ: %s, want %s", got, want)
	}
	if len(d.Curves) == 0 || d.Curves[0].Figure != "train loss" || len(d.Curves[0].Runs) != 2 ||
		len(d.Curves[0].Runs[1]) != 100 {
		t.Errorf("curves: %+v", d.Curves)
	}
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	html := string(raw)
	if strings.Contains(html, "<b>") && strings.Contains(html, "— <b>") || !strings.Contains(html, "&lt;b&gt;") ||
		strings.Count(html, "<polyline") < 2 {
		t.Error("the page escapes no name, or draws no curves")
	}
	pagetest.Check(t, html)
	out.Reset()
	if err := runs.Show(t.Context(), runs.Job{Stdout: &out, In: root}, a); err != nil ||
		!strings.Contains(out.String(), "loss.temperature") || !strings.Contains(out.String(), "█") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestNamesThatAreNoRun(t *testing.T) {
	root := t.TempDir()
	run(t, filepath.Join(root, "a"), func(*trainer.Config) {})
	err := runs.Show(t.Context(), runs.Job{Stdout: &bytes.Buffer{}, In: root}, "zz")
	if fault.Of(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	if err := runs.Compare(t.Context(), runs.Job{In: root}, []string{"a"}); fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("one run to compare: %v", err)
	}
}

func TestSparkline(t *testing.T) {
	var up []runs.Figure
	for step := range 9 {
		up = append(up, runs.Figure{Step: step, Value: float64(step)})
	}
	if got := runs.Sparkline(up, 8, 0, 8, 8); got != "▁▂▃▄▅▆▇█" {
		t.Errorf("%q", got)
	}
	if got := runs.Sparkline(up[:2], 8, 0, 0, 8); utf8.RuneCountInString(got) != 2 {
		t.Errorf("a level line of two points: %q", got)
	}
}

// TestDefaultsOfTheOwnStage compares a run of each stage: what one leaves alone is its own stage's default.
func TestDefaultsOfTheOwnStage(t *testing.T) {
	one, two := trainer.DefaultStage(1), trainer.DefaultStage(2)
	if one.Optimizer.LearningRate == two.Optimizer.LearningRate {
		t.Fatal("the stages have one learning rate, so this shows nothing")
	}
	one.Optimizer.LearningRate = 3e-3
	var list []runs.Run
	for stage, cfg := range []trainer.Config{one, two} {
		raw, err := cli.EncodeTOML(cfg)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, runs.Run{Info: runstore.Info{Stage: stage + 1}, Config: string(raw)})
	}
	found, err := runs.Differing(list)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Name != "optimizer.learning_rate" {
		t.Fatalf("%v, want the learning rates alone", found)
	}
	for i, want := range []float64{one.Optimizer.LearningRate, two.Optimizer.LearningRate} {
		if got, err := strconv.ParseFloat(found[0].Values[i], 64); err != nil || got != want {
			t.Errorf("run %d: %s, want %v", i, found[0].Values[i], want)
		}
	}
}
