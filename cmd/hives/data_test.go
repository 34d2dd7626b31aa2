package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"hives/data"
	"hives/data/stats"
	"hives/internal/fault"
)

// runData runs one command below data and returns what it printed.
func runData(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := &cobra.Command{Use: "hives", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(dataCommand(), importCommand())
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(args)
	err := root.Execute()
	return out.String(), err
}

func mustRunData(t *testing.T, args ...string) string {
	t.Helper()
	out, err := runData(t, args...)
	if err != nil {
		t.Fatalf("hives %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// The way of a corpus to training rows, with real lines.
func TestRowsFromCorporaToParts(t *testing.T) {
	corpora, dir := filepath.Join("..", "..", "data", "corpora", "testdata"), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	mustRunData(t, "data", "import", "valueeval", "--in", filepath.Join(corpora, "valueeval"), "--out", at("a.parquet"))
	mustRunData(t, "import", "moral-stories", "--in", filepath.Join(corpora, "moral_stories"), "--out", at("b.csv"))
	mustRunData(t, "data", "merge", at("a.parquet"), "--in", at("b.csv"), "--in", at("b.csv"), "--out", at("all.parquet"))

	var s stats.Stats
	page := at("page.html")
	if err := json.Unmarshal([]byte(mustRunData(t, "data", "stats", at("all.parquet"), "--json", "--html", page)),
		&s); err != nil {
		t.Fatal(err)
	}
	if s.Rows != 25 || s.Texts != 10 || len(s.ByCorpus) != 2 {
		t.Errorf("merged: %+v", s)
	}
	var split data.SplitSummary
	raw := mustRunData(t, "data", "split", "--in", at("all.parquet"), "--out", at("parts"), "--json", "--fractions",
		".5,.25,.25")
	if err := json.Unmarshal([]byte(raw), &split); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, f := range split.Files {
		rows, err := data.Read(f.File)
		if err != nil || len(rows) != f.Rows {
			t.Errorf("%s: %d rows, said %d: %v", f.File, len(rows), f.Rows, err)
		}
		total += f.Rows
	}
	if total != s.Rows || len(split.Files) != 3 {
		t.Errorf("split: %+v of %d rows", split, s.Rows)
	}
}

func TestDataCommandsRefuse(t *testing.T) {
	for reason, c := range map[string]struct {
		args []string
		kind fault.Kind
	}{
		"no such corpus folder": {[]string{"import", "mfrc", "--in", "absent", "--out", "x.parquet"}, fault.NotFound},
		"nothing to merge":      {[]string{"data", "merge", "--out", "x.parquet"}, fault.Invalid},
		"no file to describe":   {[]string{"data", "stats"}, fault.Invalid},
		"two fractions": {[]string{"data", "split", "--in", "x", "--out", "y", "--fractions", ".5,.5"},
			fault.Invalid},
	} {
		if _, err := runData(t, c.args...); fault.Of(err) != c.kind {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// What is read is never overwritten by what is told of it.
func TestOutputsSpareTheirInputs(t *testing.T) {
	dir := t.TempDir()
	rows := filepath.Join(dir, "rows.csv")
	content := "text,theory,level_1,level_2,level_3,direction\na,mft,care/harm,,,1\n"
	for reason, args := range map[string][]string{
		"a card":           {"data", "card", rows, "--out", rows},
		"a page of stats":  {"data", "stats", rows, "--html", filepath.Join(dir, ".", "rows.csv")},
		"a list of merged": {"data", "merge", rows, "--out", filepath.Join(dir, "all.csv"), "--left-out", rows},
	} {
		putFile(t, rows, content)
		if _, err := runData(t, args...); fault.Of(err) != fault.Invalid ||
			!strings.Contains(err.Error(), "would be overwritten") {
			t.Errorf("%s: %v", reason, err)
		}
		if raw, err := os.ReadFile(rows); err != nil || string(raw) != content {
			t.Errorf("%s: the rows are gone: %v", reason, err)
		}
	}
}

func TestMergeListsWhatItLeavesOut(t *testing.T) {
	dir := t.TempDir()
	rows, list := filepath.Join(dir, "rows.csv"), filepath.Join(dir, "left.csv")
	putFile(t, rows, "text,theory,level_1,level_2,level_3,direction\na,mft,care/harm,,,1\na,mft,care/harm,,,-1\n"+
		"b,mft,care/harm,,,1\n")
	out := mustRunData(t, "data", "merge", rows, "--out", filepath.Join(dir, "all.csv"), "--left-out", list)
	if !strings.Contains(out, rows+": row 2 opposes mft/care-harm, which another row of its text contradicts") {
		t.Error(out)
	}
	if raw, err := os.ReadFile(list); err != nil || strings.Count(string(raw), "\n") != 3 {
		t.Errorf("%s, %v", raw, err)
	}
}
