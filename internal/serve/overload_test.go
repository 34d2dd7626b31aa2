package serve_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	hivesv1 "hives/proto/hives/v1"
	"hives/proto/tei/v1"
)

// held starts a server whose engine waits for the gate, with a queue of 64 tokens.
func held(t *testing.T, change func(*serve.Options)) (*servetest.Fixture, *servetest.Runner,
	hivesv1.EmbedServiceClient) {
	t.Helper()
	r := &servetest.Runner{Gate: make(chan struct{})}
	o := servetest.Options(t, r)
	o.Limits.RequestTokens, o.Limits.QueueTokens = 32, 64
	if change != nil {
		change(&o)
	}
	f := servetest.Start(t, o, r)
	return f, r, hivesv1.NewEmbedServiceClient(f.Conn)
}

// queued is how many tokens wait for the fixture's engine.
func queued(t *testing.T, f *servetest.Fixture) int {
	g, release, err := f.Acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	return g.Stats().Waiting
}

// fill makes the engine busy with one long text and lets two more wait, which fills the queue. The answers come
// once the gate opens.
func fill(t *testing.T, f *servetest.Fixture, r *servetest.Runner, c hivesv1.EmbedServiceClient) *sync.WaitGroup {
	t.Helper()
	var wg sync.WaitGroup
	for i, begin := range []string{"one ", "two ", "three "} {
		text := begin + long
		wg.Go(func() {
			got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{text}})
			if err != nil {
				t.Errorf("an accepted request failed: %v", err)
				return
			}
			same(t, got, text)
		})
		eventually(t, "the request to arrive", func() bool {
			return r.Batches() == 1 &&
				queued(t, f) == i*servetest.MaxLength
		})
	}
	return &wg
}

// TestOverloadIsRefusedBeforeWork sends more than the queue holds: RESOURCE_EXHAUSTED with a delay, and no batch.
func TestOverloadIsRefusedBeforeWork(t *testing.T) {
	f, r, c := held(t, nil)
	wg := fill(t, f, r, c)
	for range 100 {
		_, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"one too many"}})
		refusal(t, err, codes.ResourceExhausted, "QUEUE_FULL")
		if d := retryDelay(err); d < 100*time.Millisecond || d > 30*time.Second {
			t.Fatalf("a delay of %v before trying again", d)
		}
	}
	if _, err := teiv1.NewEmbedClient(f.Conn).Embed(ctx(t),
		&teiv1.EmbedRequest{Inputs: "one too many"}); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("the same for clients of another server: %v", err)
	}
	close(r.Gate)
	wg.Wait()
	if r.Batches() > 3 {
		t.Errorf("%d batches for three texts", r.Batches())
	}
	if got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"after"}}); err != nil {
		t.Errorf("after the load: %v", err)
	} else {
		same(t, got, "after")
	}
}

func retryDelay(err error) time.Duration {
	for _, d := range status.Convert(err).Details() {
		if retry, ok := d.(*errdetails.RetryInfo); ok {
			return retry.RetryDelay.AsDuration()
		}
	}
	return 0
}

// TestCancelledAndExpiredRequestsLeaveTheQueue takes two requests out of a full queue: their room is free again
// while the engine still works on the first.
func TestCancelledAndExpiredRequestsLeaveTheQueue(t *testing.T) {
	f, r, c := held(t, nil)
	first := make(chan error, 1)
	go func() {
		_, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{long}})
		first <- err
	}()
	eventually(t, "the first batch", func() bool { return r.Batches() == 1 })
	cancelled, cancel := context.WithCancel(ctx(t))
	expiring, stop := context.WithTimeout(ctx(t), 100*time.Millisecond)
	defer stop()
	errs := make(chan error, 2)
	for name, c1 := range map[string]context.Context{"cancelled ": cancelled, "expiring ": expiring} {
		go func() {
			_, err := c.Embed(c1, &hivesv1.EmbedRequest{Texts: []string{name + long}})
			errs <- err
		}()
	}
	eventually(t, "one to expire", func() bool { return expiring.Err() != nil && queued(t, f) <= servetest.MaxLength })
	cancel()
	eventually(t, "an empty queue", func() bool { return queued(t, f) == 0 })
	codesSeen := map[codes.Code]bool{status.Code(<-errs): true, status.Code(<-errs): true}
	if !codesSeen[codes.Canceled] || !codesSeen[codes.DeadlineExceeded] {
		t.Errorf("codes %v", codesSeen)
	}
	close(r.Gate)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if r.Batches() != 1 {
		t.Errorf("%d batches: a text that nobody waited for was computed", r.Batches())
	}
}

// TestCallsAndStreamsAreCounted refuses the third call of two and the stream beyond the limit.
func TestCallsAndStreamsAreCounted(t *testing.T) {
	f, r, c := held(t, func(o *serve.Options) { o.Limits.Calls, o.Limits.BulkStreams = 3, 1 })
	stream, err := c.EmbedStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stream", func() bool { return f.Calls() == 1 })
	second, err := c.EmbedStream(ctx(t))
	if err == nil {
		_, err = second.Recv()
	}
	refusal(t, err, codes.ResourceExhausted, "TOO_MANY_STREAMS")
	eventually(t, "the second stream to end", func() bool { return f.Calls() == 1 })
	var wg sync.WaitGroup
	for _, text := range []string{"a", "b"} {
		wg.Go(func() {
			if _, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{text}}); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "three calls", func() bool { return f.Calls() == 3 })
	_, err = c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"c"}})
	refusal(t, err, codes.ResourceExhausted, "TOO_MANY_CALLS")
	close(r.Gate)
	wg.Wait()
	if err := stream.CloseSend(); err != nil {
		t.Error(err)
	}
}

// TestMalformedMessagesAreTheClientsFault sends bytes that are no message, and a message that is too large.
func TestMalformedMessagesAreTheClientsFault(t *testing.T) {
	f, c := start(t)
	err := f.Conn.Invoke(ctx(t), hivesv1.EmbedService_Embed_FullMethodName, []byte{0xff, 0xff, 0xff},
		&hivesv1.EmbedResponse{}, rawBytes)
	refusal(t, err, codes.InvalidArgument, "MALFORMED")
	_, err = c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{strings.Repeat("a", 5<<20)}})
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a message of 5 MiB: %v", err)
	}
	if got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"after"}}); err != nil {
		t.Error(err)
	} else {
		same(t, got, "after")
	}
}
