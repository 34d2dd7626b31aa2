package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hives/internal/runstore"
)

// begunRun is a run that an earlier program began and left after 4 of 8 steps, copied to a folder of its own.
// scripts/begun_runs.sh makes them.
type begunRun struct {
	kept string // where it lies in testdata
	dir  string
}

func begunRuns(t *testing.T) (all []begunRun) {
	t.Helper()
	ends, err := filepath.Glob(filepath.Join("testdata", "begun", "*", "*", "end.sha256"))
	if err != nil || len(ends) == 0 {
		t.Fatalf("no begun runs: %v", err)
	}
	for _, end := range ends {
		all = append(all, begunRun{kept: filepath.Dir(end)})
	}
	return all
}

func (b begunRun) name() string {
	rel, _ := filepath.Rel(filepath.Join("testdata", "begun"), b.kept)
	return rel
}

// copied is the run in a folder of its own, with its inputs.
func (b begunRun) copied(t *testing.T) begunRun {
	t.Helper()
	b.dir = t.TempDir()
	must(t, os.CopyFS(b.dir, os.DirFS(b.kept)))
	must(t, os.CopyFS(filepath.Join(b.dir, "inputs"), os.DirFS(filepath.Join("testdata", "begun", "inputs"))))
	return b
}

func (b begunRun) at(names ...string) string {
	return filepath.Join(b.dir, "run", filepath.Join(names...))
}

// run runs this program on the run, whose settings are in its folder.
func (b begunRun) run(args ...string) (said string, err error) {
	cmd := trainCommand(append(args, "--out", "run", "--engine", "go", "--threads", "1")...)
	cmd.Dir = b.dir
	raw, err := cmd.CombinedOutput()
	return string(raw), err
}

// resume goes on to the end. Kept states of format 1 are refused by name; then it does what the refusal asks for, and
// they are computed anew. Others are not.
func (b begunRun) resume(t *testing.T) string {
	t.Helper()
	said, err := b.run("--resume")
	files, _ := filepath.Glob(filepath.Join(b.dir, "states", "states-*.bin"))
	refused := err != nil && len(files) == 1 &&
		strings.Contains(said, filepath.Base(files[0])+" holds states of these weights in format 1") &&
		strings.Contains(said, "remove it and the .idx beside it")
	if refused {
		must(t, os.Remove(files[0]))
		must(t, os.Remove(strings.TrimSuffix(files[0], ".bin")+".idx"))
		said, err = b.run("--resume")
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s", b.name(), err, said)
	}
	if !refused && strings.Contains(said, "states after layer") {
		t.Errorf("%s: computes the states anew: %s", b.name(), said)
	}
	return said
}

func (b begunRun) end(t *testing.T) string {
	return fmt.Sprintf("%x", sha256.Sum256(read(t, b.at("final", "model.safetensors"))))
}

// uninterrupted is the same run from its first step on, by this program.
func (b begunRun) uninterrupted(t *testing.T) begunRun {
	t.Helper()
	b = b.copied(t)
	must(t, os.RemoveAll(b.at("checkpoints")))
	must(t, os.Remove(b.at("metrics.jsonl")))
	if said := b.resume(t); !strings.Contains(said, "starting at step 0") {
		t.Errorf("%s: does not begin anew: %s", b.name(), said)
	}
	return b
}

const begunState = "step-000000004"

// putState replaces the tensors of the checkpoint and leaves everything else of the run as it is.
func (b begunRun) putState(t *testing.T, tensors []byte) {
	t.Helper()
	dir := b.at("checkpoints", begunState)
	must(t, os.WriteFile(filepath.Join(dir, "state.safetensors"), tensors, 0o644))
	cmd := exec.Command("sha256sum", "state.safetensors", "state.json")
	cmd.Dir = dir
	sums, err := cmd.Output()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "SHA256SUMS"), sums, 0o644))
}

// TestRunsBegunByEarlierPrograms goes on with them. The end has the bytes of a run that was never interrupted, by this
// program; and by theirs, where this machine makes the last bits of the machine they were begun on. Where it does not,
// the tensors saved after step 4 are those that this machine makes, in the folder that the earlier program left.
func TestRunsBegunByEarlierPrograms(t *testing.T) {
	for _, b := range begunRuns(t) {
		t.Run(b.name(), func(t *testing.T) {
			t.Parallel()
			whole, resumed := b.uninterrupted(t), b.copied(t)
			want, sameBits := whole.end(t), strings.HasPrefix(string(read(t, filepath.Join(b.kept, "end.sha256"))), whole.end(t))
			if !sameBits {
				resumed.resume(t) // as it is, too
				t.Logf("this machine or this program makes other last bits than those of the fixture")
				resumed = b.copied(t)
				resumed.putState(t, read(t, whole.at("checkpoints", begunState, "state.safetensors")))
			}
			if said := resumed.resume(t); !strings.Contains(said, "going on after step 4 of 8") {
				t.Errorf("does not go on from step 4: %s", said)
			}
			if got := resumed.end(t); got != want {
				t.Errorf("ends with other weights than the uninterrupted run: %s, want %s", got, want)
			}
			compareBegun(t, resumed, whole)
			if said, err := resumed.run("replay", "--step", "6"); err != nil || !strings.Contains(said, "says the same") {
				t.Errorf("step 6 taken again: %v, %s", err, said)
			}
		})
	}
}

// TestOtherStateEndsOtherwise is the control of the comparison above: the last bits of half the checkpoint's numbers
// move the end.
func TestOtherStateEndsOtherwise(t *testing.T) {
	b := begunRuns(t)[0]
	whole, other := b.uninterrupted(t), b.copied(t)
	state := read(t, whole.at("checkpoints", begunState, "state.safetensors"))
	data := 8 + int(binary.LittleEndian.Uint64(state))
	for i := data + (len(state)-data)/8*4; i < len(state); i += 4 {
		state[i] ^= 1
	}
	other.putState(t, state)
	other.resume(t)
	if other.end(t) == whole.end(t) {
		t.Error("the end does not depend on the checkpoint's last bits")
	}
}

// compareBegun compares what was logged since, and the best checkpoint.
func compareBegun(t *testing.T, resumed, whole begunRun) {
	t.Helper()
	got, want := since4(t, resumed.at("metrics.jsonl")), since4(t, whole.at("metrics.jsonl"))
	if got != want || strings.Count(got, `"kind":"train"`) != 4 {
		t.Errorf("logged\n%s\nthe uninterrupted run\n%s", got, want)
	}
	one, err := runstore.Read(resumed.at())
	must(t, err)
	other, err := runstore.Read(whole.at())
	must(t, err)
	if one.Status != runstore.Finished || one.Best == nil || other.Best == nil || *one.Best != *other.Best {
		t.Errorf("%s, best %v; the uninterrupted run's is %v", one.Status, one.Best, other.Best)
	}
}

// clockFigure is the one figure of a log that depends on time.
var clockFigure = regexp.MustCompile(`"tokens_per_second":[^,}]*`)

// since4 is what a log holds of the steps after the fourth, without the figure that depends on time.
func since4(t *testing.T, path string) string {
	t.Helper()
	var out []byte
	for line := range bytes.Lines(read(t, path)) {
		for step := 5; step <= 8; step++ {
			if bytes.Contains(line, fmt.Appendf(nil, `"step":%d,`, step)) {
				out = append(out, clockFigure.ReplaceAll(line, nil)...)
			}
		}
	}
	return string(out)
}
