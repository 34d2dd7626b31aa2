package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"hives/encoder"
	"hives/internal/evaluate"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/rig/goldentest"
	"hives/internal/rig/pagetest"
)

func TestReport(t *testing.T) {
	s := newSetup(t)
	if err := Judge(t.Context(), s.Job); err != nil {
		t.Fatal(err)
	}
	// Base: both parts by two poolings; five finalists: the measured part; screening runs never.
	if want := 2*(measuredTexts+trainTexts) + 5*measuredTexts; s.embedded != want {
		t.Errorf("%d texts embedded, want %d", s.embedded, want)
	}
	valid(t, s.read(t, MetricsFile))
	page, text := s.read(t, PageFile), s.read(t, TextFile)
	for _, bad := range []string{"<script", "</script", "<img", `onerror="`, "ZgotmplZ", "NaN", "Inf", "%!"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
		if bad != `onerror="` && strings.Contains(text, bad) {
			t.Errorf("the tables hold %q", bad)
		}
	}
	pagetest.Check(t, strings.ReplaceAll(page, "src=x", ""))
	for _, want := range []string{"base, mean, centred and scaled", "minus permuted labels", "loss.temperature", "0.07",
		"validation ranking accuracy within corpus",
		"By ranking accuracy within corpus after the last step the choice is screening1 (0.5200).", "0.5 → 0.52",
		"above the raw base", "full2: every paired difference", "&lt;/script&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, want := range []string{"## Paired differences of stage23", "| figure | mean |", "the choice is screening1",
		"## Every figure in every scope"} {
		if !strings.Contains(text, want) {
			t.Errorf("the tables lack %q", want)
		}
	}
	for i, line := range strings.Split(text, "\n") {
		if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); strings.HasPrefix(line, "|") && n < 3 {
			t.Errorf("line %d of the tables has %d bars", i+1, n)
		}
	}
}

func valid(t *testing.T, raw string) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(goldentest.ModuleRoot(t), "docs", "metrics.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Errorf("%#v", err)
	}
	object := document.(map[string]any)
	object["roles"].(map[string]any)["full2"] = "winner"
	if schema.Validate(object) == nil {
		t.Error("the schema accepts a role that does not exist")
	}
	var e struct{ Skipped map[string]string }
	if err := json.Unmarshal([]byte(raw), &e); err != nil || e.Skipped["base.mean_raw.orthogonality.svt"] == "" {
		t.Errorf("no reason for an undefined figure of the base (%v)", err)
	}
}

// TestRedraw draws again from stored vectors, with and without the models, and finds the same bytes.
func TestRedraw(t *testing.T) {
	s := newSetup(t)
	if err := Judge(t.Context(), s.Job); err != nil {
		t.Fatal(err)
	}
	files := []string{MetricsFile, PageFile, TextFile}
	var first []string
	for _, f := range files {
		first = append(first, s.read(t, f))
	}
	embedded := s.embedded
	for _, redraw := range []bool{false, true} {
		s.Redraw = redraw
		if redraw { // the models may be gone by then
			s.Open = nil
			for _, r := range s.Config.Runs {
				if err := os.RemoveAll(filepath.Join(r.Dir, "final")); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := Judge(t.Context(), s.Job); err != nil {
			t.Fatal(err)
		}
		for k, f := range files {
			if s.read(t, f) != first[k] {
				t.Errorf("%s differs when drawn again (redraw %v)", f, redraw)
			}
		}
	}
	if s.embedded != embedded {
		t.Errorf("%d texts embedded again", s.embedded-embedded)
	}
}

// TestBrokenOffEmbeddingGoesOn stops an encoder in the middle: what was stored is not embedded again, and the vectors
// are those of one go.
func TestBrokenOffEmbeddingGoesOn(t *testing.T) {
	rows := sample(3*stretch, "long")
	embedded, left := 0, 2*stretch
	model := fake{Source{Dir: t.TempDir(), Pooling: "mean"}, &embedded}
	open := func(context.Context, Source) (Embedder, func() error, error) {
		return limited{model, &left}, func() error { return nil }, nil
	}
	v := &vault{dir: t.TempDir(), open: open, progress: func(string, int, int) {}}
	if _, _, err := v.get(t.Context(), "x", model.source, rows); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	if _, _, err := (&vault{dir: v.dir}).get(t.Context(), "x", model.source, rows); fault.Of(err) != fault.NotFound ||
		!strings.Contains(err.Error(), fmt.Sprintf("%d of %d", 2*stretch, 3*stretch)) {
		t.Errorf("drawn from part of the vectors: %v", err)
	}
	left = 3 * stretch
	got, _, err := v.get(t.Context(), "x", model.source, rows)
	if err != nil || embedded != 3*stretch {
		t.Fatalf("%d texts embedded, want %d: %v", embedded, 3*stretch, err)
	}
	for _, i := range []int{0, stretch - 1, stretch, 3*stretch - 1} {
		want, _, err := model.Encode(t.Context(), []encoder.Input{{Text: rows[i].Text}})
		if err != nil || fmt.Sprint(got[rows[i].TextID]) != fmt.Sprint(want[0]) {
			t.Errorf("text %d: %v, want %v (%v)", i, got[rows[i].TextID], want, err)
		}
	}
}

var errBroken = errors.New("broken off")

// limited is a model that fails when its texts are used up.
type limited struct {
	fake
	left *int
}

func (l limited) Encode(ctx context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	if *l.left -= len(inputs); *l.left < 0 {
		return nil, l.Identity(), errBroken
	}
	return l.fake.Encode(ctx, inputs)
}

// TestRefusals changes one thing each and wants an error that names it, no report, and no text of the rows.
func TestRefusals(t *testing.T) {
	var s *setup
	measured := func(use, was string) func() { // full2's rows of that use become the measured ones
		return func() {
			digest, err := fsutil.SHA256(s.Config.Rows.Measured)
			if err != nil {
				t.Fatal(err)
			}
			change(t, filepath.Join(s.dir, "full2", "run.json"), `"`+was+`"`, `"`+digest+`"`)
		}
	}
	for _, c := range []struct {
		name   string
		change func()
		kind   fault.Kind
		says   string
	}{
		{"no vectors to redraw", func() { s.Redraw = true }, fault.NotFound,
			fmt.Sprintf("0 of %d vectors of base-last are stored", measuredTexts)},
		{"another model than was measured", func() {
			if _, err := s.trialOfAll(t); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(s.dir, "full2", "final", "weights"), "newer")
		}, fault.Mismatch, "measured before with another model"},
		{"damaged vectors", func() {
			if _, err := s.trialOfAll(t); err != nil {
				t.Fatal(err)
			}
			damage(t, s.Config.Vectors)
		}, fault.Corrupt, "remove it to embed again"},
		{"a run that is absent", func() { s.Config.Runs[1].Dir += "x" }, fault.NotFound, "run screening1"},
		{"a run without validations", func() { put(t, filepath.Join(s.dir, "screening1", "metrics.jsonl"), "") },
			fault.NotFound, "holds no validation"},
		{"a run that goes on", func() { change(t, filepath.Join(s.dir, "full2", "run.json"), `"finished"`, `"interrupted"`) },
			fault.Invalid, "interrupted at step 20"},
		{"a run without a model", func() { os.RemoveAll(filepath.Join(s.dir, "full2", "final")) }, fault.NotFound,
			"no model at"},
		{"a run trained on the measured rows", measured("data", "a file"), fault.Mismatch, "its training rows"},
		{"a run validated on the measured rows", measured("validation", "another"), fault.Mismatch, "its validation rows"},
		{"a choice by what was not logged", func() { s.Config.ChooseBy = "direction_accuracy" }, fault.NotFound,
			"no validation direction_accuracy"},
		{"training rows that are measured", func() { s.Config.Rows.Train = s.Config.Rows.Measured }, fault.Invalid,
			"stands in the training rows too"},
	} {
		s = newSetup(t)
		c.change()
		err := Judge(t.Context(), s.Job)
		if fault.Of(err) != c.kind || err == nil || !strings.Contains(err.Error(), c.says) ||
			strings.Contains(err.Error(), "onerror") {
			t.Errorf("%s: %v (%v), want %q", c.name, err, fault.Of(err), c.says)
		}
		if _, err := os.Stat(filepath.Join(s.Config.Out, PageFile)); err == nil {
			t.Errorf("%s: a report was written", c.name)
		}
	}
}

// trialOfAll embeds and stores everything without measuring it.
func (s *setup) trialOfAll(t *testing.T) (evaluate.Trial, error) {
	t.Helper()
	runs, err := readRuns(s.Config.Runs, s.Config.Rows.Measured, true)
	if err != nil {
		t.Fatal(err)
	}
	return s.trial(t.Context(), sample(measuredTexts, "test"), sample(trainTexts, "train"), runs)
}

func change(t *testing.T, path, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(raw, []byte(from)) {
		t.Fatalf("%s lacks %s: %v", path, from, err)
	}
	put(t, path, strings.Replace(string(raw), from, to, 1))
}

func damage(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "run-full2-*.npy"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Truncate(files[0], 300); err != nil {
		t.Fatal(err)
	}
}

func TestConfigRefuses(t *testing.T) {
	good := func() Config {
		c := Defaults()
		c.Rows, c.Base.Model = Rows{"test", "train"}, "base"
		c.Runs = []Run{{Name: "a", Dir: "d", Role: "full"}, {Name: "b", Dir: "d", Role: "permuted"},
			{Name: "c", Dir: "d", Role: "stage2"}, {Name: "s", Dir: "d", Role: Screening}}
		return c
	}
	c, err := good().Complete()
	if err != nil || c.Runs[0].Control != "b" || c.Runs[2].Over != "a" || c.Runs[1].Control != "" ||
		c.Vectors != filepath.Join(c.Out, "vectors") {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, x := range []struct {
		says   string
		change func(*Config)
	}{
		{"rows.measured", func(c *Config) { c.Rows.Measured = "" }},
		{"one file", func(c *Config) { c.Rows.Train = "test" }},
		{"base.model", func(c *Config) { c.Base.Model = "" }},
		{"base.poolings", func(c *Config) { c.Base.Poolings = []string{"mean", "mean"} }},
		{"resamples 0", func(c *Config) { c.Resamples = 0 }},
		{"out is empty", func(c *Config) { c.Out = "" }},
		{"the name", func(c *Config) { c.Runs[0].Name = "../a" }},
		{"stands twice", func(c *Config) { c.Runs[0].Name = "b" }},
		{"no dir", func(c *Config) { c.Runs[0].Dir = "" }},
		{`role "best"`, func(c *Config) { c.Runs[0].Role = "best" }},
		{"compared with nothing", func(c *Config) { c.Runs[3].Over = "a" }},
		{"no run of the role permuted", func(c *Config) { c.Runs[0].Control = "c" }},
		{"no other finalist", func(c *Config) { c.Runs[2].Over = "s" }},
	} {
		c := good()
		x.change(&c)
		if _, err := c.Complete(); err == nil || !strings.Contains(err.Error(), x.says) ||
			fault.ExitCode(err) != fault.ExitUsage {
			t.Errorf("want %q: %v", x.says, err)
		}
	}
}

// TestExampleLoads keeps configs/experiment.toml to what this package reads.
func TestExampleLoads(t *testing.T) {
	c, err := Load(filepath.Join(goldentest.ModuleRoot(t), "configs", "experiment.toml"))
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]int{}
	for _, r := range c.Runs {
		roles[r.Role]++
	}
	for _, role := range []string{Screening, evaluate.RoleFull, evaluate.RoleStage2, evaluate.RoleSeed,
		evaluate.RolePermuted} {
		if roles[role] == 0 {
			t.Errorf("the example shows no run of the role %s", role)
		}
	}
}
