package client_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hives/client"
	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// requests yields n requests of one to three texts.
func requests(n int) iter.Seq[*hivesv1.EmbedRequest] {
	return func(yield func(*hivesv1.EmbedRequest) bool) {
		for i := range n {
			r := &hivesv1.EmbedRequest{}
			for k := range 1 + i%3 {
				r.Texts = append(r.Texts, strings.Repeat("x", i)+fmt.Sprint(k))
			}
			if !yield(r) {
				return
			}
		}
	}
}

// streamAll runs a stream of n requests and checks every answer.
func streamAll(t *testing.T, c *client.Client, n int) error {
	t.Helper()
	got := map[int]int{}
	err := c.Stream(context.Background(), requests(n), func(i int, r *hivesv1.EmbedResponse) error {
		got[i]++
		for k, e := range r.Embeddings {
			if want := vector(strings.Repeat("x", i) + fmt.Sprint(k)); !slices.Equal(e.Values, want) {
				t.Errorf("request %d: vector %d is %v, want %v", i, k, e.Values, want)
			}
		}
		if len(r.Embeddings) != 1+i%3 {
			t.Errorf("request %d: %d vectors", i, len(r.Embeddings))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range n {
		if got[i] != 1 {
			t.Errorf("request %d was answered %d times", i, got[i])
		}
	}
	return nil
}

func TestStreamAnswersEachRequestOnce(t *testing.T) {
	for _, n := range []int{0, 1, 57} {
		if err := streamAll(t, dial(t, newFake()), n); err != nil {
			t.Errorf("%d requests: %v", n, err)
		}
	}
}

func TestStreamTriesAgain(t *testing.T) {
	f := newFake()
	f.before = func(call int, _ *hivesv1.EmbedRequest) error {
		if call%3 == 0 {
			return refuse(codes.ResourceExhausted, "QUEUE_FULL", time.Millisecond)
		}
		return nil
	}
	if err := streamAll(t, dial(t, f), 11); err != nil {
		t.Error(err)
	}
}

// TestStreamOutlivesItsConnection ends the first two streams in the middle of an answer.
func TestStreamOutlivesItsConnection(t *testing.T) {
	f := newFake()
	f.stream = func(n int, s hivesv1.EmbedService_EmbedStreamServer) (bool, error) {
		if n > 2 {
			return false, nil
		}
		for k := range 4 {
			r, err := s.Recv()
			if err != nil {
				return true, err
			}
			if k < 3 {
				if err := f.reply(s, r); err != nil {
					return true, err
				}
				continue
			}
			first := &hivesv1.EmbedResponse{Embeddings: f.answer(r.Request).Embeddings[:1]}
			m := &hivesv1.EmbedStreamResponse{Tag: r.Tag, Result: &hivesv1.EmbedStreamResponse_Response{Response: first}}
			if err := s.Send(m); err != nil {
				return true, err
			}
		}
		if n == 1 {
			return true, refuse(codes.Unavailable, "DRAINING", 0)
		}
		return true, nil // an end without a word
	}
	if err := streamAll(t, dial(t, f), 30); err != nil {
		t.Error(err)
	}
	if f.streams.Load() != 3 {
		t.Errorf("%d streams, want 3", f.streams.Load())
	}
}

func TestStreamEndsWithAnError(t *testing.T) {
	stop := fault.New(fault.Unavailable, "the disk is away") // a kind that a connection's end has too
	for _, c := range []struct {
		name string
		set  func(*fake)
		take error
		kind fault.Kind
		says string
	}{
		{"a wrong request", func(f *fake) {
			f.before = func(call int, _ *hivesv1.EmbedRequest) error {
				if call == 4 {
					return refuse(codes.InvalidArgument, "EMPTY_TEXT", 0)
				}
				return nil
			}
		}, nil, fault.Invalid, "request "},
		{"a queue that stays full", func(f *fake) {
			f.before = func(int, *hivesv1.EmbedRequest) error { return refuse(codes.ResourceExhausted, "QUEUE_FULL", 0) }
		}, nil, fault.Exhausted, "refused"},
		{"the taker's own error", func(*fake) {}, stop, fault.Unavailable, "the disk is away"},
		{"an answer nobody asked for", func(f *fake) {
			f.stream = func(_ int, s hivesv1.EmbedService_EmbedStreamServer) (bool, error) {
				return true, errors.Join(s.Send(&hivesv1.EmbedStreamResponse{Tag: 77, Last: true}), wait(s))
			}
		}, nil, fault.Corrupt, "77"},
		{"vectors missing", func(f *fake) {
			f.stream = func(_ int, s hivesv1.EmbedService_EmbedStreamServer) (bool, error) {
				empty := &hivesv1.EmbedStreamResponse_Response{Response: &hivesv1.EmbedResponse{}}
				return true, errors.Join(s.Send(&hivesv1.EmbedStreamResponse{Tag: 0, Last: true, Result: empty}), wait(s))
			}
		}, nil, fault.Corrupt, "0 vectors for 1 texts"},
		{"a method that is not there", func(f *fake) {
			f.stream = func(int, hivesv1.EmbedService_EmbedStreamServer) (bool, error) {
				return true, refuse(codes.Unimplemented, "X", 0)
			}
		}, nil, fault.Invalid, "refused"},
	} {
		f := newFake()
		c.set(f)
		err := dial(t, f).Stream(context.Background(), requests(20), func(int, *hivesv1.EmbedResponse) error {
			return c.take
		})
		if err == nil || fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%v), want %v that says %q", c.name, err, fault.Of(err), c.kind, c.says)
		}
	}
}

// wait holds a stream open until the client leaves.
func wait(s hivesv1.EmbedService_EmbedStreamServer) error {
	<-s.Context().Done()
	return s.Context().Err()
}

func TestACancelledStream(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	err := dial(t, newFake()).Stream(ctx, requests(1000), func(i int, _ *hivesv1.EmbedResponse) error {
		if i == 5 {
			cancel()
		}
		return nil
	})
	if fault.Of(err) != fault.Canceled {
		t.Errorf("%v, want canceled", err)
	}
}
