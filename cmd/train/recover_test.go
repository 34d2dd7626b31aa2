package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/runstore"
)

// TestRecover damages or removes what stands beside the checkpoints of a run that stopped early, in every way, and
// makes it again: the run then ends as one that nothing happened to.
func TestRecover(t *testing.T) {
	args := tinyArgs(t, 6, "--checkpoint-every", "3", "--validate-every", "0")
	whole := filepath.Join(t.TempDir(), "whole")
	if code, said := train(t, append(args, "--out", whole)...); code != 0 {
		t.Fatalf("exit %d: %s", code, said)
	}
	for _, name := range []string{"step-000000006"} { // as it stood after step 3
		if err := os.RemoveAll(filepath.Join(runstore.CheckpointDir(whole), name)); err != nil {
			t.Fatal(err)
		}
	}
	config := read(t, filepath.Join(whole, "config.toml"))
	for _, c := range []struct {
		name   string
		damage map[string][]byte // nil removes
		log    bool
	}{
		{"run.json gone", map[string][]byte{"run.json": nil}, false},
		{"run.json empty", map[string][]byte{"run.json": {}}, false},
		{"config.toml gone", map[string][]byte{"config.toml": nil}, false},
		{"config.toml cut", map[string][]byte{"config.toml": append(config[:40:40], "= ["...)}, false},
		{"all gone", map[string][]byte{"run.json": nil, "config.toml": nil, "metrics.jsonl": nil}, true},
	} {
		out := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(out, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		must(t, os.RemoveAll(filepath.Join(out, "final")))
		interrupted(t, out)
		for name, content := range c.damage {
			must(t, os.Remove(filepath.Join(out, name)))
			if content != nil {
				must(t, os.WriteFile(filepath.Join(out, name), content, 0o644))
			}
		}
		if code, said := train(t, "--resume", "--out", out); code == 0 ||
			!strings.Contains(said, "train recover --out "+out) {
			t.Errorf("%s: the resume ends with %d and names no way on: %s", c.name, code, said)
		}
		if code, said := train(t, "recover", "--out", out); code != 0 || !strings.Contains(said, "train --resume") {
			t.Fatalf("%s: recover ends with %d: %s", c.name, code, said)
		}
		code, said := train(t, "--resume", "--out", out)
		if code != 0 || strings.Contains(said, "metrics.jsonl is gone") != c.log ||
			!strings.Contains(said, "going on after step 3") {
			t.Errorf("%s: the resume ends with %d: %s", c.name, code, said)
		}
		if !bytes.Equal(read(t, filepath.Join(out, weights)), read(t, filepath.Join(whole, weights))) {
			t.Errorf("%s: other weights than without the damage", c.name)
		}
	}
}

// interrupted lets a finished run say that it was stopped.
func interrupted(t *testing.T, out string) {
	t.Helper()
	info, err := runstore.Read(out)
	must(t, err)
	info.Status, info.Step = runstore.Interrupted, 3
	raw, err := json.Marshal(info)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(out, "run.json"), raw, 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
