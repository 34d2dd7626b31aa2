package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data/card"
	"hives/internal/fault"
)

// A card of imported rows, with the account of the import, twice the same.
func TestDataCard(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	corpora := filepath.Join("..", "..", "data", "corpora", "testdata")
	account := mustRunData(t, "import", "social-chem", "--in", filepath.Join(corpora, "social_chem"), "--out",
		at("rows.parquet"), "--json")
	if err := os.WriteFile(at("account.json"), []byte(account), 0o600); err != nil {
		t.Fatal(err)
	}
	raw := mustRunData(t, "data", "card", at("rows.parquet"), "--imports", at("account.json"), "--out",
		at("card.md"), "--json")
	var c card.Card
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		t.Fatal(err)
	}
	if c.Rows != 12 || len(c.Corpora) != 1 || !c.Corpora[0].Known || c.Imports[0].Records != 10 {
		t.Errorf("%+v", c)
	}
	page, err := os.ReadFile(at("card.md"))
	if err != nil || strings.Contains(string(page), dir) {
		t.Errorf("the page names the folder, or %v", err)
	}
	if again := mustRunData(t, "data", "card", at("rows.parquet"), "--imports",
		at("account.json")); again != string(page) {
		t.Error("the same file gave another card")
	}
	if _, err := runData(t, "data", "card"); fault.Of(err) != fault.Invalid {
		t.Errorf("without a file: %v", err)
	}
}
