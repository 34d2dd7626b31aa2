package serve

import (
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"hives/internal/fault"
	"hives/internal/serve/schedule"
	hivesv1 "hives/proto/hives/v1"
)

// errDraining ends streams when the server ends; what they have brought so far is answered.
var errDraining = Refuse(fault.Unavailable, "DRAINING", "the server is ending: go on with another")

// errIdle ends streams that ask nothing.
var errIdle = Refuse(fault.Unavailable, "STREAM_IDLE", "nothing was asked for a while: open another stream when "+
	"there is more to ask")

// enterBulk counts a bulk stream in, or refuses it.
func (s *Server) enterBulk(ctx context.Context) (leave func(), err error) {
	return enter(ctx, s.places.bulk, "TOO_MANY_STREAMS", "bulk streams")
}

// idleTimer fires when a stream asks nothing for a while, and never where that has no bound.
func (s *Server) idleTimer() *time.Timer {
	if s.opt.Times.StreamIdle <= 0 {
		return time.NewTimer(math.MaxInt64)
	}
	return time.NewTimer(s.opt.Times.StreamIdle)
}

// again begins an idle time anew, when something was asked or is still worked on. Without a bound the timer stands
// at its end of time and is left alone.
func (s *Server) again(idle *time.Timer) {
	if s.opt.Times.StreamIdle > 0 {
		idle.Reset(s.opt.Times.StreamIdle)
	}
}

// EmbedStream implements the method for gRPC.
//
// What a client sees of one stream, with two requests under way:
//
//	→ tag 1, 200 texts
//	→ tag 2, 10 texts
//	← tag 2, first 0, 10 vectors, last       the smaller one is done earlier
//	← tag 1, first 0, 128 vectors            as many as fit a reply, here 128
//	← tag 1, first 128, 72 vectors, last
func (e embedService) EmbedStream(stream hivesv1.EmbedService_EmbedStreamServer) error {
	leave, err := e.s.enterBulk(stream.Context())
	if err != nil {
		return Status(err)
	}
	defer leave()
	b := &bulk{s: e.s, stream: stream, flow: &schedule.Flow{Who: Caller(stream.Context())}, broken: make(chan struct{})}
	return Status(b.run())
}

// bulk is one EmbedStream. A slot is taken for every request that is worked on; while none is free, nothing is
// read, and gRPC's flow control holds the client.
//
// Three bounds hold a client that sends faster than the engine works: StreamInFlight slots, the room for message
// bytes, and half of the queue. None of them refuses; each waits, so that a bulk client need know nothing of
// limits.
//
// Invariant: every request that was read is answered under its tag, with vectors or an error, unless the client is
// gone (TestStreamAnswersEveryTag).
type bulk struct {
	s      *Server
	stream hivesv1.EmbedService_EmbedStreamServer
	flow   *schedule.Flow
	wg     sync.WaitGroup

	mu     sync.Mutex // one Send at a time
	err    error      // of the first Send that failed
	broken chan struct{}
}

// run takes a slot, then reads, then works, in this order: a message that was read is always worked on. It ends when
// the client has said all, goes away, or the server ends; then it waits for the answers under way.
func (b *bulk) run() error {
	ctx := b.stream.Context()
	requests, last := receive(ctx, b.stream.Recv)
	slots := make(chan struct{}, b.s.opt.Limits.StreamInFlight)
	idle := b.s.idleTimer()
	defer idle.Stop()
	for {
		select {
		// While no slot is free nothing is read, and HTTP/2's window fills up at the client's side.
		case slots <- struct{}{}:
		case <-ctx.Done():
			return b.finish(ctx.Err())
		}
		r, over, err := b.next(requests, last, idle, slots)
		if over {
			return b.finish(err)
		}
		held, err := b.s.Receiving(ctx, proto.Size(r))
		if err != nil {
			return b.finish(err)
		}
		b.s.again(idle)
		// The slot and the bytes are given back when the answer is sent, not when it is computed.
		b.wg.Go(func() {
			defer func() { held.Leave(); <-slots }()
			b.answer(ctx, r)
		})
	}
}

// next waits for a request, or for the stream's end and its reason. It ends a stream that asks nothing while nothing is
// worked on: of the slots only the one for the next request is taken.
//
//	a request              r, false, nil
//	the client has said all  nil, true, nil
//	nothing for idle time  nil, true, STREAM_IDLE, unless requests are still worked on
//	the server ends        nil, true, DRAINING
func (b *bulk) next(requests <-chan *hivesv1.EmbedStreamRequest, last <-chan error, idle *time.Timer,
	slots chan struct{}) (r *hivesv1.EmbedStreamRequest, over bool, err error) {
	for {
		select {
		case r, ok := <-requests:
			if !ok {
				return nil, true, <-last
			}
			return r, false, nil
		case <-idle.C:
			if len(slots) == 1 {
				return nil, true, errIdle
			}
			b.s.again(idle)
		case <-b.s.over.Done():
			return nil, true, errDraining
		// A reply could not be sent: the client is gone, and finish knows the error.
		case <-b.broken:
			return nil, true, nil
		}
	}
}

// finish waits for the answers under way. A reply that could not be sent is the better reason. A client that is gone
// is why everything else failed too.
func (b *bulk) finish(err error) error {
	b.wg.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	return err
}

// receive reads a stream in a goroutine of its own, one message ahead of its taker. last gets the reason of the end,
// nil for a regular one, and requests is closed. The goroutine ends when recv does, which gRPC promises once the
// stream's context is over; so nobody has to stop it.
func receive[T any](ctx context.Context, recv func() (T, error)) (requests <-chan T, last <-chan error) {
	out, end := make(chan T), make(chan error, 1)
	// This goroutine is the only one that calls recv; gRPC allows one reader.
	go func() {
		defer close(out)
		for {
			r, err := recv()
			if err != nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				end <- err
				return
			}
			select {
			case out <- r:
			case <-ctx.Done():
				end <- ctx.Err()
				return
			}
		}
	}()
	return out, end
}

// answer handles one request; its error goes back under its tag. Of a stream whose context has ended nobody reads
// the answer.
func (b *bulk) answer(ctx context.Context, r *hivesv1.EmbedStreamRequest) {
	defer b.s.contain(ctx, func(err error) { b.refuse(r.Tag, err) })
	if err := b.embed(ctx, r); err != nil && ctx.Err() == nil {
		b.refuse(r.Tag, err)
	}
}

// refuse answers one request with its error. The stream goes on: the other requests have done nothing wrong.
func (b *bulk) refuse(tag uint64, err error) {
	e := streamError(err)
	b.s.opt.Observe.refused(e.Reason)
	b.send(&hivesv1.EmbedStreamResponse{Tag: tag, Last: true, Result: &hivesv1.EmbedStreamResponse_Error{Error: e}})
}

// embed sends the vectors in as many replies as their size asks for. Replies of one request have its tag; first says
// which text they begin with, last that no more come. Other requests' replies may come in between.
func (b *bulk) embed(ctx context.Context, r *hivesv1.EmbedStreamRequest) error {
	if r.Request == nil {
		return Refuse(fault.Invalid, "NO_TEXTS", "a message without a request")
	}
	g, release, err := b.s.Acquire()
	if err != nil {
		return err
	}
	defer release()
	o, err := g.output(r.Request)
	if err != nil {
		return err
	}
	t := textsOf(r.Request)
	t.Bulk, t.Flow = true, b.flow
	v, err := g.Embed(ctx, b.s.opt.Limits, t)
	if err != nil {
		return err
	}
	// At least one a reply: a vector that does not fit a reply by itself fails in gRPC, with its own words.
	step := max(1, o.perReply(b.s.opt.Limits))
	for first := 0; first < len(v.Raw); first += step {
		end := min(first+step, len(v.Raw))
		reply, err := o.response(g, v, first, end)
		if err != nil {
			return err
		}
		b.send(&hivesv1.EmbedStreamResponse{
			Tag: r.Tag, First: uint32(first), Last: end == len(v.Raw),
			Result: &hivesv1.EmbedStreamResponse_Response{Response: reply},
		})
	}
	return nil
}

// send writes one reply; after a failure the stream is broken and nothing more is written. The lock is needed,
// since gRPC allows one sender and each request answers from a goroutine of its own.
func (b *bulk) send(r *hivesv1.EmbedStreamResponse) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return
	}
	if err := b.stream.Send(r); err != nil {
		b.err = err
		close(b.broken)
	}
}
