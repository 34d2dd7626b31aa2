package serve_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/rig/servetest"
	"hives/pack"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
)

// canary is a text that must not be seen again.
const canary = "tweety-4711"

// sink collects log lines of many goroutines.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestTextsAreNeverLoggedNorReturned sends the canary through every error and a panic that quotes it, with the log
// at its most talkative, and looks for it in log lines, messages and details.
func TestTextsAreNeverLoggedNorReturned(t *testing.T) {
	log, mode := &sink{}, ""
	r := &servetest.Runner{OnRun: func(*pack.Batch) error {
		switch mode {
		case "engine fails":
			mode = ""
			return errors.New("no device")
		case "engine panics":
			mode = ""
			panic(canary)
		}
		return nil
	}}
	o := servetest.Options(t, r)
	o.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Unary = []grpc.UnaryServerInterceptor{func(ctx context.Context, req any, _ *grpc.UnaryServerInfo,
		next grpc.UnaryHandler) (any, error) {
		switch mode {
		case "handler panics":
			panic(fmt.Sprintf("cannot handle %v", req))
		case "handler fails":
			return nil, fmt.Errorf("cannot handle %v", req)
		case "handler indexes wrongly":
			_ = make([]int, 0)[len(canary)]
		}
		return next(ctx, req)
	}}
	f := servetest.Start(t, o, r)
	c, tei := hivesv1.NewEmbedServiceClient(f.Conn), teiv1.NewEmbedClient(f.Conn)
	overlong := canary + strings.Repeat(" "+canary, 40)
	calls := map[string]func(context.Context) error{
		"embed":    func(c1 context.Context) error { _, err := c.Embed(c1, request(canary)); return err },
		"too long": func(c1 context.Context) error { _, err := c.Embed(c1, refusing(overlong)); return err },
		"an empty text": func(c1 context.Context) error {
			_, err := c.Embed(c1, &hivesv1.EmbedRequest{Texts: []string{canary, ""}, Prompt: canary})
			return err
		},
		"bytes": func(c1 context.Context) error {
			return f.Conn.Invoke(c1, hivesv1.EmbedService_Embed_FullMethodName, []byte("\xff"+canary), &hivesv1.EmbedResponse{},
				rawBytes)
		},
		"not UTF-8": func(c1 context.Context) error {
			return f.Conn.Invoke(c1, hivesv1.EmbedService_Embed_FullMethodName, []byte("\x0a\x0c\xff"+canary),
				&hivesv1.EmbedResponse{}, rawBytes)
		},
		"prompt name": func(c1 context.Context) error {
			_, err := tei.Embed(c1, &teiv1.EmbedRequest{Inputs: canary, PromptName: &[]string{canary}[0]})
			return err
		},
	}
	try := func(name, in string, want codes.Code) {
		mode = in
		err := calls[name](ctx(t))
		if status.Code(err) != want {
			t.Errorf("%s, %s: %v, want %v", name, in, err, want)
		}
		if s := status.Convert(err); strings.Contains(fmt.Sprint(s.Message(), s.Details()), canary) {
			t.Errorf("%s, %s: the answer quotes the text: %v", name, in, s.Message())
		}
	}
	try("embed", "", codes.OK)
	for _, name := range []string{"too long", "an empty text", "bytes", "not UTF-8", "prompt name"} {
		try(name, "", codes.InvalidArgument)
	}
	for _, in := range []string{"handler panics", "handler indexes wrongly", "handler fails"} {
		try("embed", in, codes.Internal)
	}
	for _, in := range []string{"engine fails", "engine panics"} {
		try("embed", in, codes.Unavailable)
	}
	stream(t, c, canary, "")
	out := log.String()
	if strings.Contains(out, canary) {
		t.Errorf("the log quotes the text:\n%s", out)
	}
	for _, says := range []string{"a panic was contained", "index out of range", "Embed", "InvalidArgument"} {
		if !strings.Contains(out, says) {
			t.Errorf("the log does not say %q: the canary was looked for in too little", says)
		}
	}
}

func request(texts ...string) *hivesv1.EmbedRequest { return &hivesv1.EmbedRequest{Texts: texts} }

func refusing(text string) *hivesv1.EmbedRequest {
	return &hivesv1.EmbedRequest{Texts: []string{text}, Overlong: hivesv1.Overlong_OVERLONG_REFUSE}
}

// stream sends texts in one request of a stream and checks that its error does not quote the canary.
func stream(t *testing.T, c hivesv1.EmbedServiceClient, texts ...string) {
	t.Helper()
	s, err := c.EmbedStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&hivesv1.EmbedStreamRequest{Tag: 1, Request: request(texts...)}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Recv()
	if err != nil || got.GetError() == nil || strings.Contains(got.String(), canary) {
		t.Errorf("%v, %v: want an error that quotes no text", got, err)
	}
}
