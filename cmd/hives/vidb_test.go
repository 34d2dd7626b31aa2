package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/vidb"
)

// runVIDB runs one command line and returns what it printed.
func runVIDB(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := newRoot()
	root.SilenceErrors, root.SilenceUsage = true, true
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(args)
	err := root.Execute()
	return out.String(), err
}

// The way of a corpus to a database of intensities by people's own grades, and out of it and back again.
func TestFromACorpusToIntensities(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	run := func(args ...string) string {
		t.Helper()
		out, err := runVIDB(t, args...)
		if err != nil {
			t.Fatalf("hives %s: %v", strings.Join(args, " "), err)
		}
		return out
	}
	table := "rot-moral-foundations\taction\taction-moral-judgment\trot\n"
	for i, grade := range []string{"2.0", "1.0", "0.0", "-1.0", "-2.0"} {
		for _, deed := range []string{"lending a tool", "telling the news", "passing by", "waiting"} {
			table += "care-harm\t" + deed + strings.Repeat(" again", i) + "\t" + grade + "\trule " + deed + "\n"
		}
	}
	if err := os.WriteFile(at("social_chem.tsv"), []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	run("import", "social-chem", "--in", dir, "--out", at("rows.parquet"))
	said := run("vidb", "pool", "--rows", at("rows.parquet"), "--value", "mft/care-harm", "--out", at("v.db"))
	if !strings.Contains(said, "supporting 8, opposing 8, neither 4") || !strings.Contains(said,
		"graded by people             20") {
		t.Errorf("pool: %s", said)
	}
	run("vidb", "build", "--vidb", at("v.db"), "--judge", "annotations", "--ties", "half")
	run("vidb", "fit", "--vidb", at("v.db"), "--bootstrap", "20")
	var figures []vidb.Figures
	if err := json.Unmarshal([]byte(run("vidb", "show", "--vidb", at("v.db"), "--json", "--top", "4")),
		&figures); err != nil {
		t.Fatal(err)
	}
	f := figures[0]
	if f.Fit.Accuracy != 1 || *f.Highest[3].People != 2 || *f.Lowest[3].People != -2 || f.Fit.Ties == 0 {
		t.Errorf("figures: %+v", f)
	}
	run("vidb", "show", "--vidb", at("v.db"), "--with", at("v.db"), "--html", at("page.html"))
	if page, err := os.ReadFile(at("page.html")); err != nil || !bytes.Contains(page, []byte("rank correlation 1.000")) {
		t.Errorf("the page: %v", err)
	}
	run("vidb", "export", "--vidb", at("v.db"), "--out", at("tables"))
	run("vidb", "import", "--in", at("tables"), "--out", at("back.db"))
	want, _ := os.ReadFile(at("v.db"))
	if got, err := os.ReadFile(at("back.db")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("imported: other bytes, %v", err)
	}
}

func TestVIDBCommandsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ args, want string }{
		{"vidb build --vidb none.db --judge annotations --config x.toml", "--config"},
		{"vidb build --vidb none.db --judge annotations --k 3", "--k 3"},
		{"vidb pool --rows none.csv --value mft/care-harm --out v.db --dedupe twice", "--dedupe"},
		{"vidb pool --rows none.csv --value mft/care-harm --out none.db --texts none.db", "would be overwritten"},
		{"vidb pool --rows none.csv --value mft/care-harm --out none.db --texts none.csv", "would be overwritten"},
		{"vidb fit --vidb none.db --prior heavy", "none.db"},
		{"score --in a.jsonl --vidb b.db --config c.toml --db none.jsonl --out none.jsonl", "would be overwritten"},
		{"vidb import --out v.db", "authors"}, {"vidb import --in a --authors b --out v.db", "authors"},
		{"vidb show --vidb none.db", "none.db"},
	} {
		args := strings.Fields(strings.ReplaceAll(c.args, "none.", filepath.Join(dir, "none.")))
		if _, err := runVIDB(t, args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("hives %s: %v (kind %v)", c.args, err, fault.Of(err))
		}
	}
}
