package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data/theories"
)

const ownTheory = `
theory = "own"
name = "a theory of one's own"
level_names = ["domain", "value"]
paths = [["work", "thoroughness"], ["home", "tidiness"], ["work", "tidiness"]]
[canonical_parent]
tidiness = "home"
[works]
us = "Our own list."
[definitions."own/work"]
text = "What matters in doing a job."
works = ["us"]
[definitions."own/work/thoroughness"]
text = "Leaving nothing half done that one has begun."
works = ["us"]
[definitions."own/home"]
text = "What matters under one's own roof."
works = ["us"]
[definitions."own/home/tidiness"]
text = "Putting each thing back in its place."
works = ["us"]
`

func TestRowsOfAnOwnTheoryAreReadWhereItIsKnown(t *testing.T) {
	dir := t.TempDir()
	file, table := filepath.Join(dir, "own.toml"), filepath.Join(dir, "rows.csv")
	for path, text := range map[string]string{
		file:  ownTheory,
		table: "text,theory,level_1,level_2,level_3,direction\nShe swept behind the stove.,own,Work,Thoroughness,,1\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(table); err == nil || !strings.Contains(err.Error(), `theory "own" is unknown`) {
		t.Fatalf("by the built-in set: %v", err)
	}
	known, err := theories.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := ReadWith(table, ReadOptions{Theories: known})
	if err != nil || len(rows) != 1 || rows[0].Level2 != "thoroughness" {
		t.Fatalf("read %+v, %v", rows, err)
	}
	back := filepath.Join(dir, "rows.parquet")
	if err := Write(back, rows); err != nil {
		t.Fatal(err)
	}
	if again, _, err := ReadWith(back, ReadOptions{Theories: known}); err != nil || again[0].Theory != "own" {
		t.Errorf("read back %+v, %v", again, err)
	}
	if l := NewLabels(rows, known); len(l.TheoryNames) != 1 || l.TheoryNames[0] != "own" {
		t.Errorf("labels of %v", l.TheoryNames)
	}
	tidy := []Row{{Theory: "own", Level1: "work", Level2: "tidiness"}, {Theory: "own", Level1: "home", Level2: "tidiness"}}
	if l := NewLabels(tidy, known); l.Levels[0] != l.Levels[1] || len(l.LevelNames[0]) != 1 ||
		l.LevelNames[0][0] != "home" {
		t.Errorf("a value under two parents of one's own: %v of %q", l.Levels, l.LevelNames)
	}
	if alt := NewLabels(tidy, known).Alternatives(tidy); len(alt[0]) != 1 {
		t.Errorf("the other path of a value under two parents: %v", alt)
	}
	for _, r := range tidy {
		r.Text, r.TextID, r.Direction = "It was clean.", "clean", Supports
		rows = append(rows, r)
	}
	if left, _ := Dedupe(rows, known); len(left) != 2 {
		t.Errorf("%d rows are left of two labels", len(left))
	}
	if left, _ := Dedupe(rows, theories.Builtin()); len(left) != 3 { // the negative control
		t.Errorf("%d rows are left by a set that does not know the value's parents", len(left))
	}
}
