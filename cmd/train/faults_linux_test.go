package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/internal/rig/soak"
	"hives/internal/runstore"
)

// tinyArgs writes a small run of some steps and returns its flags.
func tinyArgs(t *testing.T, steps int, more ...string) []string {
	t.Helper()
	args, err := soak.Tiny(t.TempDir(), filepath.Join(goldentest.ModuleRoot(t), "demo", "model"), steps)
	if err != nil {
		t.Fatal(err)
	}
	return append(args, more...)
}

// train runs a process to its end.
func train(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	out, err := trainCommand(args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return code, string(out)
}

// smallDisk mounts a file system of some size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no mount: %v; the trainer's TestSaver… inject the disk's error instead", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// resize gives a small disk more or less room.
func resize(t *testing.T, dir, options string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|flags, options); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const weights = "final/model.safetensors"

// TestDiskFull lets the disk fill up while a run saves its first, second and third checkpoint, and while it
// writes the model folder; with room again the run ends as if nothing had been.
func TestDiskFull(t *testing.T) {
	args := tinyArgs(t, 12, "--set", "log.best=", "--set", "log.keep_checkpoints=9")
	whole := filepath.Join(t.TempDir(), "whole")
	if code, said := train(t, append(args, "--out", whole)...); code != 0 {
		t.Fatalf("exit %d: %s", code, said)
	}
	// A checkpoint of this model is 1.6 MB, the model folder 1.2 MB.
	failures := 0
	for _, size := range []string{"1000k", "2500k", "4500k", "5400k"} {
		disk := smallDisk(t, size)
		out := filepath.Join(disk, "run")
		code, said := train(t, append(args, "--out", out)...)
		if code != 1 || !strings.Contains(said, "free space") || !strings.Contains(said, "train --resume --out "+out) {
			t.Errorf("%s: exit %d, want 1, the remedy and the command: %s", size, code, said)
		}
		if _, err := os.Stat(filepath.Join(out, "final")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: half a model folder is left", size)
		}
		entries, _ := os.ReadDir(runstore.CheckpointDir(out))
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				t.Errorf("%s: %s is left", size, e.Name())
			}
		}
		t.Logf("%s: %d checkpoints, then %s", size, len(entries), lastLine(said))
		failures += len(entries)
		resize(t, disk, "size=64m", 0)
		if code, said = train(t, append(args, "--out", out, "--resume")...); code != 0 {
			t.Fatalf("%s, with room again: exit %d: %s", size, code, said)
		}
		if !bytes.Equal(read(t, filepath.Join(out, weights)), read(t, filepath.Join(whole, weights))) {
			t.Errorf("%s: other weights than without the interruption", size)
		}
	}
	if failures == 0 {
		t.Error("no run got as far as a checkpoint: choose other sizes")
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// TestDiskFullInTheLog leaves no room for lines: the run stops, and the log holds whole lines only.
func TestDiskFullInTheLog(t *testing.T) {
	args := tinyArgs(t, 200, "--checkpoint-every", "0", "--validate-every", "0")
	disk := smallDisk(t, "40k")
	out := filepath.Join(disk, "run")
	code, said := train(t, append(args, "--out", out)...)
	if code != 1 || !strings.Contains(said, "metrics.jsonl") || !strings.Contains(said, "free space") {
		t.Errorf("exit %d: %s", code, said)
	}
	if log := read(t, filepath.Join(out, "metrics.jsonl")); len(log) == 0 || log[len(log)-1] != '\n' {
		t.Errorf("a log of %d bytes without the end of a line", len(log))
	}
	resize(t, disk, "size=64m", 0)
	if code, said = train(t, append(args, "--out", out, "--resume")...); code != 0 {
		t.Errorf("with room again: exit %d: %s", code, said)
	}
}

// TestReadOnlyFolder is refused at the start with a remedy.
func TestReadOnlyFolder(t *testing.T) {
	disk := smallDisk(t, "1m")
	resize(t, disk, "", syscall.MS_RDONLY)
	code, said := train(t, append(tinyArgs(t, 2), "--out", filepath.Join(disk, "run"))...)
	if code != 1 || !strings.Contains(said, "choose a folder you may write to") {
		t.Errorf("exit %d: %s", code, said)
	}
}

// started runs a long training process until its log has lines.
func started(t *testing.T, out string, args []string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd, said := trainCommand(append(args, "--out", out)...), &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	for {
		if raw, _ := os.ReadFile(filepath.Join(out, "metrics.jsonl")); bytes.Count(raw, []byte("\n")) > 3 {
			return cmd, said
		}
		time.Sleep(5 * time.Millisecond) // go test's own limit ends a wait in vain
	}
}

// TestHangupSaves closes the terminal, which says so twice.
func TestHangupSaves(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	cmd, said := started(t, out, tinyArgs(t, 100_000, "--validate-every", "0"))
	for range 2 {
		cmd.Process.Signal(syscall.SIGHUP)
		time.Sleep(20 * time.Millisecond) // two that come at once may be one
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != fault.ExitInterrupted ||
		!strings.Contains(said.String(), "train --resume") {
		t.Errorf("%v: %s", err, said)
	}
	if info, err := runstore.Read(out); err != nil || info.Status != runstore.Interrupted || info.Step == 0 {
		t.Errorf("%+v, %v", info, err)
	}
}

// TestTwoProcessesOneFolder: the second is refused and told who is there; the first goes on. SIGTERM then
// saves, ends it with 75 and says how to go on.
func TestTwoProcessesOneFolder(t *testing.T) {
	args := tinyArgs(t, 100_000, "--validate-every", "0")
	out := filepath.Join(t.TempDir(), "run")
	cmd, first := started(t, out, args)
	code, said := train(t, append(args, "--out", out, "--resume")...)
	if want := fmt.Sprintf("is in use by process %d", cmd.Process.Pid); code != 1 || !strings.Contains(said, want) {
		t.Errorf("exit %d, want 1 and %q: %s", code, want, said)
	}
	begin := time.Now()
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != fault.ExitInterrupted ||
		!strings.Contains(first.String(), "train --resume") {
		t.Errorf("SIGTERM: %v: %s", err, first)
	}
	t.Logf("SIGTERM to the end: %.3f s", time.Since(begin).Seconds())
	if info, err := runstore.Read(out); err != nil || info.Status != runstore.Interrupted || info.Step == 0 {
		t.Errorf("%+v, %v", info, err)
	}
}
