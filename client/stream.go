package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// Stream embeds a corpus over EmbedStream. take gets each answer with the place of its request in the sequence,
// as soon as it is whole and not in order; it is called by one goroutine at a time, and its error ends the
// stream. A request holds no more texts than the server takes at once (Info).
//
// What a server that is full or ends has refused is sent again, and so is what was under way when a connection
// broke, on a new one. Several tries of one request without success are an error, and so is a request that is
// wrong: then the rest is given up.
//
// A connection that answered anything before it broke counts as good: only maxTries in a row without an answer
// end the stream. So a corpus outlives any number of restarts of its server.
//
// Invariant: take is called exactly once for each request that is answered, whatever was sent twice.
func (c *Client) Stream(ctx context.Context, requests iter.Seq[*hivesv1.EmbedRequest],
	take func(i int, r *hivesv1.EmbedResponse) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next, stop := iter.Pull(requests)
	defer stop()
	window := max(1, 2*int(c.info.GetLimits().GetMaxStreamInflight())) // as many again wait in the connection
	b := &bulk{
		c: c, take: take, next: next, window: window,
		pending: map[uint64]*job{}, late: make(chan *job, window),
	}
	for failures := 0; ; {
		progress, err := b.run(ctx)
		if progress {
			failures = 0
		}
		failures++
		var lost lostError
		if !errors.As(err, &lost) || failures >= maxTries || !wait(ctx, patient(firstPause, failures)) {
			return err
		}
		b.restart()
	}
}

const (
	maxTries   = 5 // of one request, and of one connection without an answer
	firstPause = 100 * time.Millisecond
)

// lostError is the end of a connection that another one may make good.
type lostError struct{ error }

func (l lostError) Unwrap() error { return l.error }

// lose marks an error as such if it is one.
func lose(err error) error {
	if fault.Of(err) == fault.Unavailable {
		return lostError{err}
	}
	return err
}

// bulk is the work of one Stream over as many connections as it takes. Only the goroutine of Stream touches it;
// others speak to it by channels.
//
// A request is in one of three places, and pending knows it in all of them, by tag, until its answer is whole:
//
//	queue       to be sent; from the sequence (refill), after a lost connection (restart) or a pause (late)
//	under way   sent, its answer not whole; the last part ends it, a refusal makes it wait
//	waiting     the server was full; its answer is nil, and a timer will put it into late
type bulk struct {
	c      *Client
	take   func(int, *hivesv1.EmbedResponse) error
	next   func() (*hivesv1.EmbedRequest, bool)
	window int

	pulled  uint64          // requests that were taken from the sequence
	ended   bool            // the sequence has no more
	queue   []*job          // to be sent
	pending map[uint64]*job // that have no answer yet, those in the queue too
	late    chan *job       // whose pause is over; it never blocks, having a place for each pending one
}

// job is one request. Its tag is its place in the sequence. answer is nil while it waits for its pause to end.
type job struct {
	message *hivesv1.EmbedStreamRequest
	answer  *hivesv1.EmbedResponse // the parts so far
	tries   int
}

// restart puts everything without an answer into the queue, for a new connection, in the order of the sequence.
// Parts of an answer that had come are thrown away: the new server begins each from its first vector. Jobs whose
// pause is not over come by themselves.
func (b *bulk) restart() {
	b.queue = b.queue[:0]
	for _, tag := range slices.Sorted(maps.Keys(b.pending)) {
		if j := b.pending[tag]; j.answer != nil {
			j.answer = &hivesv1.EmbedResponse{}
			b.queue = append(b.queue, j)
		}
	}
}

// refill takes requests from the sequence while there is room: no more than window lie in memory, however long
// the corpus is. The sequence is read by this goroutine alone, as iter.Pull wants it.
func (b *bulk) refill() {
	for !b.ended && len(b.pending) < b.window {
		r, ok := b.next()
		if b.ended = !ok; b.ended {
			return
		}
		j := &job{message: &hivesv1.EmbedStreamRequest{Tag: b.pulled, Request: r}, answer: &hivesv1.EmbedResponse{}}
		b.pending[b.pulled] = j
		b.queue = append(b.queue, j)
		b.pulled++
	}
}

// run works on one connection until all is answered or something breaks. progress tells whether a request was
// finished on it. A nil channel is never ready, so with an empty queue the select waits for everything but
// sending.
func (b *bulk) run(ctx context.Context) (progress bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := b.c.EmbedStream(ctx)
	if err != nil {
		return false, lose(err)
	}
	send, replies, broken := pump(ctx, stream)
	for {
		b.refill()
		if len(b.pending) == 0 {
			close(send)
			<-broken // the server has seen the end, or its context's
			return progress, nil
		}
		out, message := send, (*hivesv1.EmbedStreamRequest)(nil)
		if len(b.queue) > 0 {
			message = b.queue[0].message
		} else {
			out = nil
		}
		select {
		case out <- message:
			b.queue = b.queue[1:]
		case r := <-replies:
			done, err := b.answered(r)
			if err != nil {
				return progress, err
			}
			progress = progress || done
		case j := <-b.late:
			j.answer = &hivesv1.EmbedResponse{}
			b.queue = append(b.queue, j)
		case err := <-broken:
			return progress, lose(err)
		case <-ctx.Done():
			return progress, ctx.Err()
		}
	}
}

// pump sends and receives in goroutines of its own, so that a full connection stops neither the other direction
// nor the one who waits for both. They end with the context; closing send closes the stream's half. Without them
// a client that sends while the server waits to be read would wait for ever, and so would the server.
func pump(ctx context.Context, stream hivesv1.EmbedService_EmbedStreamClient) (chan<- *hivesv1.EmbedStreamRequest,
	<-chan *hivesv1.EmbedStreamResponse, <-chan error) {
	send, replies, broken := make(chan *hivesv1.EmbedStreamRequest), make(chan *hivesv1.EmbedStreamResponse),
		make(chan error, 1)
	go func() {
		for {
			select {
			case m, more := <-send:
				if !more {
					stream.CloseSend() //nolint:errcheck // the receiver hears of it
					return
				}
				if stream.Send(m) != nil {
					return // the receiver hears why
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		for {
			r, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				err = fault.New(fault.Unavailable, "the server ended the stream before all was answered")
			}
			if err != nil {
				broken <- err
				return
			}
			select {
			case replies <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	return send, replies, broken
}

// answered files one reply and tells whether it finished a request. An answer may come in parts: First says how
// many vectors came before, Last that it is whole. Parts of two requests may come by turns, those of one are in
// order.
func (b *bulk) answered(r *hivesv1.EmbedStreamResponse) (done bool, err error) {
	j := b.pending[r.Tag]
	if j == nil || j.answer == nil {
		return false, fault.New(fault.Corrupt, "the server answered request %d, which it was not asked", r.Tag)
	}
	if e := r.GetError(); e != nil {
		return false, b.refused(j, e)
	}
	part := r.GetResponse()
	if int(r.First) != len(j.answer.Embeddings) {
		return false, fault.New(fault.Corrupt, "request %d: vector %d came after %d vectors", r.Tag, r.First,
			len(j.answer.Embeddings))
	}
	j.answer.Embeddings = append(j.answer.Embeddings, part.GetEmbeddings()...)
	j.answer.Model, j.answer.Timings = part.GetModel(), part.GetTimings()
	if !r.Last {
		return false, nil
	}
	asked := max(len(j.message.Request.GetTexts()), len(j.message.Request.GetTokenIds()))
	if got := len(j.answer.Embeddings); got != asked {
		return false, fault.New(fault.Corrupt, "request %d: %d vectors for %d texts", r.Tag, got, asked)
	}
	delete(b.pending, r.Tag)
	return true, b.take(int(r.Tag), j.answer)
}

// refused sends a request again after the pause that the server asks for, or makes the error of it.
func (b *bulk) refused(j *job, e *hivesv1.StreamError) error {
	code := codes.Code(e.Code)
	again := code == codes.Unavailable || (code == codes.ResourceExhausted && e.RetryDelay != nil)
	if j.tries++; again && j.tries < maxTries {
		j.answer = nil // it waits
		asked := firstPause
		if e.RetryDelay != nil {
			asked = e.RetryDelay.AsDuration()
		}
		time.AfterFunc(patient(asked, j.tries), func() { b.late <- j })
		return nil
	}
	s := status.New(code, e.Message)
	if detailed, err := s.WithDetails(&errdetails.ErrorInfo{Reason: e.Reason, Domain: "hives"}); err == nil {
		s = detailed
	}
	return fault.New(fault.FromGRPC(code), "request %d: %w", j.message.Tag, b.c.fault(s.Err()))
}
