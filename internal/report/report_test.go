package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"hives/data"
	"hives/data/anchors"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/evaluate"
	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/internal/rig/pagetest"
)

// hostile stands in texts and in a corpus name.
const hostile = `</script><script>alert(1)</script><img src=x onerror="alert('2')">`

func sample(n int, seed string) []data.Row {
	paths := [][3]string{{"care/harm", "caring", ""}, {"fairness/cheating", "", ""}, {"loyalty/betrayal", "", ""}}
	var rows []data.Row
	for i := range n {
		p := paths[i*i%len(paths)]
		rows = append(rows, data.Row{
			Text: fmt.Sprintf("%s example %d %s%s", hostile, i, p[0], seed), TextID: fmt.Sprint(seed, "t", i),
			Group:  fmt.Sprint(seed, "g", i/2),
			Theory: "mft", Level1: p[0], Level2: p[1], Direction: int32(i%2*2 - 1), DirectionSource: data.SourceAnnotated,
			Corpus: []string{"plain", hostile}[i/3%2], IndividualAnchor: -1, TheoryAnchor: -1,
		})
	}
	return rows
}

type fake struct{ dir string }

func (f fake) Encode(_ context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(inputs))
	for i, in := range inputs {
		var a float64
		for k, c := range f.dir + in.Text {
			a += float64(int(c) * (k + 1) % 17)
		}
		out[i] = []float32{float32(math.Cos(a)), float32(math.Sin(a))}
	}
	return out, encoder.Identity{Name: f.dir, Dimension: 2}, nil
}

// job writes rows to files and opens fakes, counting what is not closed again.
func job(t *testing.T, stdout *bytes.Buffer) Job {
	t.Helper()
	dir := t.TempDir()
	files := [2]string{filepath.Join(dir, "test.csv"), filepath.Join(dir, "train.csv")}
	for k, rows := range [][]data.Row{sample(72, ""), sample(90, "train")} {
		if err := data.Write(files[k], rows); err != nil {
			t.Fatal(err)
		}
	}
	open := 0
	t.Cleanup(func() {
		if open != 0 {
			t.Errorf("%d models stayed open", open)
		}
	})
	return Job{
		Data: files[0], TrainData: files[1], Out: filepath.Join(dir, "out"), Stdout: stdout, Stderr: &bytes.Buffer{},
		Options: evaluate.Options{Resamples: 40, MinSide: 5},
		Open: func(_ context.Context, dir string) (encoder.Encoder, func() error, error) {
			if open++; open > 1 {
				return nil, nil, errors.New("two models open at once")
			}
			return fake{dir}, func() error { open--; return nil }, nil
		},
	}
}

// valid holds a document to docs/metrics.schema.json.
func valid(t *testing.T, raw []byte) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(goldentest.ModuleRoot(t), "docs", "metrics.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Errorf("%#v", err)
	}
	object := document.(map[string]any)
	delete(object, "n")
	if schema.Validate(object) == nil {
		t.Error("the schema accepts a document without n")
	}
}

// harmless asserts that hostile text is on the page, and only escaped; and that nothing is fetched.
func harmless(t *testing.T, page string) {
	t.Helper()
	for _, bad := range []string{"<script", "</script", "<img", `onerror="`, "ZgotmplZ", "NaN", "Inf"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if !strings.Contains(page, "&lt;/script&gt;") {
		t.Error("the page lacks the escaped text, so nothing was tested")
	}
	pagetest.Check(t, strings.ReplaceAll(page, "src=x", ""))
}

func TestDemoWritesFiguresAndPage(t *testing.T) {
	var stdout bytes.Buffer
	j := DemoJob{Job: job(t, &stdout), Before: "before-dir", After: "after-dir", Control: "control-dir",
		Stage1: "stage1-dir", RandomBefore: "random-before-dir", Random: "random-dir", Run: t.TempDir(),
		VIDB: hostileDatabase(t)}
	lines := `{"kind":"start","config":"x"}
{"kind":"train","step":1,"loss":4.1,"loss_levels":[4.2,4.0],"learning_rate":0.001}
{"kind":"train","step":2,"loss":3.9,"loss_levels":[4.1,3.7],"learning_rate":0.002}
{"kind":"validation","step":2,"mean_cosine":0.4}
{"kind":"validation","step":4,"mean_cosine":0.3}
{"kind":"train","st`
	if err := os.WriteFile(filepath.Join(j.Run, "metrics.jsonl"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Demo(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(j.Out, MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	valid(t, raw)
	page, err := os.ReadFile(filepath.Join(j.Out, PageFile))
	if err != nil {
		t.Fatal(err)
	}
	harmless(t, string(page))
	for _, want := range []string{"train loss levels 2", "validation mean cosine", "pretrained base", "bin 0",
		"after − Stage 1", "what Stage 2 adds", "after − random, trained", "beyond random weights",
		"logistic regression on it", "Twenty texts and mft/care-harm", "What are the scores worth?",
		"constant mean"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, want := range []string{"after training", "the truth", "within corpus", PageFile} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, stdout.String())
		}
	}
}

func TestEvaluateJSONIsOneObjectAndNothingElse(t *testing.T) {
	var stdout bytes.Buffer
	j := EvaluateJob{Job: job(t, &stdout), Model: "m", Controls: map[string]string{"untrained": "u"}, JSON: true}
	j.TrainData = ""
	if err := Evaluate(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	valid(t, stdout.Bytes())
	var object struct {
		Ranking  map[string]*float64 `json:"ranking_accuracy"`
		Controls map[string]any
		Skipped  map[string]string
	}
	d := json.NewDecoder(&stdout)
	if err := d.Decode(&object); err != nil {
		t.Fatal(err)
	}
	if d.More() {
		t.Error("more than one object on standard output")
	}
	if object.Ranking["within_corpus"] == nil || object.Controls["untrained"] == nil {
		t.Errorf("figures missing: %v", object.Ranking)
	}
	if object.Controls[evaluate.ControlLogistic] != nil || object.Skipped["controls.tfidf_logistic"] == "" {
		t.Error("the fitted control without training rows is not reported as skipped")
	}
	page, err := os.ReadFile(filepath.Join(j.Out, PageFile))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "model − untrained model") {
		t.Error("the page lacks the paired difference with the given control")
	}
}

func TestJobsRefuse(t *testing.T) {
	var stdout bytes.Buffer
	good := job(t, &stdout)
	e := EvaluateJob{Job: good, Model: "m", Controls: map[string]string{evaluate.ControlTruth: "d"}}
	if err := Evaluate(t.Context(), e); fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("a control with a taken name: %v", err)
	}
	d := DemoJob{Job: good, Before: "b", After: "a", Control: "c", Run: t.TempDir()}
	if err := Demo(t.Context(), d); fault.Of(err) != fault.NotFound {
		t.Errorf("a run without curves: %v", err)
	}
	d.Run, d.Data = "", filepath.Join(t.TempDir(), "absent.csv")
	if err := Demo(t.Context(), d); err == nil {
		t.Error("absent rows were measured")
	}
	if _, err := os.Stat(good.Out); err == nil {
		t.Error("a refused job left files")
	}
}

func TestCurvesNameTheBadLine(t *testing.T) {
	_, err := readCurves(strings.NewReader("{\"kind\":\"train\",\"step\":1,\"loss\":1}\nnot json\n{}\n"),
		"run/metrics.jsonl")
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v, want line 2 in it", err)
	}
}

func TestAxisCoversItsValues(t *testing.T) {
	cases := []struct{ low, high float64 }{{0, 1}, {-.37, .021}, {3.2, 4.14}, {1e-5, 3e-4}, {5, 5}, {0, 0}, {0, 123456}}
	for _, c := range cases {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			a, ticks := newAxis(c.low, c.high, 100, 0, 4)
			if a.low > c.low || a.high < c.high || a.low >= a.high {
				t.Errorf("axis %v … %v", a.low, a.high)
			}
			if len(ticks) < 2 || len(ticks) > 9 {
				t.Errorf("%d ticks", len(ticks))
			}
			labels := map[string]bool{}
			for _, tick := range ticks {
				labels[tick.Label] = true
			}
			if len(labels) != len(ticks) {
				t.Errorf("labels repeat: %v", ticks)
			}
		})
	}
}

// TestReadAnchorsCountsRows writes a small bank and rows, and checks coverage and order.
func TestReadAnchorsCountsRows(t *testing.T) {
	dir := t.TempDir()
	bank := &anchors.Bank{Anchors: []anchors.Anchor{
		{ID: 0, Bank: "theory", Kind: "cluster", Text: "<b>few</b>", ValueIDs: []string{"duty/justice"},
			Provenance: "medoid"},
		{ID: 3, Bank: "theory", Kind: "cluster", Text: "many", ValueIDs: []string{"duty/fidelity"}, Provenance: "medoid"},
	}}
	bankPath, rowsPath := filepath.Join(dir, "bank.parquet"), filepath.Join(dir, "rows.parquet")
	if err := anchors.Write(bankPath, bank); err != nil {
		t.Fatal(err)
	}
	var rows []data.Row
	for i, anchor := range []int32{3, 0, 3, data.NoAnchor} {
		text := fmt.Sprintf("text %d", i)
		rows = append(rows, data.Row{
			Text: text, Theory: "duty", Level1: "justice", DirectionSource: data.SourceNone, TextID: data.TextID(text),
			Group: data.TextID(text), Corpus: "made", TheoryAnchor: anchor, IndividualAnchor: data.NoAnchor,
		})
	}
	if err := data.Write(rowsPath, rows); err != nil {
		t.Fatal(err)
	}
	a, err := ReadAnchors(bankPath, rowsPath, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if a.Count != 2 || a.Rows != 4 || a.Theory != 3 || a.Individual != 0 || a.Examples[0].Text != "many" ||
		a.Examples[0].Rows != 2 {
		t.Errorf("%+v", a)
	}
	if !strings.Contains(a.Coverage(), "3 of 4 rows (75 %)") {
		t.Error(a.Coverage())
	}
}
