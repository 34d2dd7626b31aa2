package serve_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"hives/internal/rig/servetest"
	hivesv1 "hives/proto/hives/v1"
)

// connections counts those that were begun.
type connections struct{ n atomic.Int32 }

func (*connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (*connections) HandleRPC(context.Context, stats.RPCStats)                         {}
func (c *connections) HandleConn(_ context.Context, s stats.ConnStats) {
	if _, ok := s.(*stats.ConnBegin); ok {
		c.n.Add(1)
	}
}

// TestOldConnectionsEndWithoutAFailedCall calls without a pause while connections grow old, over a stream that outlives
// its own, and without an age, where one connection serves to the end.
func TestOldConnectionsEndWithoutAFailedCall(t *testing.T) {
	for _, age := range []time.Duration{30 * time.Millisecond, 0} {
		r, seen := &servetest.Runner{}, &connections{}
		o := servetest.Options(t, r)
		o.Times.Age, o.GRPC = age, []grpc.ServerOption{grpc.StatsHandler(seen)}
		c := hivesv1.NewEmbedServiceClient(servetest.Start(t, o, r).Conn)
		stream, err := c.EmbedStream(ctx(t))
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		for until := time.Now().Add(20 * time.Second); calls < 50 || age > 0 && seen.n.Load() < 4 &&
			time.Now().Before(until); calls++ {
			if _, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"a"}}); err != nil {
				t.Fatalf("age %v, call %d: %v", age, calls, err)
			}
		}
		if err := stream.Send(&hivesv1.EmbedStreamRequest{Request: &hivesv1.EmbedRequest{Texts: []string{"a"}}}); err != nil {
			t.Errorf("age %v: the stream: %v", age, err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Errorf("age %v: the stream: %v", age, err)
		}
		if n := seen.n.Load(); (age > 0) != (n >= 4) || age == 0 && n != 1 {
			t.Errorf("age %v: %d connections for %d calls", age, n, calls)
		}
	}
}
