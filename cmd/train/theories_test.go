package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/runstore"
)

var named atomic.Int64

// fresh is a name that no test has used: a process knows a theory once and for all.
func fresh() string { return fmt.Sprintf("own-%d", named.Add(1)) }

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

// A run keeps the file, and a resume knows the theory without --theories.
func TestResumeKnowsTheRunsTheories(t *testing.T) {
	kept, found := fresh(), fresh()
	if _, err := execute(t, "config", "show", "--theories", writeTheory(t, ownTheory(kept))); err != nil {
		t.Fatal(err)
	}
	run, err := runstore.Create(filepath.Join(t.TempDir(), "run"), nil, runstore.Info{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if run.Info().Theories[kept] != ownTheory(kept) {
		t.Fatalf("the run keeps %q", run.Info().Theories)
	}
	dir := runWith(t, map[string]string{found: ownTheory(found)})
	if _, known := theories.Get(found); known {
		t.Fatal("known before the resume")
	}
	if _, err := execute(t, "config", "show", "--out", dir); err != nil {
		t.Fatal(err)
	}
	if _, known := theories.Get(found); known {
		t.Error("a start without --resume took the theory of the run that lies there")
	}
	if _, err := execute(t, "config", "show", "--resume", "--out", dir); err != nil {
		t.Fatal(err)
	}
	if tree, known := theories.Get(found); !known || len(tree.Leaves) != 1 {
		t.Error("the resume does not know the run's theory")
	}
	if _, err := execute(t, "config", "show", "--resume", "--out", t.TempDir()); err != nil {
		t.Errorf("a folder without a run: %v", err)
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
		name := fresh()
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
