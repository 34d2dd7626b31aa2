package values_test

import (
	"context"
	"database/sql"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hives/data/anchors"
	"hives/data/inventory"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/values"
)

// written builds a set with the inventory's sentences and writes it.
func written(t *testing.T) (*values.Set, string) {
	t.Helper()
	enc := newFake(8)
	s := build(t, randomRows(t, 60, 9), enc, values.Options{Seed: 2, Resamples: 5, MinSide: 1, Sides: values.Pooled})
	s.Source.File, s.Source.SHA256 = "rows.parquet", strings.Repeat("12", 32)
	if err := s.AddAnchors(context.Background(), enc, []*anchors.Bank{inventory.Bank()}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "values #1 100%.db") // signs that a URL would take for its own
	if err := s.Write(path); err != nil {
		t.Fatal(err)
	}
	return s, path
}

func TestFileHoldsTheWholeSet(t *testing.T) {
	want, path := written(t)
	got, err := values.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	options := cmp.Options{cmpopts.IgnoreUnexported(values.Set{}), cmpopts.IgnoreFields(values.Set{}, "SHA256")}
	if d := cmp.Diff(want, got, options); d != "" {
		t.Error(d)
	}
	if len(got.Anchors) != inventory.Size || got.SHA256 == "" {
		t.Errorf("%d anchors, digest %q", len(got.Anchors), got.SHA256)
	}
	if got.Model.Engine != "" {
		t.Errorf("the engine %q is in the file: another machine's rebuild would differ", got.Model.Engine)
	}
}

// TestFileHoldsWhatAnswersRestOn writes a set that answers, and asks the one that comes back.
func TestFileHoldsWhatAnswersRestOn(t *testing.T) {
	want := worldSet(t, worldRows(t, 0, 120), worldRows(t, 1000, 40), worldOptions())
	path, again := filepath.Join(t.TempDir(), "values.db"), filepath.Join(t.TempDir(), "again.db")
	for _, p := range []string{path, again} {
		if err := want.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	got, err := values.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	options := cmp.Options{cmpopts.IgnoreUnexported(values.Set{}), cmpopts.IgnoreFields(values.Set{}, "SHA256"),
		cmpopts.EquateEmpty()}
	if d := cmp.Diff(want, got, options); d != "" {
		t.Error(d)
	}
	if v := find(t, got, care); v.About == nil || v.Support == nil || v.Background == nil || len(v.Rests) != 2 ||
		mft(t, got).Guard == nil || got.Held == nil {
		t.Errorf("the file lacks a part of %+v", v)
	}
	if a, b := ask(t, want), ask(t, got); a != b || a.answered == 0 {
		t.Errorf("before the file it answers %+v, after it %+v", a, b)
	}
	one, _ := os.ReadFile(path)
	two, _ := os.ReadFile(again)
	if string(one) != string(two) {
		t.Error("the same set gives other bytes")
	}
	for name, statement := range map[string]string{
		"a head's weights": "UPDATE heads SET weights = zeroblob(length(weights)) WHERE question = 'about'",
		"the guard's facts": `UPDATE heads SET facts = replace(facts, '"nonsense":1600', '"nonsense":1601') WHERE ` +
			`question = 'sense'`,
		"a head gone":  "DELETE FROM heads WHERE question = 'supports'",
		"a background": "UPDATE value_vectors SET background = zeroblob(404) WHERE background IS NOT NULL",
		"evidence":     "UPDATE value_vectors SET evidence = 'null'",
	} {
		if _, err := values.Open(edit(t, path, statement)); fault.Of(err) != fault.Corrupt ||
			!strings.Contains(err.Error(), "digest") {
			t.Errorf("%s changed: %v", name, err)
		}
	}
}

// TestFilesOfVersion1Open as what they are: pooled vectors, of which nothing was held out and nothing is answered.
func TestFilesOfVersion1Open(t *testing.T) {
	s, err := values.Open("testdata/version1.db") // 4 numbers a vector, of randomRows(60, 9)
	if err != nil {
		t.Fatal(err)
	}
	want := build(t, randomRows(t, 60, 9), newFake(4), values.Options{Seed: 2, Resamples: 5, MinSide: 1,
		Sides: values.Pooled})
	all, _ := s.Select(values.Filter{})
	for i, v := range all {
		if v.ID != want.Values[i].ID || v.Kind != want.Values[i].Kind || !slices.Equal(v.Vector, want.Values[i].Vector) {
			t.Errorf("%s is %s %v, want %s %v", v.ID, v.Kind, v.Vector, want.Values[i].Kind, want.Values[i].Vector)
		}
	}
	scores := s.Scores(newFake(4).vector("a text"), all)
	for _, score := range scores {
		if score.Answer != values.Unsure || score.About != nil || !math.IsNaN(score.Percentile) {
			t.Errorf("%s is answered %+v", score.Value.ID, score.Judgement)
		}
	}
	if len(scores) == 0 || s.SidesFrom() != values.Pooled || s.Held != nil {
		t.Errorf("%d scores, sides %s, held out %v", len(scores), s.SidesFrom(), s.Held)
	}
	var shown strings.Builder
	if err := s.List().WriteText(&shown); err != nil || !strings.Contains(shown.String(), "--sides within") ||
		!strings.Contains(shown.String(), "held out   nothing") {
		t.Errorf("it is shown without a word of that (%v):\n%.700s", err, shown.String())
	}
}

func TestRebuildGivesTheSameBytes(t *testing.T) {
	_, one := written(t)
	_, two := written(t)
	a, _ := os.ReadFile(one)
	b, _ := os.ReadFile(two)
	if len(a) == 0 || string(a) != string(b) {
		t.Errorf("%d and %d bytes, and they differ", len(a), len(b))
	}
	entries, _ := os.ReadDir(filepath.Dir(one))
	if len(entries) != 1 {
		t.Errorf("%d files beside each other, want the one", len(entries))
	}
}

// edit changes a copy of the file by SQL and returns its path.
func edit(t *testing.T, path string, statements ...string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "changed.db")
	if err := os.WriteFile(changed, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", "file:"+changed)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return changed
}

// cut writes the first part of a file, or other bytes, to a new file.
func cut(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cut.db")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenRefuses(t *testing.T) {
	_, path := written(t)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		kind       fault.Kind
		says       string
	}{
		{"no file", filepath.Join(t.TempDir(), "none.db"), fault.NotFound, "no such file"},
		{"a newer version", edit(t, path, "PRAGMA user_version = 3"), fault.Mismatch,
			"version 3, this program reads up to 2: use a newer"},
		{"another program's file", edit(t, path, "PRAGMA application_id = 7"), fault.Mismatch, "no value vectors"},
		{"an empty file", cut(t, nil), fault.Mismatch, "no value vectors"},
		{"no SQLite file", cut(t, []byte(strings.Repeat("not a database ", 100))), fault.Corrupt, "build it again"},
		{"a torn file", cut(t, raw[:len(raw)/2]), fault.Corrupt, "build it again"},
		{"a table gone", edit(t, path, "DROP TABLE anchors"), fault.Corrupt, "build it again"},
		{"a vector cut", edit(t, path, "UPDATE anchors SET vector = x'0000'"), fault.Corrupt,
			"a vector has 2 bytes, 8 numbers need 32"},
		{"a count changed", edit(t, path, "UPDATE value_vectors SET supports = supports + 1 WHERE place = 40"),
			fault.Corrupt, "digest"},
		{"a number of a vector changed", edit(t, path, "UPDATE anchors SET vector = zeroblob(32) WHERE id = 7"),
			fault.Corrupt, "digest"},
		{"a value gone", edit(t, path, "DELETE FROM value_vectors WHERE place = 3"), fault.Corrupt, "digest"},
	} {
		_, err := values.Open(c.path)
		if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%v), want %v that says %q", c.name, err, fault.Of(err), c.kind, c.says)
		}
	}
	if _, err := values.Open(edit(t, path, "VACUUM")); err != nil {
		t.Errorf("the same content on other pages: %v", err)
	}
}

func TestVectorsOfAnotherModelAreRefused(t *testing.T) {
	s, _ := written(t)
	own := newFake(8).id
	if err := s.CheckModel(own); err != nil {
		t.Errorf("the model's own vectors: %v", err)
	}
	own.Name, own.Engine = "a copy", "cuda"
	if err := s.CheckModel(own); err != nil {
		t.Errorf("the same weights under another name on another engine: %v", err)
	}
	for _, c := range []struct {
		says string
		mend func(*encoder.Identity)
	}{
		{"weights abababababab and 123412341234", func(id *encoder.Identity) {
			id.WeightsSHA256 = strings.Repeat("1234", 16)
		}},
		{"weights abababababab and (not told)", func(id *encoder.Identity) { id.WeightsSHA256 = "" }},
		{"tokenizers cdcdcdcdcdcd and 5", func(id *encoder.Identity) { id.TokenizerSHA256 = "5" }},
		{"8 and 4 dimensions", func(id *encoder.Identity) { id.Dimension = 4 }},
		{"32 and 256 tokens", func(id *encoder.Identity) { id.MaxLength = 256 }},
		{`pooling "last" and "mean"`, func(id *encoder.Identity) { id.Pooling = "mean" }},
	} {
		other := newFake(8).id
		c.mend(&other)
		err := s.CheckModel(other)
		if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(err.Error(), "hives vectors build") {
			t.Errorf("%v, want a mismatch of %s and the remedy", err, c.says)
		}
	}
}

func TestABankIsGivenOnce(t *testing.T) {
	s, path := written(t)
	err := s.AddAnchors(context.Background(), newFake(8), []*anchors.Bank{inventory.Bank()})
	if fault.Of(err) != fault.Exists {
		t.Errorf("a second individual bank: %v", err)
	}
	other := newFake(8)
	other.id.WeightsSHA256 = "other"
	s.Anchors = nil
	if err := s.AddAnchors(context.Background(), other,
		[]*anchors.Bank{inventory.Bank()}); fault.Of(err) != fault.Mismatch {
		t.Errorf("sentences by another model: %v", err)
	}
	if _, err := values.ReadBanks([]string{filepath.Dir(path)}, theories.Builtin()); fault.Of(err) != fault.NotFound {
		t.Errorf("a folder without banks: %v", err)
	}
	if banks, err := values.ReadBanks([]string{"", values.Inventory}, theories.Builtin()); err != nil || len(banks) != 1 {
		t.Errorf("the inventory: %d banks, %v", len(banks), err)
	}
}
