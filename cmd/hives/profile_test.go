package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/vidb"
)

// TestProfileCommands fits a profile model with a small random model, and reads texts with it, from a folder. Vectors
// of such a model tell nothing, so every value is unsupported and every score null: the way is what is tested here.
// That numbers come out right, package profiles tests.
func TestProfileCommands(t *testing.T) {
	model := tinyModelFolder(t)
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 1))
	var rows []data.Row
	for i := range 260 {
		id := []string{"mft/care-harm", "mft/fairness-cheating"}[i%2]
		_, path, _ := theories.Builtin().ParseID(id)
		text := fmt.Sprintf("deed number %d of %s", i, path.Name())
		rows = append(rows, data.Row{Text: text, Theory: "mft", Level1: path[0], Direction: 1, TextID: data.TextID(text),
			DirectionSource: data.SourceAnnotated, IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
			Group: fmt.Sprint(i / 2), Corpus: "c", Licence: "free"})
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := data.Write(at("rows.parquet"), rows); err != nil {
		t.Fatal(err)
	}
	v, err := vidb.Draw(vidb.PoolOptions{Rows: []string{at("rows.parquet")}, Theories: theories.Builtin(),
		Value: "mft/care-harm", Size: 260, MaxChars: 200})
	if err == nil {
		for i := range v.Scores {
			v.Scores[i].Final, v.Scores[i].Status = max(-10, min(10, 3*random.NormFloat64())), vidb.Accepted
		}
		err = vidb.Save(at("vidb.db"), v)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := hives(t, "profile", "fit", "--vidb", at("vidb.db"), "--rows", at("rows.parquet"), "--model", model,
		"--out", at("profile.db"), "--engine", "go")
	if err != nil || !strings.Contains(out, "constant mean") || !strings.Contains(out, "unsupported") {
		t.Fatalf("%v\n%s", err, out)
	}
	texts := "author,text\nanna,canary is here\nanna,\"another, longer text\"\nbert,a third text\n"
	if err := os.WriteFile(at("texts.csv"), []byte(texts), 0o600); err != nil {
		t.Fatal(err)
	}
	common := []string{"profile", "text", "--profile", at("profile.db"), "--model", model, "--engine", "go", "--in",
		at("texts.csv")}
	out, err = hives(t, append(common, "--out", at("p.jsonl"), "--html", at("p.html"))...)
	if err != nil || !strings.Contains(out, "A profile is not") && !strings.Contains(out, "What a profile is not") {
		t.Fatalf("%v\n%s", err, out)
	}
	kept, _ := os.ReadFile(at("p.jsonl"))
	drawn, _ := os.ReadFile(at("p.html"))
	if n := bytes.Count(kept, []byte("\n")); n != 2 || bytes.Contains(append(kept, drawn...), []byte("canary")) ||
		strings.Contains(out, "canary") {
		t.Errorf("%d profiles; a text is in files or output", n)
	}
	out, err = hives(t, append(common, "--author", "bert", "--json")...)
	var one []struct {
		Author string
		Values []struct{ Score *float64 }
	}
	_, list, _ := strings.Cut(out, "\n[") // below what is said of the engine
	if err != nil || json.Unmarshal([]byte("["+list), &one) != nil || len(one) != 1 || one[0].Author != "bert" ||
		one[0].Values[0].Score != nil {
		t.Errorf("%v\n%s", err, out)
	}
	// A profile without a score has no words, and says why; one of several authors is to be named.
	out, err = hives(t, "profile", "prompt", "--profiles", at("p.jsonl"), "--author", "anna")
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "mft/care-harm: no score: unsupported") {
		t.Errorf("%v\n%s", err, out)
	}
	_, err = hives(t, "profile", "prompt", "--profiles", at("p.jsonl"))
	if !strings.Contains(fmt.Sprint(err), "--author") {
		t.Errorf("no author: %v", err)
	}
	for name, args := range map[string][]string{
		"counted otherwise":    {"--counted", "some"},
		"a table that quotes":  {"--out", at("p.csv"), "--quote"},
		"a name of no format":  {"--out", at("p.xlsx")},
		"an author who is not": {"--author", "carla"},
		"another column":       {"--author-column", "who"},
		"over its own input":   {"--out", at("texts.csv")},
	} {
		if _, err := hives(t, append(common, args...)...); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// tinyModelFolder is a model folder of random weights that embeds quickly and means nothing.
func tinyModelFolder(t *testing.T) string {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 16,
		"intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
		"head_dim": 8, "rope_theta": 10000, "max_position_embeddings": 64}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	info, dir := folder.Defaults(), t.TempDir()
	info.MaxLength = 32
	if err := folder.Save(dir, m, filepath.Join(goldentest.ModuleRoot(t), "demo", "model"), info); err != nil {
		t.Fatal(err)
	}
	return dir
}
