package serve_test

import (
	"context"
	"io"
	"math"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"hives/internal/rig/servetest"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
)

// seeds are messages that mean something, messages of limits, and bytes that mean nothing.
func seeds(f *testing.F) {
	f.Helper()
	for _, m := range []proto.Message{
		&hivesv1.EmbedRequest{}, request("a lie"), request("a", ""), refusing(long), request(long, "\x00", "a\u0301"),
		&hivesv1.EmbedRequest{TokenIds: []*hivesv1.TokenIds{{Ids: []uint32{1, 2, 0}}, {}}},
		&hivesv1.EmbedRequest{TokenIds: []*hivesv1.TokenIds{{Ids: []uint32{math.MaxUint32}}}},
		&hivesv1.EmbedRequest{Texts: []string{"a"}, Dimensions: proto.Uint32(0), Encoding: 2},
		&hivesv1.EmbedRequest{Texts: []string{"a"}, Dimensions: proto.Uint32(3), Encoding: 3, Normalize: proto.Bool(false)},
		&hivesv1.EmbedRequest{Texts: []string{"a"}, Encoding: -1, Overlong: 77},
		&hivesv1.EmbedStreamRequest{Tag: math.MaxUint64, Request: request("a lie")}, &hivesv1.EmbedStreamRequest{Tag: 1},
		&teiv1.EmbedRequest{Inputs: "a lie", Truncate: true, PromptName: proto.String("query")},
		&teiv1.EncodeRequest{Inputs: "a lie", AddSpecialTokens: true},
	} {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, raw := range []string{"", "\xff", "\x0a\xff\xff\xff\xff\x0f", "\x0a\x02\xff\xfe", "\x12\x00",
		"\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		f.Add([]byte(raw))
	}
}

// rightful tells the codes that a fuzzed message may end in; none of them is the server's fault.
func rightful(t *testing.T, err error) {
	t.Helper()
	switch status.Code(err) {
	case codes.OK, codes.InvalidArgument, codes.FailedPrecondition, codes.NotFound: // of a value
	default:
		t.Errorf("a strange message ended in %v", err)
	}
}

// fuzzUnary sends bytes to a method; an answer must pass check, and a plain request afterwards be answered right.
func fuzzUnary[R any, P interface {
	*R
	proto.Message
}](f *testing.F, method string, check func(*testing.T, P)) {
	seeds(f)
	s, c := start(f)
	fuzzCalls(f, s.Conn, c, method, check)
}

// fuzzCalls does so with the seeds that were added and a server that runs already.
func fuzzCalls[R any, P interface {
	*R
	proto.Message
}](f *testing.F, conn grpc.ClientConnInterface, c hivesv1.EmbedServiceClient, method string,
	check func(*testing.T, P)) {
	f.Fuzz(func(t *testing.T, raw []byte) {
		var reply P = new(R)
		err := conn.Invoke(ctx(t), method, raw, reply, rawBytes)
		rightful(t, err)
		if err == nil && check != nil {
			check(t, reply)
		}
		alive(t, c)
	})
}

func alive(t *testing.T, c hivesv1.EmbedServiceClient) {
	t.Helper()
	got, err := c.Embed(ctx(t), request("still here"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, "still here")
}

func finite(t *testing.T, values []float32) {
	t.Helper()
	for _, x := range values {
		if x-x != 0 {
			t.Errorf("a vector that is not finite: %v", values)
		}
	}
}

func FuzzEmbed(f *testing.F) {
	fuzzUnary(f, hivesv1.EmbedService_Embed_FullMethodName, func(t *testing.T, r *hivesv1.EmbedResponse) {
		if len(r.Embeddings) == 0 {
			t.Error("an answer without vectors")
		}
		for _, e := range r.Embeddings {
			if finite(t, e.Values); len(e.Values)+len(e.Packed) == 0 || e.Tokens == 0 || e.Tokens > servetest.MaxLength {
				t.Errorf("an empty vector, or %d tokens", e.Tokens)
			}
		}
	})
}

func FuzzTokenize(f *testing.F) {
	fuzzUnary(f, hivesv1.EmbedService_Tokenize_FullMethodName, func(t *testing.T, r *hivesv1.TokenizeResponse) {
		for _, x := range r.Results {
			if len(x.Ids) == 0 || len(x.Ids) > servetest.MaxLength {
				t.Errorf("%d ids", len(x.Ids))
			}
		}
	})
}

func FuzzGetInfo(f *testing.F) {
	fuzzUnary[hivesv1.GetInfoResponse](f, hivesv1.EmbedService_GetInfo_FullMethodName, nil)
}

func FuzzTEIEmbed(f *testing.F) {
	fuzzUnary(f, teiv1.Embed_Embed_FullMethodName, func(t *testing.T, r *teiv1.EmbedResponse) { finite(t, r.Embeddings) })
}

func FuzzTEITokenize(f *testing.F) {
	fuzzUnary[teiv1.EncodeResponse](f, teiv1.Tokenize_Tokenize_FullMethodName, nil)
}

func FuzzTEIInfo(f *testing.F) {
	fuzzUnary[teiv1.InfoResponse](f, teiv1.Info_Info_FullMethodName, nil)
}

// fuzzStream sends bytes as the first message of a stream and reads to its end.
func fuzzStream[R any, P interface {
	*R
	proto.Message
}](f *testing.F, method string) {
	seeds(f)
	s, c := start(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		c1, cancel := context.WithCancel(ctx(t))
		defer cancel()
		stream, err := s.Conn.NewStream(c1, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, rawBytes)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.SendMsg(raw); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		for {
			var reply P = new(R)
			if err := stream.RecvMsg(reply); err == io.EOF {
				break
			} else if err != nil {
				rightful(t, err)
				break
			}
		}
		alive(t, c)
	})
}

func FuzzEmbedStream(f *testing.F) {
	fuzzStream[hivesv1.EmbedStreamResponse](f, hivesv1.EmbedService_EmbedStream_FullMethodName)
}

func FuzzTEIEmbedStream(f *testing.F) {
	fuzzStream[teiv1.EmbedResponse](f, teiv1.Embed_EmbedStream_FullMethodName)
}

func FuzzTEITokenizeStream(f *testing.F) {
	fuzzStream[teiv1.EncodeResponse](f, teiv1.Tokenize_TokenizeStream_FullMethodName)
}
