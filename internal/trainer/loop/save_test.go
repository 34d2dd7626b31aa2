package loop

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/checkpoints"
	"hives/internal/optim"
	"hives/internal/trainer/state"
	"hives/model/transformer"
)

// smallState is that of one weight.
func smallState(t *testing.T, values ...float32) (*state.Parameters, *model.Variable) {
	t.Helper()
	store := model.NewStore()
	v, err := store.CreateVariable(transformer.Scope+"/w", tensors.FromValue(values))
	if err != nil {
		t.Fatal(err)
	}
	return &state.Parameters{Store: store, Trained: []*model.Variable{v}}, v
}

func setTo(t *testing.T, v *model.Variable, values ...float32) {
	t.Helper()
	if err := v.SetValue(tensors.FromValue(values)); err != nil {
		t.Fatal(err)
	}
}

// saverIn saves into a folder and notes what happens when.
func saverIn(dir string) (s *saver, events func() []string, note func(string)) {
	var mu sync.Mutex
	var list []string
	note = func(what string) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, what)
	}
	s = newSaver(dir, checkpoints.Keep{Last: 5}, false)
	s.before = func() error { note("log"); return nil }
	s.after = func(checkpoints.Meta) error { note("landed"); return nil }
	return s, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(list) }, note
}

func savedWeight(t *testing.T, dir string, step int) []float32 {
	t.Helper()
	c, _, err := checkpoints.LatestUpTo(dir, step)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Meta.Step != step {
		t.Fatalf("latest is step %d, want %d", c.Meta.Step, step)
	}
	small, v := smallState(t, 0, 0)
	if err := small.Restore(c, optim.MomentsF32); err != nil {
		t.Fatal(err)
	}
	value, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](value)
}

// The state may change while it is written, and a second save waits for the first.
func TestSaverWritesTheStateAsItWasAtTheStep(t *testing.T) {
	dir := t.TempDir()
	small, weight := smallState(t, 1, 2)
	s, events, note := saverIn(dir)
	entered, release := make(chan int), make(chan bool)
	s.write = func(dir string, meta checkpoints.Meta, src checkpoints.Source) (string, error) {
		entered <- meta.Step
		<-release
		path, err := checkpoints.Save(dir, meta, src)
		note("written")
		return path, err
	}
	if err := s.begin(checkpoints.Meta{Step: 5}, small); err != nil {
		t.Fatal(err)
	}
	<-entered // begin has returned, and the write has not begun
	setTo(t, weight, 3, 4)
	if err := s.poll(); err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() { second <- s.begin(checkpoints.Meta{Step: 6}, small) }()
	select {
	case <-entered:
		t.Fatal("two saves at once")
	case <-second:
		t.Fatal("the second save did not wait for the first")
	case release <- true:
	}
	<-entered
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	setTo(t, weight, 5, 6)
	release <- true
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	if got := savedWeight(t, dir, 5); !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("checkpoint 5 holds %v, want the state of step 5: 1, 2", got)
	}
	if got := savedWeight(t, dir, 6); !slices.Equal(got, []float32{3, 4}) {
		t.Errorf("checkpoint 6 holds %v, want 3, 4: the copy of step 5 must not have been in its way", got)
	}
	want := []string{"log", "written", "landed", "log", "written", "landed"}
	if got := events(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v: the log is durable before each checkpoint", got, want)
	}
}

// A full disk comes out at a later step; once there is room the same step can be saved.
func TestSaverReportsAtALaterStep(t *testing.T) {
	dir := t.TempDir()
	small, _ := smallState(t, 1, 2)
	s, _, _ := saverIn(dir)
	s.write = func(string, checkpoints.Meta, checkpoints.Source) (string, error) { return "", syscall.ENOSPC }
	if err := s.begin(checkpoints.Meta{Step: 5}, small); err != nil {
		t.Fatalf("begin itself failed: %v", err)
	}
	var err error
	for s.flight != nil && err == nil {
		runtime.Gosched()
		err = s.poll()
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v, want the disk's error", err)
	}
	s.write = checkpoints.Save
	if err := s.now(checkpoints.Meta{Step: 5}, small); err != nil {
		t.Fatal(err)
	}
	savedWeight(t, dir, 5)
}

// A save under way that fails does not matter when the one behind it succeeds, and does when that fails too.
func TestSaverAtTheEndSupersedesAFailedSave(t *testing.T) {
	small, _ := smallState(t, 1, 2)
	for _, fails := range []int{1, 2} {
		dir := t.TempDir()
		s, _, _ := saverIn(dir)
		calls := 0
		s.write = func(dir string, meta checkpoints.Meta, src checkpoints.Source) (string, error) {
			if calls++; calls <= fails {
				return "", syscall.ENOSPC
			}
			return checkpoints.Save(dir, meta, src)
		}
		if err := s.begin(checkpoints.Meta{Step: 5}, small); err != nil {
			t.Fatal(err)
		}
		err := s.now(checkpoints.Meta{Step: 6}, small)
		if failed := errors.Is(err, syscall.ENOSPC); failed != (fails == 2) {
			t.Errorf("%d failing writes: %v", fails, err)
		}
	}
}

// A step that has been saved is not saved again at the end.
func TestSaverSavesAStepOnce(t *testing.T) {
	small, _ := smallState(t, 1, 2)
	for _, waiting := range []bool{false, true} {
		s, events, _ := saverIn(t.TempDir())
		s.waiting = waiting
		if err := errors.Join(s.begin(checkpoints.Meta{Step: 5}, small), s.now(checkpoints.Meta{Step: 5},
			small)); err != nil {
			t.Fatal(err)
		}
		if got := events(); !slices.Equal(got, []string{"log", "landed"}) {
			t.Errorf("waiting %v: %v, want one save", waiting, got)
		}
		if waiting != (len(s.copies) == 0) {
			t.Errorf("waiting %v: %d tensors copied", waiting, len(s.copies))
		}
	}
}
