package checkpoints

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
)

// state makes tensors of every kind that a trainer stores; equal seeds give equal bytes.
func state(seed uint64) []safetensorsio.Tensor {
	rng := rand.New(rand.NewPCG(seed, 0))
	random := func(n int) []byte {
		out := make([]byte, n)
		for i := range out {
			out[i] = byte(rng.Uint32())
		}
		return out
	}
	return []safetensorsio.Tensor{
		{Name: "layers.0.q_proj", DType: "BF16", Shape: []int{3, 5}, Data: random(30)},
		{Name: "adam/m/layers.0.q_proj", DType: "F32", Shape: []int{3, 5}, Data: random(60)},
		{Name: "global_step", DType: "I64", Shape: []int{}, Data: binary.LittleEndian.AppendUint64(nil, seed)},
		{Name: "layers.0.norm", DType: "F16", Shape: []int{5}, Data: random(10)},
	}
}

func metaOf(step int) Meta {
	return Meta{
		Stage: 1, Step: step, SamplerStep: step, Seed: math.MaxUint64,
		Schedule: Schedule{Name: "linear", PeakLearningRate: 1e-4, WarmupSteps: 10, TotalSteps: 100},
		Hashes:   map[string]string{"config": "c0", "data": "d0"},
	}
}

// saveSteps writes one checkpoint a step and returns their folders.
func saveSteps(t testing.TB, dir string, steps ...int) []string {
	t.Helper()
	var paths []string
	for _, step := range steps {
		path, err := Save(dir, metaOf(step), InMemory(state(uint64(step))))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func mustLatest(t testing.TB, dir string) (*Checkpoint, []error) {
	t.Helper()
	c, skipped, err := Latest(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, skipped
}

// names lists a folder, hidden entries included.
func names(t testing.TB, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	dir := t.TempDir()
	paths := saveSteps(t, dir, 120)
	c, skipped := mustLatest(t, dir)
	if c.Path != paths[0] || len(skipped) != 0 {
		t.Fatalf("latest is %s, skipped %v", c.Path, skipped)
	}
	want := metaOf(120)
	want.Format, want.Kind = Format, Kind
	if diff := cmp.Diff(want, c.Meta); diff != "" {
		t.Errorf("meta (-saved +loaded):\n%s", diff)
	}
	for _, tensor := range state(120) {
		got, err := c.Tensors.Tensor(tensor.Name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tensor, got); diff != "" {
			t.Errorf("tensor (-saved +loaded):\n%s", diff)
		}
	}
	if n := len(c.Tensors.Names()); n != len(state(120)) {
		t.Errorf("%d tensors, saved %d", n, len(state(120)))
	}
}

func TestBytesAreAFunctionOfTheState(t *testing.T) {
	a, b := saveSteps(t, t.TempDir(), 7)[0], saveSteps(t, t.TempDir(), 7)[0]
	for _, name := range names(t, a) {
		left, _ := os.ReadFile(filepath.Join(a, name))
		right, _ := os.ReadFile(filepath.Join(b, name))
		if !bytes.Equal(left, right) {
			t.Errorf("%s differs between two saves of one state", name)
		}
	}
}

func TestNoCheckpoint(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "absent")} {
		if _, _, err := Latest(dir); fault.Of(err) != fault.NotFound {
			t.Errorf("%v, want not found", err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent")); fault.Of(err) != fault.NotFound {
		t.Errorf("%v, want not found", err)
	}
}

// Steps beyond nine digits sort by number, and names that only resemble a checkpoint are none.
func TestListOrdersBySteps(t *testing.T) {
	dir := t.TempDir()
	saveSteps(t, dir, 2_000_000_000, 5, 999_999_999)
	for _, name := range []string{"step-7", "step-00000000x", "step-", "other"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var steps []int
	for _, e := range entries {
		steps = append(steps, e.Step)
	}
	if diff := cmp.Diff([]int{5, 999_999_999, 2_000_000_000}, steps); diff != "" {
		t.Error(diff)
	}
}

// damage is one way to spoil a checkpoint folder.
type damage struct {
	name string
	do   func(t *testing.T, path string)
}

func edit(file string, change func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		name := filepath.Join(path, file)
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, change(raw), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func flip(at func(n int) int) func([]byte) []byte {
	return func(raw []byte) []byte {
		raw[at(len(raw))] ^= 0x10
		return raw
	}
}

func remove(file string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(path, file)); err != nil {
			t.Fatal(err)
		}
	}
}

func half(raw []byte) []byte { return raw[:len(raw)/2] }

func none([]byte) []byte { return nil }

func last(n int) int { return n - 1 }

func middle(n int) int { return n / 2 }

var damages = []damage{
	{"a bit of the last tensor flips", edit(tensorsFile, flip(last))},
	{"a bit of the header flips", edit(tensorsFile, flip(func(int) int { return 20 }))},
	{"tensors cut in half", edit(tensorsFile, half)},
	{"tensors empty", edit(tensorsFile, none)},
	{"tensors missing", remove(tensorsFile)},
	{"a bit of the state flips", edit(stateFile, flip(middle))},
	{"a digit of the state changes", edit(stateFile, func(raw []byte) []byte {
		return bytes.Replace(raw, []byte(`"sampler_step": 30`), []byte(`"sampler_step": 31`), 1)
	})},
	{"state cut in half", edit(stateFile, half)},
	{"state missing", remove(stateFile)},
	{"a bit of the sums flips", edit(sumsFile, flip(func(int) int { return 3 }))},
	{"sums empty", edit(sumsFile, none)},
	{"sums missing", remove(sumsFile)},
	{"nothing inside", func(t *testing.T, path string) {
		for _, name := range names(t, path) {
			remove(name)(t, path)
		}
	}},
	{"the folder of another step", func(t *testing.T, path string) {
		remove("")(t, path)
		if err := os.Rename(saveSteps(t, t.TempDir(), 31)[0], path); err != nil {
			t.Fatal(err)
		}
	}},
}

func TestDamagedNewestFallsBackAndIsNamed(t *testing.T) {
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			dir := t.TempDir()
			paths := saveSteps(t, dir, 10, 20, 30)
			d.do(t, paths[2])
			c, skipped := mustLatest(t, dir)
			if c.Meta.Step != 20 {
				t.Errorf("fell back to step %d, want 20", c.Meta.Step)
			}
			if len(skipped) != 1 || !strings.Contains(skipped[0].Error(), paths[2]) || fault.Of(skipped[0]) != fault.Corrupt {
				t.Errorf("skipped %v, want %s as corrupt", skipped, paths[2])
			}
			// Training on reaches the damaged step again and puts a good one in its place.
			saveSteps(t, dir, 30)
			if c, skipped := mustLatest(t, dir); c.Meta.Step != 30 || len(skipped) != 0 {
				t.Errorf("after saving step 30 anew: step %d, skipped %v", c.Meta.Step, skipped)
			}
			if diff := cmp.Diff(3, len(names(t, dir))); diff != "" {
				t.Errorf("left in the folder: %v", names(t, dir))
			}
		})
	}
}

func TestAllDamagedIsNotNoCheckpoint(t *testing.T) {
	dir := t.TempDir()
	for _, path := range saveSteps(t, dir, 1, 2) {
		damages[0].do(t, path)
	}
	_, skipped, err := Latest(dir)
	if fault.Of(err) != fault.Corrupt || len(skipped) != 2 {
		t.Errorf("%v, skipped %v", err, skipped)
	}
}

// A checkpoint of a later build is refused rather than passed over for an older one.
func TestNewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	saveSteps(t, dir, 1)
	newer := []byte(fmt.Sprintf(`{"format": %d, "kind": %q}`, Format+1, Kind))
	if _, err := decodeMeta(newer); fault.Of(err) != fault.Mismatch {
		t.Fatalf("%v, want mismatch", err)
	}
	path := filepath.Join(dir, folderName(2))
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name string, raw []byte) string {
		if err := os.WriteFile(filepath.Join(path, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x  %s\n", sha256.Sum256(raw), name)
	}
	write(sumsFile, []byte(write(tensorsFile, []byte("later"))+write(stateFile, newer)))
	if _, _, err := Latest(dir); fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "newer build") {
		t.Errorf("%v, want a mismatch with the remedy", err)
	}
}

func TestSaveRefuses(t *testing.T) {
	nan := math.NaN()
	bad := metaOf(1)
	bad.Score = &nan
	for name, save := range map[string]func(dir string) error{
		"negative step": func(dir string) error { _, err := Save(dir, metaOf(-1), InMemory(nil)); return err },
		"score NaN":     func(dir string) error { _, err := Save(dir, bad, InMemory(nil)); return err },
		"tensor twice": func(dir string) error {
			_, err := Save(dir, metaOf(1), InMemory(append(state(1), state(1)...)))
			return err
		},
		"bytes too few": func(dir string) error { _, err := Save(dir, metaOf(1), shortSource()); return err },
		"unknown dtype": func(dir string) error { _, err := Save(dir, metaOf(1), dtypeSource()); return err },
		"fetch that fails": func(dir string) error {
			_, err := Save(dir, metaOf(1), failingSource(fault.New(fault.Invalid, "lost")))
			return err
		},
	} {
		dir := t.TempDir()
		if err := save(dir); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if left := names(t, dir); len(left) != 0 {
			t.Errorf("%s left %v", name, left)
		}
	}
}

func shortSource() Source {
	s := InMemory(state(1))
	s.Fetch = func(safetensorsio.Info) ([]byte, error) { return nil, nil }
	return s
}

func dtypeSource() Source {
	return InMemory([]safetensorsio.Tensor{{Name: "w", DType: "F3"}})
}

// failingSource gives some tensors and then the error.
func failingSource(err error) Source {
	s := InMemory(state(1))
	fetch, calls := s.Fetch, 0
	s.Fetch = func(in safetensorsio.Info) ([]byte, error) {
		if calls++; calls > 2 {
			return nil, err
		}
		return fetch(in)
	}
	return s
}

func TestErrorsOfTheSourceAreWrapped(t *testing.T) {
	lost := errors.New("device lost")
	_, err := Save(t.TempDir(), metaOf(1), failingSource(lost))
	if !errors.Is(err, lost) || !strings.Contains(err.Error(), "save checkpoint") {
		t.Errorf("%v", err)
	}
}
