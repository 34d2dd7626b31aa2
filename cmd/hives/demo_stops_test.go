package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
)

// stub stands in for hives and train: it notes its call and, where it is to be stopped, waits for one signal and saves.
const stub = `#!/usr/bin/env bash
here=$(dirname "$0")
echo "$1" >> "$here/calls"
if [ "$1" = "$STOP_AT" ]; then
  trap 'echo once >> "$here/signals"; sleep 0.3; echo saved >> "$here/calls"; exit 75' INT TERM
  touch "$here/waiting"
  while :; do sleep 0.05; done
fi
`

// TestDemoStops: one signal, sent to the script alone or to its whole group as a terminal does, reaches what runs
// once; its save is waited for, and nothing more is begun.
func TestDemoStops(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(goldentest.ModuleRoot(t), "scripts", "demo.sh"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, stopAt string
		sig          syscall.Signal
		group        bool
	}{
		{"Ctrl-C in an import", "import", syscall.SIGINT, true},
		{"Ctrl-C in a run", "--stage=1", syscall.SIGINT, true},
		{"SIGTERM to the script in a run", "--stage=1", syscall.SIGTERM, false},
		{"SIGINT to the script in a command", "data", syscall.SIGINT, false},
	} {
		t.Run(c.name, func(t *testing.T) { demoStops(t, script, c.stopAt, c.sig, c.group) })
	}
}

func demoStops(t *testing.T, script []byte, stopAt string, sig syscall.Signal, group bool) {
	dir := t.TempDir()
	for name, content := range map[string]string{"scripts/demo.sh": string(script), "bin/hives": stub, "bin/train": stub} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	demo := exec.Command(filepath.Join(dir, "scripts", "demo.sh"))
	demo.Env = append(os.Environ(), "STOP_AT="+stopAt)
	demo.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said bytes.Buffer
	demo.Stderr = &said
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "bin", "waiting")); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond) // go test's own limit ends a wait in vain
	}
	pid := demo.Process.Pid
	if group {
		pid = -pid
	}
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
	demo.Wait()
	calls, _ := os.ReadFile(filepath.Join(dir, "bin", "calls"))
	signals, _ := os.ReadFile(filepath.Join(dir, "bin", "signals"))
	if code := demo.ProcessState.ExitCode(); code != fault.ExitInterrupted ||
		!strings.Contains(said.String(), "the same command goes on") {
		t.Errorf("exit code %d: %s", code, &said)
	}
	if !strings.HasSuffix(string(calls), stopAt+"\nsaved\n") || string(signals) != "once\n" {
		t.Errorf("calls %q, signals %q", calls, signals)
	}
}
