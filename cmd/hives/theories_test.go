package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data/anchors"
	"hives/data/inventory"
	"hives/data/theories"
	"hives/internal/fault"
)

// The example of docs/THEORIES.md must pass the checks that it describes, and its rows must be read.
func TestTheDocumentedTheoryIsAccepted(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "THEORIES.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```toml\n")
	example, _, closed := strings.Cut(example, "```")
	if !closed {
		t.Fatal("docs/THEORIES.md has no example")
	}
	dir := t.TempDir()
	file, rows := filepath.Join(dir, "craft.toml"), filepath.Join(dir, "rows.csv")
	for path, text := range map[string]string{
		file: example,
		rows: "text,theory,level_1,level_2,level_3,direction\nHe let the glue dry overnight.,craft,skill,patience,,1\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := hives(t, "data", "stats", rows); err == nil || !strings.Contains(err.Error(), "--theories") {
		t.Errorf("without the theory: %v", err)
	}
	out, err := hives(t, "data", "stats", rows, "--theories", file)
	if err != nil || !strings.Contains(out, "craft") {
		t.Errorf("with it: %v, %s", err, out)
	}
	out, err = hives(t, "theories", "--theory", "craft", "--theories", file)
	if err != nil || !strings.Contains(out, "patience") {
		t.Errorf("its tree: %v, %s", err, out)
	}
	if _, err = hives(t, "theories", "--theory", "craft"); fault.Of(err) != fault.Invalid {
		t.Errorf("a command line that does not name it knows a theory that another was given: %v", err)
	}
}

func TestTheoriesPrintsOneObject(t *testing.T) {
	out, err := hives(t, "theories", "--targets", "--json")
	var list theories.Listing
	if err != nil || json.Unmarshal([]byte(out), &list) != nil || len(list.Targets) != 32 {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := hives(t, "theories", "--theory", "stv"); fault.Of(err) != fault.Invalid {
		t.Errorf("an unknown theory: %v", err)
	}
}

func TestInventoryIsWrittenAsABank(t *testing.T) {
	path := filepath.Join(t.TempDir(), "individual.parquet")
	if _, err := hives(t, "theories", "inventory", "--out", path); err != nil {
		t.Fatal(err)
	}
	b, err := anchors.Read(path, theories.Builtin())
	if err != nil || len(b.Anchors) != inventory.Size {
		t.Fatalf("read %v, %v", b, err)
	}
	out, err := hives(t, "theories", "inventory", "--value", "duty/gratitude", "--json")
	var list inventory.Listing
	if err != nil || json.Unmarshal([]byte(out), &list) != nil || len(list.Sentences) == 0 {
		t.Fatalf("%v: %s", err, out)
	}
	for _, s := range list.Sentences {
		if b.Anchors[s.ID].Text != s.Text || s.ValueIDs[0] != "duty/gratitude" {
			t.Errorf("id %d: %+v", s.ID, s)
		}
	}
	if _, err := hives(t, "theories", "inventory", "--out", path, "--kind", "duty"); err == nil {
		t.Error("a part of the bank: accepted")
	}
}
