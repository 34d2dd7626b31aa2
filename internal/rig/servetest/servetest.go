// Package servetest runs a serve.Server in a test, over an engine that is a formula.
//
// Why a formula? A test of the server wants to know which text's vector came back, and whether a neighbour leaked
// into it. Vector depends on a text's ids alone, so each answer can be computed and compared, in microseconds and
// without an engine. The Runner can be held up, made to fail or to panic, which an engine cannot.
//
//	r := &servetest.Runner{}
//	f := servetest.Start(t, servetest.Options(t, r), r)
//	reply, err := hivesv1.NewEmbedServiceClient(f.Conn).Embed(ctx, &hivesv1.EmbedRequest{Texts: []string{"a lie"}})
//
// The connection is a pipe within the process, so a test takes no port.
package servetest

import (
	"context"
	"math"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"hives/internal/rig/goldentest"
	"hives/internal/serve"
	"hives/pack"
	hivesv1 "hives/proto/hives/v1"
	"hives/tokenizer"
)

// Sizes of the fake model: small, so that a limit is reached with a few words. Vocabulary is that of the demo's
// tokenizer.
const (
	Dim        = 6
	MaxLength  = 32
	Vocabulary = 8192
)

// Vector is the fake model's raw vector [Dim] of framed ids: it depends on nothing else. Each id's place is in it
// (7·i), so that ids in another order, or shifted by one, give another vector.
func Vector(ids []int32) []float32 {
	// The sine makes numbers of both signs, none of them special; k+3 makes each dimension another function of the
	// id.
	v := make([]float32, Dim)
	for i, id := range ids {
		for k := range v {
			v[k] += float32(math.Sin(float64(int(id)*(k+3) + 7*i)))
		}
	}
	return v
}

// Runner computes Vector of every slot from the batch alone. Its fields are set before it serves.
//
//	Gate     r.Gate <- struct{}{} lets one batch pass: what waits meanwhile can be counted
//	OnRun    returns an error, panics or blocks: an engine in trouble
//	Offset   another model, for swaps
type Runner struct {
	// nil lets every batch pass; else a value lets one pass. Self-checks at the start pass
	Gate     chan struct{}
	OnRun    func(*pack.Batch) error // may fail, panic or wait, once the server is ready
	Offset   int32                   // added to every id: another model
	Ready    atomic.Bool             // set by Start
	Compiled atomic.Int32            // calls of Compile

	mu      sync.Mutex
	batches int
}

// Shapes implements schedule.Runner: one for few short texts, one for one long row, one for many.
func (r *Runner) Shapes() []pack.Shape {
	return []pack.Shape{{Rows: 1, Length: 8, Texts: 2}, {Rows: 1, Length: MaxLength, Texts: 8},
		{Rows: 4, Length: MaxLength, Texts: 32}}
}

// Dim implements schedule.Runner.
func (r *Runner) Dim() int { return Dim }

// Attention implements schedule.Runner.
func (r *Runner) Attention() float64 { return pack.Attention }

// Batches is how many batches were begun since the server is ready.
func (r *Runner) Batches() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.batches
}

// Run implements schedule.Runner. It reads which slot each position belongs to, as a real engine's mask does, so a
// batch that was packed wrong gives wrong vectors.
func (r *Runner) Run(_ context.Context, b *pack.Batch) ([]float32, error) {
	texts := make([][]int32, b.Shape.Texts)
	for at, slot := range b.Texts {
		if slot >= 0 {
			texts[slot] = append(texts[slot], b.IDs[at]+r.Offset)
		}
	}
	// Before that the batches are those of the server's own check.
	if r.Ready.Load() {
		r.mu.Lock()
		r.batches++
		r.mu.Unlock()
		if r.Gate != nil {
			<-r.Gate
		}
		if r.OnRun != nil {
			if err := r.OnRun(b); err != nil {
				return nil, err
			}
		}
	}
	// [Texts, Dim], slots without a text included: the sum of nothing is 0.
	out := make([]float32, 0, b.Shape.Texts*Dim)
	for _, ids := range texts {
		out = append(out, Vector(ids)...)
	}
	return out, nil
}

// Compile implements schedule.Runner.
func (r *Runner) Compile(context.Context, pack.Shape) error {
	r.Compiled.Add(1)
	return nil
}

var (
	// A mutex and not a Once: a Once whose function ends a test would count as done.
	framedOnce sync.Mutex
	framed     *tokenizer.Framed
)

// Framed is the demo's tokenizer, cutting at MaxLength; opened once for all tests of a process, which only read it.
func Framed(t testing.TB) *tokenizer.Framed {
	t.Helper()
	framedOnce.Lock()
	defer framedOnce.Unlock()
	if framed != nil {
		return framed
	}
	tok, err := tokenizer.Open(filepath.Join(goldentest.ModuleRoot(t), "demo", "model"))
	if err != nil {
		t.Fatal(err)
	}
	if framed, err = tokenizer.NewFramed(tok, MaxLength, ""); err != nil {
		t.Fatal(err)
	}
	return framed
}

// Model wraps a runner as a loader would.
// The weights' name has the offset in it, so two fake models are told apart as two real ones are.
func Model(t testing.TB, r *Runner) *serve.Model {
	return &serve.Model{
		Runner: r, Framed: Framed(t), Vocabulary: Vocabulary, MaxLength: MaxLength, Exact: true, Close: func() {},
		Version: &hivesv1.ModelVersion{
			Name: "fake", WeightsSha256: "weights" + strconv.Itoa(int(r.Offset)), TokenizerSha256: "tokenizer",
			Dimension: Dim, MaxLength: MaxLength, Pooling: "last", Precision: "f32", Engine: "go",
		},
		Engine:  &hivesv1.Engine{Name: "go", Threads: 1},
		Prompts: map[string]string{"query": "Query: "},
	}
}

// Options are small limits and quick times around a runner. Self-checks are off, since a batch of theirs would be
// counted with those of the test.
func Options(t testing.TB, r *Runner) serve.Options {
	l, times := serve.DefaultLimits(), serve.DefaultTimes()
	// Small enough that a test reaches each with a request that it can write down.
	l.HTTPTexts, l.HTTPTokens = 16, 256
	l.Texts, l.RequestTokens, l.QueueTokens, l.BulkStreams = 16, 256, 1024, 4
	times.SelfCheck, times.Drain = 0, 20*time.Second
	return serve.Options{
		Load:   func(context.Context) (*serve.Model, error) { return Model(t, r), nil },
		Limits: l, Times: times, Server: "test",
	}
}

// Fixture is a server that serves. A test may end it by Stop and read Run's result from Done; otherwise it ends
// with the test.
type Fixture struct {
	*serve.Server
	Conn *grpc.ClientConn
	Dial func() *grpc.ClientConn // another connection
	Raw  func() net.Conn         // one without a client
	Stop context.CancelFunc      // what SIGTERM does
	Done <-chan error            // Run's result
}

// Start runs a server over r until the test ends, and waits until all shapes are in use. Only from its return on are
// batches counted and held up: those before are the server's own self-check.
func Start(t testing.TB, o serve.Options, r *Runner) *Fixture {
	t.Helper()
	f := Launch(t, o)
	select {
	case <-f.Ready():
	// A server that cannot start ends at once, and the test with its reason rather than a deadline.
	case err := <-f.Done:
		t.Fatalf("the server ended before it was ready: %v", err)
	}
	AwaitShapes(t, f)
	r.Ready.Store(true)
	return f
}

// AwaitShapes waits for the shapes that are compiled behind SERVING.
func AwaitShapes(t testing.TB, f *Fixture) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		g, release, err := f.Acquire()
		if err != nil {
			return // there is no model
		}
		whole := g.Compiled() == len(g.Runner.Shapes())
		release()
		if whole {
			return
		}
	}
	t.Fatal("some shapes are not in use after a minute")
}

// Launch begins to run a server and does not wait until it is ready.
// For tests of what happens before: NOT_SERVING, a model that cannot be loaded, an end while it loads.
func Launch(t testing.TB, o serve.Options) *Fixture {
	t.Helper()
	s, err := serve.New(o)
	if err != nil {
		t.Fatal(err)
	}
	// A megabyte of buffer each way: more than any reply of the fake model.
	l := bufconn.Listen(1 << 20)
	ctx, stop := context.WithCancel(context.Background())
	done, ended := make(chan error, 1), make(chan struct{})
	go func() { done <- s.Run(ctx, l); close(ended) }()
	f := &Fixture{Server: s, Stop: stop, Done: done}
	f.Dial = func() *grpc.ClientConn {
		conn, err := grpc.NewClient("passthrough:///fake", grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	// For tests of clients that speak no gRPC.
	f.Raw = func() net.Conn {
		conn, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	f.Conn = f.Dial()
	// The test waits for the server's end: goroutines of one test must not be found in the next.
	t.Cleanup(func() { stop(); <-ended })
	return f
}
