package schedule

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/serve/share"
	"hives/pack"
)

const fakeDim = 4

// fakeVector depends on the ids and their order, and on nothing else.
func fakeVector(ids []int32) []float32 {
	v := make([]float32, fakeDim)
	for i, id := range ids {
		for k := range v {
			v[k] += float32(math.Sin(float64(int(id)*(k+3) + 7*i)))
		}
	}
	return v
}

// fakeRunner computes fakeVector of every slot by reading the batch alone. Tests hold it at the gate, make it
// fail, and see what it was given.
type fakeRunner struct {
	shapes []pack.Shape
	gate   chan struct{} // nil lets everything pass; else one value lets one batch pass
	onRun  func(*pack.Batch) error

	running atomic.Int32
	mu      sync.Mutex
	seen    [][][]int32 // of each batch, the texts
}

func (f *fakeRunner) Shapes() []pack.Shape                      { return f.shapes }
func (f *fakeRunner) Compile(context.Context, pack.Shape) error { return nil }
func (f *fakeRunner) Dim() int                                  { return fakeDim }
func (f *fakeRunner) Attention() float64                        { return 512 }

func (f *fakeRunner) Run(_ context.Context, b *pack.Batch) ([]float32, error) {
	if f.running.Add(1) > 1 {
		panic("two batches at once")
	}
	defer f.running.Add(-1)
	texts := make([][]int32, len(b.Members))
	for at, slot := range b.Texts {
		if slot >= 0 {
			texts[slot] = append(texts[slot], b.IDs[at])
		}
	}
	f.mu.Lock()
	f.seen = append(f.seen, texts)
	f.mu.Unlock()
	if f.gate != nil {
		<-f.gate
	}
	if f.onRun != nil {
		if err := f.onRun(b); err != nil {
			return nil, err
		}
	}
	out := make([]float32, b.Shape.Texts*fakeDim)
	for slot, ids := range texts {
		copy(out[slot*fakeDim:], fakeVector(ids))
	}
	return out, nil
}

// batches is how many the runner has been given.
func (f *fakeRunner) batches() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.seen)
}

func smallShapes() []pack.Shape {
	return []pack.Shape{{Rows: 1, Length: 8, Texts: 2}, {Rows: 4, Length: 8, Texts: 8}}
}

// start makes a scheduler over f; unset options get small values.
func start(t *testing.T, f *fakeRunner, o Options) *Scheduler {
	t.Helper()
	if f.shapes == nil {
		f.shapes = smallShapes()
	}
	if o.MaxTokens == 0 {
		o.MaxTokens = 1000
	}
	if o.Probe == nil {
		o.Probe = []int32{1, 2}
	}
	s, err := New(f, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// text makes a text of n ids that begin with first.
func text(first int32, n int) Text {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = first + int32(i)
	}
	return Text{Key: Key{byte(first), byte(first >> 8), byte(first >> 16), byte(n)}, IDs: ids}
}

// embed admits and embeds in a flow of its own.
func embed(ctx context.Context, s *Scheduler, texts ...Text) ([]Result, error) {
	tokens := 0
	for _, x := range texts {
		tokens += len(x.IDs)
	}
	ticket, err := s.Admit(ctx, share.Who{}, tokens, false)
	if err != nil {
		return nil, err
	}
	defer ticket.Release()
	return ticket.Embed(ctx, &Flow{}, texts)
}

// check compares results with fakeVector.
func check(t *testing.T, texts []Text, results []Result) {
	t.Helper()
	if len(results) != len(texts) {
		t.Fatalf("%d results for %d texts", len(results), len(texts))
	}
	for i, r := range results {
		want := fakeVector(texts[i].IDs)
		for k := range want {
			if r.Vector[k] != want[k] {
				t.Fatalf("text %d has the vector %v, want %v", i, r.Vector, want)
			}
		}
	}
}

// eventually waits for a condition that other goroutines bring about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 2000 {
		if holds() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s", what)
}

var errFake = errors.New("the fake engine fails")

// isKind fails the test unless err is of the kind.
func isKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.Of(err) != want {
		t.Errorf("error %v of kind %v, want kind %v", err, fault.Of(err), want)
	}
}
