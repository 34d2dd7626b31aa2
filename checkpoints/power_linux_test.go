package checkpoints

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
)

// killedDir tells the child process of TestKillWhileSaving where to save.
const killedDir = "HIVES_TEST_KILLED_DIR"

// A kill in the middle of a save leaves the checkpoint before it, and the next Prune the folder clean.
func TestKillWhileSaving(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		source := InMemory(state(20))
		fetch, calls := source.Fetch, 0
		source.Fetch = func(in safetensorsio.Info) ([]byte, error) {
			if calls++; calls == len(source.Infos) {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			return fetch(in)
		}
		Save(dir, metaOf(20), source)
		t.Fatal("the child outlived its kill")
	}
	dir := t.TempDir()
	saveSteps(t, dir, 10)
	child := exec.Command(os.Args[0], "-test.run=^TestKillWhileSaving$")
	child.Env = append(os.Environ(), killedDir+"="+dir)
	if out, err := child.CombinedOutput(); err == nil || len(names(t, dir)) != 2 {
		t.Fatalf("the child left %v and said %v: %s", names(t, dir), err, out)
	}
	if c, skipped := mustLatest(t, dir); c.Meta.Step != 10 || len(skipped) != 0 {
		t.Errorf("latest is step %d, skipped %v", c.Meta.Step, skipped)
	}
	saveSteps(t, dir, 20)
	if err := Prune(dir, Keep{Newest: 20, Last: 5}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{folderName(10), folderName(20)}, names(t, dir)); diff != "" {
		t.Errorf("after the next save (-want +left):\n%s", diff)
	}
}

// A kill after the last byte and before the rename: the temporary folder is whole and still not read.
func TestKillBeforeRename(t *testing.T) {
	dir := t.TempDir()
	paths := saveSteps(t, dir, 10, 20)
	tmp := filepath.Join(dir, "."+folderName(20)+".tmp-1")
	if err := os.Rename(paths[1], tmp); err != nil {
		t.Fatal(err)
	}
	if c, _ := mustLatest(t, dir); c.Meta.Step != 10 {
		t.Errorf("latest is step %d, want 10", c.Meta.Step)
	}
}

// A kill between the two renames of a replacement: what was there comes back.
func TestKillWhileReplacing(t *testing.T) {
	dir := t.TempDir()
	paths := saveSteps(t, dir, 10, 20)
	if err := os.Rename(paths[1], filepath.Join(dir, "."+folderName(20)+".old-1")); err != nil {
		t.Fatal(err)
	}
	if err := Prune(dir, Keep{Newest: 20, Last: 2}); err != nil {
		t.Fatal(err)
	}
	if c, _ := mustLatest(t, dir); c.Meta.Step != 20 {
		t.Errorf("latest is step %d, want 20", c.Meta.Step)
	}
}

// The disk fills up while a tensor is written: kind and remedy, and the folder as it was.
func TestFullDiskInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	saveSteps(t, dir, 10)
	_, err := Save(dir, metaOf(20), failingSource(&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}))
	if fault.Of(err) != fault.Exhausted || !strings.Contains(err.Error(), "free space") ||
		!errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff([]string{folderName(10)}, names(t, dir)); diff != "" {
		t.Errorf("(-want +left):\n%s", diff)
	}
}

// The same on a file system of 64 kB, and on a read-only one, where mounting is allowed.
func TestSmallAndReadOnlyFileSystems(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no mount: %v; TestFullDiskInTheMiddle injects the error instead", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	saveSteps(t, dir, 10)
	big := safetensorsio.Tensor{Name: "w", DType: "U8", Shape: []int{1 << 17}, Data: make([]byte, 1<<17)}
	if _, err := Save(dir, metaOf(20), InMemory([]safetensorsio.Tensor{big})); fault.Of(err) != fault.Exhausted {
		t.Errorf("full: %v", err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := Save(dir, metaOf(20), InMemory(state(1))); fault.Of(err) != fault.Invalid {
		t.Errorf("read-only: %v", err)
	}
	if c, skipped := mustLatest(t, dir); c.Meta.Step != 10 || len(skipped) != 0 {
		t.Errorf("latest is step %d, skipped %v", c.Meta.Step, skipped)
	}
}
