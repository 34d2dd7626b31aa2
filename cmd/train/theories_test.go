package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/runstore"
)

// ownTheory is the file of a small theory.
func ownTheory(name string) string {
	return strings.ReplaceAll(`theory = "NAME"
name = "what the test holds dear"
level_names = ["value"]
paths = [["patience"]]
[works]
us = "Our own list."
[definitions."NAME/patience"]
text = "Giving a test the time that it takes."
works = ["us"]
`, "NAME", name)
}

func writeTheory(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "own.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runWith writes run.json of a run that was begun with own theories.
func runWith(t *testing.T, own map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	raw, err := json.Marshal(runstore.Info{Format: runstore.Format, Kind: runstore.Kind, Theories: own})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "run.json"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// learned is what a command line knows after it has read its theories and those of the run that it resumes.
func learned(t *testing.T, o options) theories.Set {
	t.Helper()
	if err := o.learnTheories(); err != nil {
		t.Fatal(err)
	}
	return o.known
}

// A resume knows the run's theory without --theories; a start over it, and a command line beside it, do not.
func TestResumeKnowsTheRunsTheories(t *testing.T) {
	kept := ownTheory("kept")
	dir := runWith(t, map[string]string{"kept": kept})
	if known := learned(t, options{out: dir}); !known.Equal(theories.Builtin()) {
		t.Errorf("a start without --resume took the theories of the run that lies there: %v", known.Names())
	}
	known := learned(t, options{out: dir, resume: true})
	if tree, ok := known.Get("kept"); !ok || len(tree.Leaves) != 1 || known.Sources()["kept"] != kept {
		t.Errorf("the resume knows %v", known.Names())
	}
	file := writeTheory(t, ownTheory("given"))
	known = learned(t, options{out: dir, resume: true, theories: []string{file}})
	if got := known.Names()[4:]; !slices.Equal(got, []string{"given", "kept"}) {
		t.Errorf("with one more theory the resume knows %v", got)
	}
	if known := learned(t, options{out: t.TempDir(), resume: true}); !known.Equal(theories.Builtin()) {
		t.Errorf("a folder without a run: %v", known.Names())
	}
	// What is learned is what the run is told. That this run names no model is another matter.
	if _, ro, _ := settings(newRoot().PersistentFlags(), &options{known: known}); !ro.Theories.Equal(known) {
		t.Errorf("the run is told of %v", ro.Theories.Names())
	}
}

func TestResumeComparesTheories(t *testing.T) {
	for _, c := range []struct {
		name   string
		stored func(string) string
		flags  []string
		kind   fault.Kind
		says   string
	}{
		{"same", func(s string) string { return s }, nil, 0, ""},
		{"other", func(s string) string { return strings.Replace(s, "Giving", "Leaving", 1) }, nil, fault.Mismatch,
			"leave it out"},
		{"allowed", func(s string) string { return strings.Replace(s, "Giving", "Leaving", 1) }, []string{"--allow-changed"},
			0, ""},
	} {
		name := "own"
		file := ownTheory(name)
		dir := runWith(t, map[string]string{name: c.stored(file)})
		_, err := execute(t, append([]string{"config", "show", "--resume", "--out", dir, "--theories", writeTheory(t, file)},
			c.flags...)...)
		if (err == nil) != (c.says == "") || err != nil && (fault.Of(err) != c.kind ||
			!strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v (%v), want %q", c.name, err, fault.Of(err), c.says)
		}
	}
	dir := runWith(t, map[string]string{"torn": "theory = "})
	if _, err := execute(t, "config", "show", "--resume", "--out", dir); err == nil ||
		!strings.Contains(err.Error(), "run.json") {
		t.Errorf("a damaged theory: %v", err)
	}
}
