package serve_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"hives/internal/fault"
	"hives/internal/rig/servetest"
	"hives/internal/serve"
	"hives/pack"
	hivesv1 "hives/proto/hives/v1"
)

func health(t *testing.T, f *servetest.Fixture) healthv1.HealthCheckResponse_ServingStatus {
	t.Helper()
	r, err := healthv1.NewHealthClient(f.Conn).Check(ctx(t), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return r.Status
}

// TestNotServingUntilAnyTextFits holds the loader: the port answers, and says that it cannot embed. It serves with the
// two shapes in which any text fits alone, and the rest follows.
func TestNotServingUntilAnyTextFits(t *testing.T) {
	r := &servetest.Runner{}
	o, release := servetest.Options(t, r), make(chan struct{})
	load := o.Load
	o.Load = func(ctx context.Context) (*serve.Model, error) { <-release; return load(ctx) }
	f := servetest.Launch(t, o)
	c := hivesv1.NewEmbedServiceClient(f.Conn)
	if s := health(t, f); s != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health is %v while the model is being loaded", s)
	}
	_, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"early"}})
	refusal(t, err, codes.Unavailable, "STARTING")
	close(release)
	<-f.Ready()
	if s := health(t, f); s != healthv1.HealthCheckResponse_SERVING || r.Compiled.Load() < 2 {
		t.Errorf("health is %v with %d of %d shapes compiled", s, r.Compiled.Load(), len(r.Shapes()))
	}
	long := &hivesv1.EmbedRequest{Texts: []string{strings.Repeat("long ", servetest.MaxLength)}}
	if _, err = c.Embed(ctx(t), long); err != nil {
		t.Errorf("a text of the longest kind with few shapes: %v", err)
	}
	servetest.AwaitShapes(t, f)
	if r.Compiled.Load() != int32(len(r.Shapes())) {
		t.Errorf("%d of %d shapes were compiled in the end", r.Compiled.Load(), len(r.Shapes()))
	}
	if _, err = c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"ready"}}); err != nil {
		t.Error(err)
	}
}

// A server that is told to end while it loads has served nothing: that is no success, unlike the end of a drain.
func TestAnEndWhileLoadingIsNoSuccess(t *testing.T) {
	o := servetest.Options(t, &servetest.Runner{})
	loading := make(chan struct{})
	o.Load = func(ctx context.Context) (*serve.Model, error) { close(loading); <-ctx.Done(); return nil, ctx.Err() }
	f := servetest.Launch(t, o)
	<-loading
	f.Stop()
	if err := <-f.Done; fault.Of(err) != fault.Canceled {
		t.Errorf("ended while loading: %v", err)
	}
}

func TestAModelThatCannotBeLoadedEndsTheServer(t *testing.T) {
	o := servetest.Options(t, &servetest.Runner{})
	o.Load = func(context.Context) (*serve.Model, error) { return nil, fault.New(fault.NotFound, "no such folder") }
	f := servetest.Launch(t, o)
	if err := <-f.Done; fault.Of(err) != fault.NotFound {
		t.Errorf("Run: %v", err)
	}
}

// load keeps n clients busy until stop, and counts answers; a failure counts unless allowed says so.
func load(t *testing.T, f *servetest.Fixture, n int, allowed func(error) bool, model func(*hivesv1.EmbedResponse,
	string)) (stop func() int) {
	t.Helper()
	var wg sync.WaitGroup
	var answers atomic.Int64
	over := make(chan struct{})
	for w := range n {
		c := hivesv1.NewEmbedServiceClient(f.Dial())
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				text := fmt.Sprintf("client %d says %d", w, i)
				got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{text}})
				if err != nil {
					if !allowed(err) {
						t.Errorf("an accepted call failed: %v", err)
					}
					return
				}
				model(got, text)
				answers.Add(1)
			}
		})
	}
	return func() int { close(over); wg.Wait(); return int(answers.Load()) }
}

// TestDrainLosesNothing ends the server under load: a call either has its vector or was refused as UNAVAILABLE
// because no connection was left to take it.
func TestDrainLosesNothing(t *testing.T) {
	r := &servetest.Runner{}
	f := servetest.Start(t, servetest.Options(t, r), r)
	stop := load(t, f, 8, func(err error) bool {
		return status.Code(err) == codes.Unavailable || errors.Is(err, context.DeadlineExceeded)
	}, func(got *hivesv1.EmbedResponse, text string) { same(t, got, text) })
	eventually(t, "some load", func() bool { return r.Batches() > 20 })
	f.Stop()
	if err := <-f.Done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if stop() == 0 || f.Serving() {
		t.Error("nothing was answered, or the health still says SERVING")
	}
}

// TestAcceptedCallsAreAnsweredDuringTheDrain ends the server while the engine holds three calls, a stream and a
// health watch: all calls get their vectors, the stream its answer.
func TestAcceptedCallsAreAnsweredDuringTheDrain(t *testing.T) {
	f, r, c := held(t, nil)
	watch, err := healthv1.NewHealthClient(f.Conn).Watch(ctx(t), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if first, err := watch.Recv(); err != nil || first.Status != healthv1.HealthCheckResponse_SERVING {
		t.Fatal(first, err)
	}
	stream, err := c.EmbedStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&hivesv1.EmbedStreamRequest{Tag: 7,
		Request: &hivesv1.EmbedRequest{Texts: []string{"in a stream"}}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stream's text on the engine", func() bool { return r.Batches() == 1 })
	var wg sync.WaitGroup
	for _, text := range []string{"a", "b", "c"} {
		wg.Go(func() {
			got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{text}})
			if err != nil {
				t.Errorf("an accepted call: %v", err)
				return
			}
			same(t, got, text)
		})
	}
	eventually(t, "three calls in the queue", func() bool { return queued(t, f) == 6 })
	f.Stop()
	eventually(t, "NOT_SERVING", func() bool { return !f.Serving() })
	close(r.Gate)
	wg.Wait()
	got, err := stream.Recv()
	if err != nil || got.Tag != 7 {
		t.Fatalf("the stream's answer: %v, %v", got, err)
	}
	same(t, got.GetResponse(), "in a stream")
	_, err = stream.Recv()
	refusal(t, err, codes.Unavailable, "DRAINING")
	if err := <-f.Done; err != nil {
		t.Error(err)
	}
}

// TestSwapUnderLoadFailsNothing swaps between two models again and again; every vector is of the model that the
// answer names.
func TestSwapUnderLoadFailsNothing(t *testing.T) {
	var loads atomic.Int32
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.CacheTexts = 1000
	closed := atomic.Int32{}
	o.Load = func(context.Context) (*serve.Model, error) {
		m := servetest.Model(t, &servetest.Runner{Offset: loads.Add(1) % 2})
		m.Close = func() { closed.Add(1) }
		return m, nil
	}
	f := servetest.Start(t, o, r)
	seen := [2]atomic.Int64{}
	stop := load(t, f, 6, func(error) bool { return false }, func(got *hivesv1.EmbedResponse, text string) {
		offset := int32(0)
		if got.Model.WeightsSha256 == "weights1" {
			offset = 1
		}
		seen[offset].Add(1)
		ids, _, _ := servetest.Framed(t).Encode(text)
		for i := range ids {
			ids[i] += offset
		}
		if d := distance(got.Embeddings[0].Values, unitOf(servetest.Vector(ids), servetest.Dim)); d > 1e-6 {
			t.Errorf("a vector of model %d differs by %g", offset, d)
		}
	})
	for i := range 6 {
		before := seen[0].Load() + seen[1].Load()
		eventually(t, "answers between swaps", func() bool { return seen[0].Load()+seen[1].Load() > before+5 })
		if err := f.Swap(ctx(t)); err != nil {
			t.Errorf("swap %d: %v", i, err)
		}
	}
	stop()
	if seen[0].Load() == 0 || seen[1].Load() == 0 {
		t.Errorf("answers of both models: %d, %d", seen[0].Load(), seen[1].Load())
	}
	eventually(t, "six models to be freed", func() bool { return closed.Load() == 6 })
}

// TestARefusedSwapLeavesTheOldModel offers a model that cannot be loaded, and one whose vectors are not finite.
func TestARefusedSwapLeavesTheOldModel(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	first, bad := true, func() (*serve.Model, error) { return nil, fault.New(fault.Corrupt, "torn") }
	o.Load = func(context.Context) (*serve.Model, error) {
		if first {
			first = false
			return servetest.Model(t, r), nil
		}
		return bad()
	}
	f := servetest.Start(t, o, r)
	c := hivesv1.NewEmbedServiceClient(f.Conn)
	freed := false
	for name, offer := range map[string]func() (*serve.Model, error){
		"torn": bad,
		"not finite": func() (*serve.Model, error) {
			m := servetest.Model(t, r)
			m.Runner, m.Close = spoiled{r}, func() { freed = true }
			return m, nil
		},
	} {
		bad = offer
		if err := f.Swap(ctx(t)); err == nil {
			t.Errorf("%s: the swap went through", name)
		}
		got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"still here"}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, got, "still here")
	}
	if !freed || health(t, f) != healthv1.HealthCheckResponse_SERVING {
		t.Error("the refused model was kept, or the health fell")
	}
}

// spoiled makes every vector NaN.
type spoiled struct{ *servetest.Runner }

func (s spoiled) Run(ctx context.Context, b *pack.Batch) ([]float32, error) {
	out, err := s.Runner.Run(ctx, b)
	for i := range out {
		out[i] = float32(math.NaN())
	}
	return out, err
}

// TestALostEngineEndsTheServer fails every batch: the call fails, the health falls, Run returns an error.
func TestALostEngineEndsTheServer(t *testing.T) {
	for name, fail := range map[string]func() error{
		"errors": func() error { return errors.New("no device") },
		"panics": func() error { panic("no device") },
	} {
		r := &servetest.Runner{OnRun: func(*pack.Batch) error { return fail() }}
		f := servetest.Start(t, servetest.Options(t, r), r)
		_, err := hivesv1.NewEmbedServiceClient(f.Conn).Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"a"}})
		if status.Code(err) != codes.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
		if err := <-f.Done; fault.Of(err) != fault.Unavailable || f.Serving() {
			t.Errorf("%s: Run ended with %v, serving %v", name, err, f.Serving())
		}
	}
}

// TestSelfCheckDrivesTheHealth lets the engine be wrong once: the health falls and comes back. Wrong for good, it
// ends the server.
func TestSelfCheckDrivesTheHealth(t *testing.T) {
	r, wrong := &servetest.Runner{}, &atomic.Int32{}
	o := servetest.Options(t, r)
	o.Times.SelfCheck = 200 * time.Millisecond
	o.Load = func(context.Context) (*serve.Model, error) {
		m := servetest.Model(t, r)
		m.Runner = drifting{r, wrong}
		return m, nil
	}
	f := servetest.Start(t, o, r)
	watch, err := healthv1.NewHealthClient(f.Conn).Watch(ctx(t), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want healthv1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		if got, err := watch.Recv(); err != nil || got.Status != want {
			t.Fatalf("health %v, %v; want %v", got.GetStatus(), err, want)
		}
	}
	expect(healthv1.HealthCheckResponse_SERVING)
	wrong.Store(1)
	expect(healthv1.HealthCheckResponse_NOT_SERVING)
	expect(healthv1.HealthCheckResponse_SERVING)
	wrong.Store(math.MaxInt32)
	expect(healthv1.HealthCheckResponse_NOT_SERVING)
	if err := <-f.Done; fault.Of(err) != fault.Unavailable {
		t.Errorf("Run ended with %v", err)
	}
}

// drifting adds to the vectors of the next so many batches.
type drifting struct {
	*servetest.Runner
	wrong *atomic.Int32
}

func (d drifting) Run(ctx context.Context, b *pack.Batch) ([]float32, error) {
	out, err := d.Runner.Run(ctx, b)
	if d.wrong.Load() > 0 {
		d.wrong.Add(-1)
		for i := range out {
			out[i]++
		}
	}
	return out, err
}

// TestTheEndWaitsForASwap ends the server while another model is being loaded: the load is told to end, and what it
// brought is freed before Run returns.
func TestTheEndWaitsForASwap(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	var loads, closed atomic.Int32
	o.Load = func(ctx context.Context) (*serve.Model, error) {
		if loads.Add(1) == 2 {
			<-ctx.Done()
		}
		m := servetest.Model(t, r)
		m.Close = func() { closed.Add(1) }
		return m, nil
	}
	f := servetest.Start(t, o, r)
	swapped := make(chan error, 1)
	go func() { swapped <- f.Swap(context.Background()) }()
	eventually(t, "the swap to begin", func() bool { return loads.Load() == 2 })
	f.Stop()
	if err := <-f.Done; err != nil || closed.Load() != 2 {
		t.Errorf("Run: %v, with %d of 2 models freed", err, closed.Load())
	}
	if err := <-swapped; err == nil {
		t.Error("a swap went through although the server was ending")
	}
}
