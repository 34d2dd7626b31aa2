package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/rig/clitest"
)

func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := cli.Command(root)(context.Background())
	return out.String(), err
}

// TestSettingsOfAResume checks that the stored settings take the place of the defaults, and that flags,
// --set and weights of theories lie above them.
func TestSettingsOfAResume(t *testing.T) {
	dir := t.TempDir()
	stored := "steps = 77\nseed = 5\n[loss]\ntemperature = 0.07\n"
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(stored), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := execute(t, "config", "show", "--resume", "--out", dir, "--seed", "6", "--set", "sampler.positives=2",
		"--theory-weights", "mft=0.5")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"steps = 77", "seed = 6", "temperature = 0.07", "positives = 2", "mft = 0.5"} {
		if !strings.Contains(out, line) {
			t.Errorf("settings lack %q:\n%s", line, out)
		}
	}
	if out, err = execute(t, "config", "show", "--out", dir); err != nil || strings.Contains(out, "steps = 77") {
		t.Errorf("without --resume the stored settings hold: %v\n%s", err, out)
	}
}

// TestUsageMistakes end with exit code 2 and a word on what is wrong, before an engine is opened.
func TestUsageMistakes(t *testing.T) {
	for _, c := range []struct {
		says string
		args []string
	}{
		{"no model", []string{"--data", "x.parquet", "--out", "o"}},
		{"no training rows", []string{"--model", "m", "--out", "o"}},
		{"no run folder", []string{"--model", "m", "--data", "x.parquet"}},
		{"unknown flag", []string{"--lerning-rate", "1"}},
		{"theory-bank", []string{"--model", "m", "--data", "x", "--out", "o", "--stage", "2"}},
		{"loss.temperatur", []string{"--set", "loss.temperatur=1", "--model", "m", "--data", "x", "--out", "o"}},
		{"temperature", []string{"--temperature", "0", "--model", "m", "--data", "x", "--out", "o"}},
	} {
		_, err := execute(t, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.says) || fault.ExitCode(err) != fault.ExitUsage {
			t.Errorf("%v: error %v (exit %d), want one that says %q (exit 2)", c.args, err, fault.ExitCode(err), c.says)
		}
	}
}

func TestEveryCommandTeaches(t *testing.T) { clitest.Help(t, newRoot) }

// TestResumeOfNothing names what is missing; with rows and a model a resume begins a run.
func TestResumeOfNothing(t *testing.T) {
	nothing := filepath.Join(t.TempDir(), "nothing")
	for _, args := range [][]string{{"--resume", "--out", nothing}, {"--resume", "--out", nothing, "--model", "m"},
		{"--resume", "--out", nothing, "--data", "d.csv"}} {
		_, err := execute(t, args...)
		if err == nil || !strings.Contains(err.Error(), nothing+" holds no run to go on with") ||
			fault.ExitCode(err) != fault.ExitUsage {
			t.Errorf("%v: %v (exit %d)", args, err, fault.ExitCode(err))
		}
	}
	if _, err := execute(t, "--resume", "--out", nothing, "--model", "m", "--data", "d.csv"); err == nil ||
		strings.Contains(err.Error(), "holds no run") {
		t.Errorf("with all that a run needs: %v", err)
	}
	if _, err := os.Stat(nothing); err == nil {
		t.Error("a folder was made")
	}
}

// TestResumeCommand carries what the run folder does not hold, for a shell.
func TestResumeCommand(t *testing.T) {
	o := &options{out: "my runs/it's", threads: 3, waitForSaves: true, metricsListen: "127.0.0.1:9091"}
	want := `train --resume --out 'my runs/it'\''s' --engine cpu --threads 3 --checkpoint-sync --metrics-listen ` +
		`127.0.0.1:9091`
	if got := o.resumeCommand(&engine.Engine{Name: engine.CPU}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	open := &options{out: "r", metricsListen: "0.0.0.0:1", noAuth: true}
	if got, want := open.resumeCommand(&engine.Engine{Name: engine.Go}),
		"train --resume --out r --engine go --metrics-listen 0.0.0.0:1 --insecure-no-auth"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := (&options{out: "r"}).resumeCommand(&engine.Engine{Name: engine.Go}),
		"train --resume --out r --engine go"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
