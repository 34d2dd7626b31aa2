package serve_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"hives/internal/rig/servetest"
	hivesv1 "hives/proto/hives/v1"
)

// TestStreamAnswersEveryTag sends many requests, three of them wrong: every tag is answered once, the wrong ones
// with the error that a call would have had, and the stream goes on.
func TestStreamAnswersEveryTag(t *testing.T) {
	r, refused := &servetest.Runner{}, make(chan string, 60)
	o := servetest.Options(t, r)
	o.Observe.Refused = func(reason string) { refused <- reason }
	stream, err := hivesv1.NewEmbedServiceClient(servetest.Start(t, o, r).Conn).EmbedStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	const n = 60
	go func() {
		for tag := range uint64(n) {
			r := &hivesv1.EmbedRequest{Texts: []string{fmt.Sprintf("text %d", tag), "again"}}
			if tag%20 == 7 {
				r.Texts[1] = ""
			}
			if err := stream.Send(&hivesv1.EmbedStreamRequest{Tag: tag, Request: r}); err != nil {
				t.Error(err)
			}
		}
		if err := stream.CloseSend(); err != nil {
			t.Error(err)
		}
	}()
	seen := map[uint64]bool{}
	for {
		got, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if seen[got.Tag] || !got.Last || got.First != 0 {
			t.Fatalf("tag %d: seen before %v, last %v, first %d", got.Tag, seen[got.Tag], got.Last, got.First)
		}
		seen[got.Tag] = true
		if got.Tag%20 == 7 {
			if e := got.GetError(); e.GetCode() != int32(codes.InvalidArgument) || e.Reason != "EMPTY_TEXT" ||
				e.RetryDelay != nil {
				t.Errorf("tag %d: %v", got.Tag, got)
			}
			continue
		}
		same(t, got.GetResponse(), fmt.Sprintf("text %d", got.Tag), "again")
	}
	if len(seen) != n {
		t.Errorf("%d tags of %d were answered", len(seen), n)
	}
	if len(refused) != 3 || <-refused != "EMPTY_TEXT" {
		t.Errorf("%d refusals were told, want 3 of EMPTY_TEXT", len(refused))
	}
}

// TestStreamSplitsLargeReplies asks for more vectors than fit a message: a call is refused, a stream is answered
// in pieces.
func TestStreamSplitsLargeReplies(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Limits.ReplyBytes = 1024 + 3*(4*servetest.Dim+32)
	f := servetest.Start(t, o, r)
	c := hivesv1.NewEmbedServiceClient(f.Conn)
	var texts []string
	for i := range 8 {
		texts = append(texts, fmt.Sprintf("text %d", i))
	}
	_, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: texts})
	refusal(t, err, codes.InvalidArgument, "REPLY_TOO_LARGE")
	stream, err := c.EmbedStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&hivesv1.EmbedStreamRequest{Tag: 1, Request: &hivesv1.EmbedRequest{Texts: texts}}); err != nil {
		t.Fatal(err)
	}
	all := &hivesv1.EmbedResponse{}
	for last := false; !last; {
		got, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if int(got.First) != len(all.Embeddings) || proto.Size(got) > o.Limits.ReplyBytes {
			t.Errorf("a piece of %d bytes from %d after %d vectors", proto.Size(got), got.First, len(all.Embeddings))
		}
		all.Embeddings = append(all.Embeddings, got.GetResponse().GetEmbeddings()...)
		last = got.Last
	}
	same(t, all, texts...)
}

// TestASlowReaderHoldsOnlyItself never reads a stream's answers: the server stops reading it, and a call beside it
// is answered.
func TestASlowReaderHoldsOnlyItself(t *testing.T) {
	f, c := start(t)
	slow, cancel := context.WithCancel(ctx(t))
	defer cancel()
	stream, err := hivesv1.NewEmbedServiceClient(f.Dial()).EmbedStream(slow)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for tag := uint64(0); ; tag++ { // until flow control holds it and the end of the test cancels it
			r := &hivesv1.EmbedRequest{Texts: []string{fmt.Sprint("text ", tag)}, Prompt: long}
			if stream.Send(&hivesv1.EmbedStreamRequest{Tag: tag, Request: r}) != nil {
				return
			}
		}
	})
	for i := range 20 {
		text := fmt.Sprint("beside ", i)
		got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{text}})
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, text)
	}
	cancel()
	wg.Wait()
}
