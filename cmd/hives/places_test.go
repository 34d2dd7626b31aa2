package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/cli"
)

// TestPlacesBeforeTheEngine: inputs and outputs are looked at first. The model is not there, so an error that names the
// place shows the order.
func TestPlacesBeforeTheEngine(t *testing.T) {
	dir := t.TempDir()
	lines, rows := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "bad.csv")
	for path, content := range map[string]string{lines: `{"text": "a"}`, rows: "no,such,columns\n1,2,3\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	absent, below := filepath.Join(dir, "absent.csv"), filepath.Join(lines, "out")
	model := []string{"--engine", "go", "--model", filepath.Join(dir, "no-model")}
	for _, c := range []struct {
		says string
		args []string
	}{
		{"absent.csv", []string{"embed", "--in", absent, "--out", filepath.Join(dir, "o.npy")}},
		{"is a file", []string{"embed", "--in", lines, "--out", below}},
		{"is a folder", []string{"embed", "--in", lines, "--out", dir}},
		{"absent.csv", []string{"embed-corpus", "--in", absent, "--out", filepath.Join(dir, "o")}},
		{"in.jsonl", []string{"embed-corpus", "--in", lines, "--out", filepath.Join(dir, "o")}},
		{"is a file", []string{"embed-corpus", "--in", lines, "--out", rows}},
		{"absent.csv", []string{"evaluate", "--data", absent, "--out", filepath.Join(dir, "o")}},
		{"bad.csv", []string{"evaluate", "--data", rows, "--out", filepath.Join(dir, "o")}},
		{"is a file", []string{"evaluate", "--data", rows, "--out", lines}},
		{"bad.csv", []string{"vectors", "build", "--data", rows, "--out", filepath.Join(dir, "v.db")}},
		{"bad.csv", []string{"anchors", "build", "--rows", rows, "--out", filepath.Join(dir, "b.parquet")}},
		{"bad.csv", []string{"theories", "inventory", "assign", "--in", rows, "--out", filepath.Join(dir, "i.csv")}},
	} {
		var out bytes.Buffer
		root := newRoot()
		root.SetArgs(append(c.args, model...))
		root.SetOut(&out)
		root.SetErr(&out)
		err := cli.Command(root)(context.Background())
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(out.String(), "engine go") {
			t.Errorf("%v: %v, want %q before the engine\n%s", c.args, err, c.says, out.String())
		}
	}
}
