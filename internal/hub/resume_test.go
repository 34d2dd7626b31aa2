package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"hives/internal/fault"
)

// stopAfter ends the context when so many bytes of the weights were sent.
func stopAfter(h *fakeHub, n int64, stop func()) {
	var sent atomic.Int64
	h.bytes = func(w http.ResponseWriter, r *http.Request, name string, body []byte) bool {
		if !large(name) {
			return false
		}
		if sent.Add(64_000) > n {
			stop()
			<-r.Context().Done()
			return true
		}
		return false
	}
}

func TestStopAndGoOn(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	stopAfter(h, 130_000, stop)
	_, err := h.start(t, dir, func(d *download) { d.Jobs = 1 }).run(ctx)
	expectKind(t, err, fault.Canceled, "what came is kept")
	if code := fault.ExitCode(err); code != fault.ExitInterrupted {
		t.Errorf("exit code %d, want %d", code, fault.ExitInterrupted)
	}
	expectNothing(t, dir)
	expectStaging(t, dir)
	h.bytes = nil
	first := len(h.requests())
	var before int64
	_, err = h.run(t, dir, func(d *download) {
		d.Progress = func(int64) (func(int64, bool), func()) {
			return func(n int64, was bool) {
				if was {
					before += n
				}
			}, func() {}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
	ranges := 0
	for _, r := range h.requests()[first:] {
		if "http://"+r.Host == h.cdn.URL {
			ranges++
		}
	}
	if before < 128_000 || ranges > 3 {
		t.Errorf("%d bytes were there before and %d ranges came, want at least 128000 and at most 3 of 5", before, ranges)
	}
}

// expectStaging wants something left to go on from, and no secret in any of it.
func expectStaging(t *testing.T, dir string) {
	t.Helper()
	files := 0
	filepath.WalkDir(filepath.Join(dir, ".model.partial"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files++
			raw, _ := os.ReadFile(path)
			expectNoSecret(t, path)
			if bytes.Contains(raw, []byte(testToken)) || bytes.Contains(raw, []byte("geheim")) {
				t.Errorf("%s holds a secret", path)
			}
		}
		return err
	})
	if files < 2 {
		t.Errorf("%d files are staged", files)
	}
}

// A part of other bytes, after a new commit for instance, is not gone on with.
func TestStaleOrDamagedPart(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(h *fakeHub, state string) error{
		"other bytes": func(h *fakeHub, _ string) error {
			h.files["model.safetensors"] = bytes.Repeat([]byte("new"), 100_000)
			return nil
		},
		"a state of nonsense": func(_ *fakeHub, state string) error {
			raw := fmt.Sprintf(`{"format":1,"kind":%q,"etag":"","size":-1,"segment":0,"done":[9,-9]}`, partKind)
			return os.WriteFile(state, []byte(raw), 0o644)
		},
		"bytes that are not there": func(_ *fakeHub, state string) error {
			return os.Truncate(strings.TrimSuffix(state, "json")+"part", 10)
		},
		"bytes that changed": func(_ *fakeHub, state string) error {
			f, err := os.OpenFile(strings.TrimSuffix(state, "json")+"part", os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte("nonsense"), 100)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t), t.TempDir()
			ctx, stop := context.WithCancel(context.Background())
			stopAfter(h, 130_000, stop)
			if _, err := h.start(t, dir, func(d *download) { d.Jobs = 1 }).run(ctx); err == nil {
				t.Fatal("was not stopped")
			}
			states, _ := filepath.Glob(filepath.Join(dir, ".model.partial", partsDir, "*.json"))
			if len(states) != 1 {
				t.Fatalf("%d states, want the one of the weights", len(states))
			}
			if err := spoil(h, states[0]); err != nil {
				t.Fatal(err)
			}
			h.bytes = nil
			if _, err := h.run(t, dir); err != nil {
				t.Fatal(err)
			}
			h.expectModel(t, dir)
		})
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	io.WriterAt
	left *atomic.Int64
}

func (f fullDisk) WriteAt(b []byte, at int64) (int, error) {
	if f.left.Add(-int64(len(b))) < 0 {
		return 0, &os.PathError{Op: "write", Path: "part", Err: syscall.ENOSPC}
	}
	return f.WriterAt.WriteAt(b, at)
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	left := new(atomic.Int64)
	left.Store(150_000)
	_, err := h.run(t, dir, func(d *download) {
		d.sink = func(f *os.File) io.WriterAt { return fullDisk{f, left} }
	})
	expectKind(t, err, fault.Exhausted, "free space", "what came is kept")
	if !errors.Is(err, syscall.ENOSPC) || fault.ExitCode(err) != fault.ExitFailed {
		t.Errorf("%v, exit code %d", err, fault.ExitCode(err))
	}
	expectNothing(t, dir)
	expectStaging(t, dir)
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
}

func TestTooLargeForTheDisk(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	h.listed = func(all []map[string]any) []map[string]any {
		for _, s := range all {
			if s["rfilename"] == "tokenizer.json" {
				s["size"] = int64(maxFile)
			}
		}
		return all
	}
	_, err := h.run(t, dir)
	expectKind(t, err, fault.Exhausted, "MB are free")
	h.listed = func(all []map[string]any) []map[string]any {
		for _, s := range all {
			if s["rfilename"] == "tokenizer.json" {
				s["size"] = int64(1 << 62)
			}
		}
		return all
	}
	_, err = h.run(t, dir)
	expectKind(t, err, fault.Corrupt, "tokenizer.json")
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v was written", left)
	}
}
