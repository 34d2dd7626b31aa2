package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/rig/scripted"
	"hives/internal/rig/vidbtest"
	"hives/vidb"
)

// TestProfileTextAsksJudges walks the whole way of --judge by the command line: an estimate alone, judges who are paid
// once, a budget that is too small, and flags that do not go together. Vectors come from an endpoint that sees what a
// text supports, and only dimly.
func TestProfileTextAsksJudges(t *testing.T) {
	w := vidbtest.New(t, 3, 400)
	w.Judge["m"] = scripted.Character{Beta: 1}
	s := scripted.New(t, w.Answer)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := data.Write(at("rows.csv"), rowsAbout(t, w)); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, r := range w.Responses(4, 40) {
		raw, _ := json.Marshal(map[string]string{"author": "anna", "id": r.ID, "text": r.Text})
		lines.Write(append(raw, '\n'))
	}
	if err := os.WriteFile(at("posts.jsonl"), []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	embeds := []string{"--endpoint", dimEndpoint(t, w), "--endpoint-model", "dim"}
	out, err := hives(t, append([]string{"profile", "fit", "--vidb", w.Path, "--rows", at("rows.csv"), "--out",
		at("profile.db")}, embeds...)...)
	if err != nil || !strings.Contains(out, "This model counts: all") {
		t.Fatalf("%v\n%s", err, out)
	}
	common := append([]string{"profile", "text", "--profile", at("profile.db"), "--in", at("posts.jsonl")}, embeds...)
	judged := append(common, "--judge", "unsure", "--vidb", w.Path, "--config", w.TOML(t, s.URL), "--db", at("votes.db"))

	out, err = hives(t, append(judged, "--dry-run")...)
	if err != nil || !strings.Contains(out, "judges: ") || len(s.Calls()) != 0 || strings.Contains(out, "care-harm") {
		t.Fatalf("a dry run asked %d times: %v\n%s", len(s.Calls()), err, out)
	}
	first, err := hives(t, append(judged, "--out", at("judged.jsonl"))...)
	asked := len(s.Calls())
	if err != nil || asked == 0 {
		t.Fatalf("asked %d times: %v\n%s", asked, err, first)
	}
	raw, _ := os.ReadFile(at("judged.jsonl"))
	var p struct {
		Values []struct{ Judged, Unsure int }
	}
	if err := json.Unmarshal(raw, &p); err != nil || p.Values[0].Judged < 5 || p.Values[0].Unsure > 3 {
		t.Errorf("%v: %s", err, raw)
	}
	_, err = hives(t, append(judged, "--out", at("again.jsonl"))...)
	again, _ := os.ReadFile(at("again.jsonl"))
	if err != nil || len(s.Calls()) != asked || string(again) != string(raw) {
		t.Errorf("a second run asked %d times more: %v", len(s.Calls())-asked, err)
	}
	if _, err = hives(t, append(common, "--out", at("silent.jsonl"))...); err != nil {
		t.Fatal(err)
	}
	if silent, _ := os.ReadFile(at("silent.jsonl")); string(silent) == string(raw) {
		t.Error("control: without judges the profile is the same")
	}
	poor := append(common, "--judge", "all", "--vidb", w.Path, "--config", w.TOML(t, s.URL), "--db", at("poor.db"),
		"--set", "budget.tokens=10")
	if _, err = hives(t, poor...); fault.Of(err) != fault.Exhausted || len(s.Calls()) != asked {
		t.Errorf("a budget of ten tokens: %v, asked %d times", err, len(s.Calls())-asked)
	}
	for name, args := range map[string][]string{
		"a budget without judges": append(common, "--yes"),
		"judges without a file":   append(common, "--judge", "unsure", "--vidb", w.Path, "--config", w.TOML(t, s.URL)),
		"no such choice":          append(judged, "--judge", "some"),
	} {
		if _, err := hives(t, args...); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// rowsAbout are the world's texts, which are about its value, and as many that are about another.
func rowsAbout(t *testing.T, w *vidbtest.World) (rows []data.Row) {
	t.Helper()
	file, err := vidb.Open(w.Path, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	v, err := file.Value(vidbtest.Value)
	if err != nil {
		t.Fatal(err)
	}
	row := func(text, level, group string) data.Row {
		return data.Row{Text: text, Theory: "mft", Level1: level, Direction: 1, TextID: data.TextID(text),
			DirectionSource: data.SourceAnnotated, IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
			Group: group, Corpus: "c", Licence: "free"}
	}
	for i, text := range v.Texts {
		other := fmt.Sprintf("an unfair deed, number %d, of fairness", i)
		rows = append(rows, row(text.Text, "care/harm", text.Group), row(other, "fairness/cheating", other))
	}
	return rows
}

// dimEndpoint embeds like a server of embeddings: axis 0 has the text's utility and much noise, axes 1 and 2 what it is
// about.
func dimEndpoint(t *testing.T, w *vidbtest.World) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		var asked struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			out.WriteHeader(http.StatusBadRequest)
			return
		}
		var list []map[string]any
		for i, text := range asked.Input {
			h := fnv.New64a()
			h.Write([]byte(text))
			random := rand.New(rand.NewPCG(h.Sum64(), 1))
			x := make([]float64, 12)
			for d := range x {
				x[d] = .1 * random.NormFloat64()
			}
			theta, known := w.Theta[text]
			if x[0] += .25*theta + .2*random.NormFloat64(); known || strings.Contains(strings.ToLower(text), "care") {
				x[1] += .8
			}
			if strings.Contains(strings.ToLower(text), "fair") {
				x[2] += .8
			}
			list = append(list, map[string]any{"object": "embedding", "index": i, "embedding": unit(x)})
		}
		raw, _ := json.Marshal(map[string]any{"object": "list", "model": "dim", "data": list,
			"usage": map[string]int{"prompt_tokens": 1, "total_tokens": 1}})
		out.Header().Set("Content-Type", "application/json")
		out.Write(raw)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}

func unit(x []float64) []float64 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	for d := range x {
		x[d] /= math.Sqrt(sum)
	}
	return x
}
