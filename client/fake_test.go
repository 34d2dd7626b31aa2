package client_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"hives/client"
	hivesv1 "hives/proto/hives/v1"
)

// fake is a server whose vector of a text is its length and its last byte.
type fake struct {
	hivesv1.UnimplementedEmbedServiceServer
	model  *hivesv1.ModelVersion
	limits *hivesv1.Limits

	before func(call int, r *hivesv1.EmbedRequest) error                              // may refuse a request
	stream func(n int, s hivesv1.EmbedService_EmbedStreamServer) (ok bool, err error) // may take over a stream

	calls, streams, now, most atomic.Int32
	mu                        sync.Mutex
	sizes                     []int
	tokens                    []string // authorization of each call
}

func newFake() *fake {
	return &fake{
		model: &hivesv1.ModelVersion{Name: "fake", WeightsSha256: "w1", TokenizerSha256: "t", Pooling: "last", Dimension: 2,
			MaxLength: 64},
		limits: &hivesv1.Limits{MaxTexts: 8, MaxLength: 64, MaxStreamInflight: 2},
	}
}

func (f *fake) GetInfo(ctx context.Context, _ *hivesv1.GetInfoRequest) (*hivesv1.GetInfoResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	f.mu.Lock()
	f.tokens = append(f.tokens, md.Get("authorization")...)
	f.mu.Unlock()
	return &hivesv1.GetInfoResponse{Model: f.model, Limits: f.limits}, nil
}

func (f *fake) Embed(_ context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	now := f.now.Add(1)
	defer f.now.Add(-1)
	f.most.Store(max(f.most.Load(), now))
	call := int(f.calls.Add(1))
	f.mu.Lock()
	f.sizes = append(f.sizes, max(len(r.Texts), len(r.TokenIds)))
	f.mu.Unlock()
	if f.before != nil {
		if err := f.before(call, r); err != nil {
			return nil, err
		}
	}
	time.Sleep(time.Millisecond) // so that calls overlap
	return f.answer(r), nil
}

func (f *fake) answer(r *hivesv1.EmbedRequest) *hivesv1.EmbedResponse {
	out := &hivesv1.EmbedResponse{Model: f.model}
	for _, text := range r.Texts {
		out.Embeddings = append(out.Embeddings, &hivesv1.Embedding{Values: vector(r.Prompt + text)})
	}
	for _, ids := range r.TokenIds {
		out.Embeddings = append(out.Embeddings, &hivesv1.Embedding{Values: []float32{float32(len(ids.Ids)),
			float32(ids.Ids[0])}})
	}
	return out
}

func vector(text string) []float32 {
	return []float32{float32(len(text)), float32(text[len(text)-1])}
}

// EmbedStream answers out of order unless the test takes over.
func (f *fake) EmbedStream(s hivesv1.EmbedService_EmbedStreamServer) error {
	n := int(f.streams.Add(1))
	if f.stream != nil {
		if mine, err := f.stream(n, s); mine {
			return err
		}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	var one sync.Mutex // one Send at a time
	for {
		r, err := s.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		wg.Go(func() {
			time.Sleep(time.Duration(2-r.Tag%3) * time.Millisecond)
			one.Lock()
			defer one.Unlock()
			f.reply(s, r) //nolint:errcheck // Recv hears of it
		})
	}
}

// reply sends each vector in a message of its own.
func (f *fake) reply(s hivesv1.EmbedService_EmbedStreamServer, r *hivesv1.EmbedStreamRequest) error {
	if f.before != nil {
		if err := f.before(int(f.calls.Add(1)), r.Request); err != nil {
			st := status.Convert(err)
			e := &hivesv1.StreamError{Code: int32(st.Code()), Message: st.Message(), Reason: client.Reason(err)}
			if st.Code() == codes.ResourceExhausted {
				e.RetryDelay = durationpb.New(time.Millisecond)
			}
			return s.Send(&hivesv1.EmbedStreamResponse{Tag: r.Tag, Last: true,
				Result: &hivesv1.EmbedStreamResponse_Error{Error: e}})
		}
	}
	all := f.answer(r.Request)
	for i, e := range all.Embeddings {
		part := &hivesv1.EmbedResponse{Model: f.model, Embeddings: []*hivesv1.Embedding{e}}
		m := &hivesv1.EmbedStreamResponse{Tag: r.Tag, First: uint32(i), Last: i == len(all.Embeddings)-1,
			Result: &hivesv1.EmbedStreamResponse_Response{Response: part}}
		if err := s.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// refuse makes an error as the server does; retry is the pause it asks for, 0 for none.
func refuse(code codes.Code, reason string, retry time.Duration) error {
	s, _ := status.New(code, "refused").WithDetails(&errdetails.ErrorInfo{Domain: "hives", Reason: reason})
	if retry > 0 {
		s, _ = s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retry)})
	}
	return s.Err()
}

// serve starts a server and returns its address.
func serve(t *testing.T, f *fake, opts ...grpc.ServerOption) (string, *grpc.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(opts...)
	hivesv1.RegisterEmbedServiceServer(s, f)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return l.Addr().String(), s
}

func dial(t *testing.T, f *fake, opts ...client.Option) *client.Client {
	t.Helper()
	addr, _ := serve(t, f)
	c, err := client.Dial(context.Background(), "grpc://"+addr, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func texts(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("text %0*d", 3+i%7, i)
	}
	return out
}
