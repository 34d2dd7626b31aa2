package runstore

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
)

type record struct {
	Step int     `json:"step"`
	Kind string  `json:"kind,omitempty"`
	Loss float64 `json:"loss"`
}

// logSteps appends what steps from..to log: a training line each, a validation line every third.
func logSteps(t *testing.T, m *Metrics, from, to int) {
	t.Helper()
	for step := from; step <= to; step++ {
		records := []record{{Step: step, Loss: 1 / float64(step+1)}}
		if step%3 == 0 {
			records = append(records, record{Step: step, Kind: "validation", Loss: 2})
		}
		for _, r := range records {
			if err := m.Append(r); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func readLog(t *testing.T, dir string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func mustMetrics(t *testing.T, r *Run, after int) *Metrics {
	t.Helper()
	m, err := r.OpenMetrics(after)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// Interrupted at any step and resumed from any checkpoint before it, the log is that of a run that was not.
func TestResumedLogEqualsUninterrupted(t *testing.T) {
	whole := t.TempDir()
	logSteps(t, mustMetrics(t, mustCreate(t, whole), -1), 0, 9)
	want := readLog(t, whole)
	for checkpoint := -1; checkpoint < 9; checkpoint++ {
		for _, torn := range []string{"", `{"step": 9, "lo`, "\x00\x00\x00", "\x00\x00ss\":1}\n" + `{"step":9,"loss":0.1}` +
			"\n"} {
			dir := t.TempDir()
			r := mustCreate(t, dir)
			m := mustMetrics(t, r, -1)
			logSteps(t, m, 0, min(checkpoint+2, 9))
			m.Close()
			appendText(t, dir, torn)
			logSteps(t, mustMetrics(t, r, checkpoint), checkpoint+1, 9)
			if got := readLog(t, dir); got != want {
				t.Fatalf("resumed after step %d with a last line %q:\n%s\nwant\n%s", checkpoint, torn, got, want)
			}
		}
	}
}

func appendText(t *testing.T, dir, text string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, metricsFile), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestALineIsThereWhenAppendReturns(t *testing.T) {
	dir := t.TempDir()
	m := mustMetrics(t, mustCreate(t, dir), -1)
	if err := m.Append(record{Step: 1, Loss: .5}); err != nil {
		t.Fatal(err)
	}
	if got := readLog(t, dir); got != `{"step":1,"loss":0.5}`+"\n" {
		t.Errorf("log %q", got)
	}
}

func TestMetricsRefuse(t *testing.T) {
	dir := t.TempDir()
	r := mustCreate(t, dir)
	m := mustMetrics(t, r, -1)
	if err := m.Append(record{Loss: math.NaN()}); fault.Of(err) != fault.Invalid {
		t.Errorf("NaN: %v", err)
	}
	if got := readLog(t, dir); got != "" {
		t.Errorf("a refused record left %q", got)
	}
	appendText(t, dir, `{"step": 1}`+"\n"+`{"loss": 1}`+"\n")
	if _, err := r.OpenMetrics(5); fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a line without a step: %v", err)
	}
	if err := os.Truncate(filepath.Join(dir, metricsFile), 0); err != nil {
		t.Fatal(err)
	}
	appendText(t, dir, `{"step": 1}`+"\n\x00\x00\n"+`{"step": 2}`+"\n")
	if _, err := r.OpenMetrics(5); fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("zeros before a line that stays: %v", err)
	}
}

// A full disk in the middle of a line is reported, and what was there stays whole.
func TestMetricsOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full: %v", err)
	}
	m := &Metrics{file: full}
	defer m.Close()
	if err := m.Append(record{Step: 1}); fault.Of(err) != fault.Exhausted {
		t.Errorf("%v", err)
	}
}
