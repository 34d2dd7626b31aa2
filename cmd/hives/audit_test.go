package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/audit"
	"hives/internal/audit/figures"
	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/llm"
)

// audited writes a run's folder of a model whose answers a prompt moves by so much.
func audited(t *testing.T, name string, moves float64) string {
	t.Helper()
	const value = "mft/care-harm"
	r := audit.Record{About: audit.About{Model: llm.Identity{Model: name}, Judges: []audit.Judge{{Name: "j", Model: "m"}},
		VIDB: map[string]string{value: "h"}}}
	r.Conditions = []audit.Condition{{ID: audit.Default, Regime: audit.RegimeDefault},
		{ID: "up", Regime: audit.RegimeAnchor, Values: []string{value}, Targets: []int{2}}}
	for q := range 20 {
		id := fmt.Sprint("q", q)
		r.Queries = append(r.Queries, audit.Query{ID: id, Source: "own", Text: "Why " + id + "?"})
		for at, c := range r.Conditions {
			r.Answers = append(r.Answers, audit.Answer{Query: id, Condition: c.ID, Text: "So.", Refusal: audit.Answered})
			score := float64(q%5) + float64(at)*(moves+float64(q%3)/4)
			r.Scores = append(r.Scores, audit.Score{Query: id, Condition: c.ID, Value: value, Judge: "j",
				Score: figure.Number(score), Beta: 1, Status: "ok"})
		}
	}
	dir := t.TempDir()
	if err := audit.Write(filepath.Join(dir, audit.RecordFile), r); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestAPipelineStopsByItsLimits: figures are written first, then a limit that is passed ends with exit code 1 and says
// why; one that nobody knows ends with 2 before anything is written.
func TestAPipelineStopsByItsLimits(t *testing.T) {
	weak, strong := audited(t, "weak", 0), audited(t, "strong", 3)
	for _, c := range []struct {
		line string
		exit int
		why  string
	}{
		{"steer gain " + strong, fault.ExitDone, ""},
		{"steer gain " + strong + " --fail-if gain=9", fault.ExitDone, ""},
		{"steer gain " + strong + " --fail-if gain=2", fault.ExitFailed, "mft/care-harm at +2 moves"},
		{"steer gain " + strong + " --fail-if gain=2 --json", fault.ExitFailed, "mft/care-harm at +2 moves"},
		{"steer gain " + strong + " --fail-if drift", fault.ExitUsage, "known are"},
		{"steer gain " + t.TempDir(), fault.ExitFailed, "record"},
		{"audit compare " + weak + " " + weak + " --fail-if drift", fault.ExitDone, ""},
		{"audit compare " + weak + " " + strong, fault.ExitDone, ""},
		{"audit compare " + weak + " " + strong + " --fail-if drift", fault.ExitFailed, "gain of anchor at +2"},
		{"audit compare " + weak + " " + strong + " --fail-if drift=5", fault.ExitDone, ""},
	} {
		_, err := runVIDB(t, strings.Fields(c.line)...)
		if got := fault.ExitCode(err); got != c.exit || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("hives %s: exit %d, %v, want %d, %q", c.line, got, err, c.exit, c.why)
		}
	}
	if _, err := os.Stat(filepath.Join(strong, figures.PageFile)); err != nil {
		t.Error(err)
	}
	out, err := runVIDB(t, "audit", "compare", weak, strong, "--json")
	var d figures.Drift
	if err != nil || json.Unmarshal([]byte(out), &d) != nil || len(d.Changed()) != 1 {
		t.Errorf("%s %v", out, err)
	}
}
