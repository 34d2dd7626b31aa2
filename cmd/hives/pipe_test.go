package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Rows go from one program to the next without a file: hives data merge - --out - | hives data stats - --json.
func TestRowsThroughAPipe(t *testing.T) {
	t.Setenv(asHives, "1")
	t.Setenv("TMPDIR", t.TempDir())
	merge := exec.Command(os.Args[0], "data", "merge", "-", "--out", "-")
	merge.Stdin = strings.NewReader(csvHead + "He lied to her.,duty,fidelity,,,-1\nHe lied to her.,duty,fidelity,,,-1\n")
	stats := exec.Command(os.Args[0], "data", "stats", "-", "--json")
	var said strings.Builder
	merge.Stderr = &said
	var err error
	if stats.Stdin, err = merge.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := merge.Start(); err != nil {
		t.Fatal(err)
	}
	raw, err := stats.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := merge.Wait(); err != nil || !strings.Contains(said.String(), "standard input") {
		t.Errorf("%v: %s", err, said.String())
	}
	var s struct{ Rows int }
	if err := json.Unmarshal(raw, &s); err != nil || s.Rows != 2 {
		t.Errorf("%v, %d rows, want 2 without the duplicate: %s", err, s.Rows, raw)
	}
	if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
