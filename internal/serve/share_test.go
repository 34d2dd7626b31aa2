package serve_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
)

// named lets calls say in their metadata who calls, as a token would. "nobody" is refused.
func named(o *serve.Options) {
	who := func(ctx context.Context) error {
		name := strings.Join(metadata.ValueFromIncomingContext(ctx, "who"), "")
		if name == "nobody" {
			return status.Error(codes.Unauthenticated, "nobody is not known")
		}
		serve.NoteCaller(ctx, name)
		return nil
	}
	o.Unary = append(o.Unary, func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any,
		error) {
		if err := who(ctx); err != nil {
			return nil, err
		}
		return next(ctx, req)
	})
	o.Stream = append(o.Stream, func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo,
		next grpc.StreamHandler) error {
		if err := who(s.Context()); err != nil {
			return err
		}
		return next(srv, s)
	})
}

func as(ctx context.Context, who string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "who", who)
}

// used is how much of a limit is in use.
func used(f *servetest.Fixture, limit string) int {
	for _, s := range f.Shares() {
		if s.Limit == limit {
			return s.Used
		}
	}
	return -1
}

// announce opens n streams that announce a message of size bytes each and send one byte of it.
func announce(t *testing.T, c net.Conn, who, method string, n, size int) {
	t.Helper()
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(c, c)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := range n {
		block.Reset()
		for _, h := range [][2]string{
			{":method", "POST"}, {":scheme", "http"}, {":path", method}, {":authority", "x"},
			{"content-type", "application/grpc"}, {"te", "trailers"}, {"who", who},
		} {
			if err := encoder.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}); err != nil {
				t.Fatal(err)
			}
		}
		id := uint32(2*i + 1)
		if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(),
			EndHeaders: true}); err != nil {
			t.Fatal(err)
		}
		if err := framer.WriteData(id, false, append(binary.BigEndian.AppendUint32([]byte{0}, uint32(size)),
			10)); err != nil {
			t.Fatal(err)
		}
	}
	go io.Copy(io.Discard, c) //nolint:errcheck // ends with the connection
}

// TestAnnouncedMessagesTakeOnePart: streams that announce large messages and do not send them take three quarters of
// the bytes that may be under way, whatever their number, and nothing of another caller's; they end when their time is
// over.
func TestAnnouncedMessagesTakeOnePart(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	named(&o)
	o.Limits.RequestBytes, o.Limits.BytesUnderWay = 1<<20, 8<<20
	o.Times.Receive = 20 * time.Second
	f := servetest.Start(t, o, r)
	announce(t, f.Raw(), "greedy", hivesv1.EmbedService_Embed_FullMethodName, 100, 1<<20)
	eventually(t, "the streams to arrive", func() bool { return used(f, "calls") == 100 })
	if got := used(f, "bytes_under_way"); got != 6<<20 {
		t.Errorf("%d bytes are kept for 100 announced messages of 1 MiB, want 6 MiB of the 8", got)
	}
	for i := range 20 {
		text := fmt.Sprint("beside ", i)
		got, err := hivesv1.NewEmbedServiceClient(f.Conn).Embed(as(ctx(t), "other"),
			&hivesv1.EmbedRequest{Texts: []string{text}})
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, text)
	}
}

func TestSlowMessagesEnd(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Times.Receive = 20 * time.Millisecond
	f := servetest.Start(t, o, r)
	for _, method := range []string{hivesv1.EmbedService_Embed_FullMethodName, teiv1.Tokenize_Tokenize_FullMethodName,
		healthv1.Health_Check_FullMethodName, healthv1.Health_Watch_FullMethodName,
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"} {
		announce(t, f.Raw(), "slow", method, 5, 1<<20)
	}
	eventually(t, "all of them to end", func() bool {
		return used(f, "calls") == 0 && used(f, "probes") == 0 && used(f, "bytes_under_way") == 0
	})
	text := "after them"
	got, err := hivesv1.NewEmbedServiceClient(f.Conn).Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{text}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, text)
}

// TestSlowMessagesMakeWay: all room is taken by messages that do not come, over many connections of one host. A call
// over another of its connections gets room, since those that have had their second end; they are told to come again.
func TestSlowMessagesMakeWay(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Limits.RequestBytes, o.Limits.BytesUnderWay = 1<<20, 8<<20
	o.Times.Receive = time.Hour
	f := servetest.Start(t, o, r)
	for range 30 {
		announce(t, f.Raw(), "", hivesv1.EmbedService_Embed_FullMethodName, 2, 1<<20)
	}
	eventually(t, "the streams to arrive", func() bool { return used(f, "calls") == 60 })
	text := "beside them"
	got, err := hivesv1.NewEmbedServiceClient(f.Conn).Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{text}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, text)
	if n := used(f, "calls"); n == 60 {
		t.Error("none of the slow calls made way")
	}
}

// TestNobodyIsReadFor: who may not call is told so before the message has come. It never comes.
func TestNobodyIsReadFor(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	named(&o)
	var ended sync.WaitGroup
	var kept atomic.Int64
	ended.Add(50)
	f := (*servetest.Fixture)(nil)
	o.Unary = append([]grpc.UnaryServerInterceptor{func(ctx context.Context, req any, _ *grpc.UnaryServerInfo,
		next grpc.UnaryHandler) (any, error) {
		defer ended.Done()
		reply, err := next(ctx, req)
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("a call of nobody's ended in %v", err)
		}
		kept.Add(int64(used(f, "bytes_under_way")))
		return reply, err
	}}, o.Unary...)
	f = servetest.Start(t, o, r)
	announce(t, f.Raw(), "nobody", hivesv1.EmbedService_Embed_FullMethodName, 50, 1<<20)
	ended.Wait()
	if kept.Load() > 0 || used(f, "calls") > 0 {
		t.Errorf("%d bytes and %d calls were kept for nobody", kept.Load(), used(f, "calls"))
	}
}

// TestMetadataEndsItsCallOnly: a call with too much metadata is refused, and one on the same connection goes on.
func TestMetadataEndsItsCallOnly(t *testing.T) {
	f, r, c := held(t, nil)
	beside := make(chan error, 1)
	go func() {
		got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{"beside"}})
		if err == nil {
			same(t, got, "beside")
		}
		beside <- err
	}()
	eventually(t, "the call beside", func() bool { return r.Batches() == 1 })
	for _, size := range []int{66_000, 100_000, 500_000} {
		large := metadata.AppendToOutgoingContext(ctx(t), "x", strings.Repeat("m", size))
		_, err := c.Embed(large, &hivesv1.EmbedRequest{Texts: []string{"large"}})
		refusal(t, err, codes.ResourceExhausted, "METADATA_TOO_LARGE")
		if retryDelay(err) > 0 {
			t.Error("the same call is asked for again")
		}
	}
	close(r.Gate)
	if err := <-beside; err != nil {
		t.Errorf("the call beside: %v", err)
	}
	if n := f.Calls(); n > 0 {
		t.Errorf("%d calls are still counted", n)
	}
}

// TestCallersShareCalls: one caller's calls leave room for another's.
func TestCallersShareCalls(t *testing.T) {
	f, r, c := held(t, func(o *serve.Options) { named(o); o.Limits.Calls = 8; o.Limits.QueueTokens = 10_000 })
	var wg sync.WaitGroup
	ask := func(who string) {
		before := f.Calls()
		wg.Go(func() {
			text := fmt.Sprint(who, before)
			got, err := c.Embed(as(ctx(t), who), &hivesv1.EmbedRequest{Texts: []string{text}})
			if err != nil {
				t.Errorf("%s: %v", who, err)
				return
			}
			same(t, got, text)
		})
		eventually(t, "a call", func() bool { return f.Calls() == before+1 })
	}
	for range 6 {
		ask("many")
	}
	_, err := c.Embed(as(ctx(t), "many"), &hivesv1.EmbedRequest{Texts: []string{"one more"}})
	refusal(t, err, codes.ResourceExhausted, "TOO_MANY_CALLS")
	ask("other")
	ask("third")
	_, err = c.Embed(as(ctx(t), "fourth"), &hivesv1.EmbedRequest{Texts: []string{"full"}})
	refusal(t, err, codes.ResourceExhausted, "TOO_MANY_CALLS")
	if got, err := healthv1.NewHealthClient(f.Conn).Check(as(ctx(t), "probe"),
		&healthv1.HealthCheckRequest{}); err != nil || got.Status != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("a probe beside them: %v, %v", got, err)
	}
	close(r.Gate)
	wg.Wait()
}

// TestIdleStreamsEnd: a stream that asks nothing ends; one that waits for its answer does not.
func TestIdleStreamsEnd(t *testing.T) {
	f, r, c := held(t, func(o *serve.Options) { o.Times.StreamIdle = 10 * time.Millisecond })
	silent, err := c.EmbedStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = silent.Recv()
	refusal(t, err, codes.Unavailable, "STREAM_IDLE")
	ordered, err := teiv1.NewEmbedClient(f.Conn).EmbedStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = ordered.Recv()
	refusal(t, err, codes.Unavailable, "STREAM_IDLE")

	waiting, err := c.EmbedStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := waiting.Send(&hivesv1.EmbedStreamRequest{Tag: 1,
		Request: &hivesv1.EmbedRequest{Texts: []string{"waits"}}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its batch", func() bool { return r.Batches() == 1 })
	time.Sleep(100 * time.Millisecond)
	close(r.Gate)
	got, err := waiting.Recv()
	if err != nil {
		t.Fatalf("a stream that waited for its answer: %v", err)
	}
	same(t, got.GetResponse(), "waits")
}
