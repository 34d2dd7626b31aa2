package export

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/runstore"
	"hives/model/folder"
)

// rowsFile writes two rows of known corpora and one of an unknown one.
func rowsFile(t *testing.T, name string) string {
	t.Helper()
	row := func(text, corpus, licence string) data.Row {
		return data.Row{Text: text, Theory: "mft", Level1: "care/harm", DirectionSource: data.SourceNone,
			IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor, TextID: data.TextID(text), Group: data.TextID(text),
			Corpus: corpus, Licence: licence}
	}
	path := filepath.Join(t.TempDir(), name)
	err := data.Write(path, []data.Row{
		row("secret words", "social-chem", "CC BY-SA 4.0"), row("other secret words", "valuenet", "CC BY-NC-SA"),
		row("more", "<mine>|", "told me so"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// runFolder makes a finished run whose final model is a small random one, and that read rows.
func runFolder(t *testing.T, rows string) string {
	t.Helper()
	sum, err := fsutil.SHA256(rows)
	if err != nil {
		t.Fatal(err)
	}
	model := modelFolder(t, "qwen3", func(i *folder.Info) {
		i.Provenance = map[string]string{"data_sha256": sum, "base_sha256": "b0"}
	})
	config := fmt.Sprintf("seed = 7\nsteps = 20\n[model]\nfrom = 'random:/home/somebody/shape'\n[data]\ntrain = '%s'\n"+
		"[loss]\ntemperature = 0.07\n[log]\nevery = 10\n", rows)
	dir := filepath.Join(t.TempDir(), "run")
	r, err := runstore.Create(dir, []byte(config), runstore.Info{
		Stage: 1, Hashes: map[string]string{"data": sum, "base": "b0"}, Versions: map[string]string{"hives": "1.2.3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m, err := r.OpenMetrics(-1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, v := range []map[string]any{
		{"kind": "validation", "step": 0, "rows": 99, "loss": 4.5, "similarity_correlation_corpus_mean": .125,
			"ranking_accuracy": map[string]any{"within_corpus": .5, "all": nil}},
		{"kind": "validation", "step": 20, "rows": 99, "loss": 3.25,
			"similarity_correlation":             map[string]any{"within_corpus": .9375},
			"similarity_correlation_corpus_mean": .25, "ranking_accuracy": map[string]any{"within_corpus": .625, "all": nil}},
	} {
		if err := m.Append(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(model, filepath.Join(dir, "final")); err != nil {
		t.Fatal(err)
	}
	if err := r.SetStatus(runstore.Finished, 20); err != nil {
		t.Fatal(err)
	}
	return dir
}

// cardOf exports and returns README.md and the notes.
func cardOf(t *testing.T, o Options) (card string, notes []string) {
	t.Helper()
	o.Format, o.Name, o.Out = SentenceTransformers, "n", filepath.Join(t.TempDir(), "out")
	o.Note = func(line string) { notes = append(notes, line) }
	if _, err := Run(o); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(o.Out, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), notes
}

func TestCardTellsOfTheRun(t *testing.T) {
	rows := rowsFile(t, "rows.parquet")
	run := runFolder(t, rows)
	card, notes := cardOf(t, Options{Model: run, Licence: "other"})
	if len(notes) != 0 {
		t.Errorf("notes: %q", notes)
	}
	for _, want := range []string{
		"---\nlibrary_name: sentence-transformers\n", `license: "other"`, "stage 1, 20 steps", "drawn at random",
		"| loss.temperature | 0.07 |",
		"Seed of weights, batches and splits: 7", "| Social Chemistry 101 | 1 | CC BY-SA 4.0 |",
		"| CC BY-NC-SA | attribution, share-alike, non-commercial use only |",
		`| &lt;mine>\| | 1 | told me so |`, "| **ranking accuracy, within corpus** | 0.500 | 0.625 |",
		"| loss | 4.500 | 3.250 |", "On 99 held-out rows.",
		"| **similarity correlation, mean over corpora** | 0.125 | 0.250 |", "| the run's base | `b0` |", "hives 1.2.3",
		"SentenceTransformer(\"n\")", "value",
	} {
		if !strings.Contains(card, want) {
			t.Errorf("the card lacks %q", want)
		}
	}
	for _, never := range []string{filepath.Dir(rows), "/home/somebody", "secret words", "log.every", "0.938",
		"<no value>"} {
		if strings.Contains(card, never) {
			t.Errorf("the card has %q", never)
		}
	}
}

// TestCardWithoutTheRows: rows that are gone or changed are not described, and a wrong file is refused.
func TestCardWithoutTheRows(t *testing.T) {
	rows := rowsFile(t, "rows.parquet")
	run := runFolder(t, rows)
	moved := filepath.Join(t.TempDir(), "moved.parquet")
	if err := os.Rename(rows, moved); err != nil {
		t.Fatal(err)
	}
	card, notes := cardOf(t, Options{Model: run})
	if len(notes) != 1 || !strings.Contains(notes[0], "--data") || !strings.Contains(card, "Not described") {
		t.Errorf("notes %q", notes)
	}
	if card, notes := cardOf(t, Options{Model: run, Data: moved}); len(notes) != 0 ||
		!strings.Contains(card, "Social Chemistry") {
		t.Errorf("with the rows named: %q", notes)
	}
	if err := os.WriteFile(rows, []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, notes := cardOf(t, Options{Model: run}); len(notes) != 1 || !strings.Contains(notes[0], "changed") {
		t.Errorf("with other rows in their place: %q", notes)
	}
	for _, o := range []Options{{Model: run, Data: rows}, {Model: run, Data: rows + "x"},
		{Model: modelFolder(t, "qwen3", func(i *folder.Info) {
			i.Provenance = map[string]string{"base_sha256": "b1"}
		}), Run: run}} {
		o.Format, o.Out = SentenceTransformers, filepath.Join(t.TempDir(), "out")
		if _, err := Run(o); fault.Of(err) != fault.Mismatch && fault.Of(err) != fault.NotFound {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// stage2Folder makes a finished run of Stage 2 that began with the final weights of another.
func stage2Folder(t *testing.T, first, settings string) string {
	t.Helper()
	info, err := folder.Read(filepath.Join(first, "final"))
	if err != nil {
		t.Fatal(err)
	}
	before, err := runstore.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[string]string{"data": before.Hashes["data"], "base": info.WeightsSHA256}
	model := modelFolder(t, "qwen3", func(i *folder.Info) {
		i.Provenance = map[string]string{"data_sha256": hashes["data"], "base_sha256": hashes["base"]}
	})
	dir := filepath.Join(t.TempDir(), "run2")
	config := fmt.Sprintf("%s\nsteps = 5\n[model]\nfrom = '%s'\n", settings, first)
	r, err := runstore.Create(dir, []byte(config), runstore.Info{Stage: 2, Hashes: hashes})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m, err := r.OpenMetrics(-1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for i, loss := range []float64{3.25, 3.125} {
		if err := m.Append(map[string]any{"kind": "validation", "step": 5 * i, "rows": 99,
			"loss_hierarchical": loss}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(model, filepath.Join(dir, "final")); err != nil {
		t.Fatal(err)
	}
	if err := r.SetStatus(runstore.Finished, 5); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestBeforeIsTheBase: beside a model of Stage 2 stands the base that Stage 1 began with, not Stage 1's result, and
// nothing where Stage 1 held out other rows.
func TestBeforeIsTheBase(t *testing.T) {
	first := runFolder(t, rowsFile(t, "rows.parquet"))
	card, _ := cardOf(t, Options{Model: stage2Folder(t, first, "seed = 7")})
	for _, want := range []string{"| | base model | this model, after 5 steps |", "three terms | 4.500 | 3.125 |",
		"mean over corpora** | 0.125 | – |"} {
		if !strings.Contains(card, want) {
			t.Errorf("the card lacks %q:\n%s", want, card)
		}
	}
	card, _ = cardOf(t, Options{Model: stage2Folder(t, first, "seed = 8")})
	for _, want := range []string{"three terms | – | 3.125 |", "The base was not measured on these rows"} {
		if !strings.Contains(card, want) {
			t.Errorf("with other held-out rows the card lacks %q", want)
		}
	}
}

// TestBaseIsTracedThroughRuns: a model trained on the result of a run has that run's base, as long as hashes agree.
func TestBaseIsTracedThroughRuns(t *testing.T) {
	start := modelFolder(t, "qwen3", func(i *folder.Info) {
		i.Provenance = map[string]string{"model": "a base", "licence": "Apache-2.0"}
	})
	info, err := folder.Read(start)
	if err != nil {
		t.Fatal(err)
	}
	if got := trace(start, info.WeightsSHA256, 8).String(); got != "a base, licence Apache-2.0" {
		t.Errorf("%q", got)
	}
	if got := trace(start, "another", 8); got.String() != (base{}).String() || got.Random {
		t.Errorf("weights that are not the named ones: %+v", got)
	}
	run := runFolder(t, rowsFile(t, "rows.parquet"))
	if info, err = folder.Read(filepath.Join(run, "final")); err != nil {
		t.Fatal(err)
	}
	if !trace(run, info.WeightsSHA256, 8).Random {
		t.Error("a run that began at random is not followed to its beginning")
	}
	record := `{"format": 1, "kind": "download", "id": "Org/Name", "commit": "c0ffee"}`
	if err := os.WriteFile(filepath.Join(start, "download.json"), []byte(record), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := baseOf(start, info); got.ID != "Org/Name" || got.Commit != "c0ffee" {
		t.Errorf("%+v", got)
	}
}
