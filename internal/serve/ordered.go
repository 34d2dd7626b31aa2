package serve

import (
	"context"
	"sync/atomic"

	"google.golang.org/protobuf/proto"
)

// orderedInFlight is how many messages of a stream with ordered answers are worked on at once: single texts, of
// which a batch holds many.
const orderedInFlight = 64

// ordered runs the handler of a stream whose answers come in the order of the questions. tei.v1's streams answer in
// order and know no tags, so an answer that is ready early waits for those before it.
func (s *Server) ordered(ctx context.Context, handle func(context.Context) error) error {
	leave, err := s.enterBulk(ctx)
	if err != nil {
		return Status(err)
	}
	defer leave()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // what is still worked on after an error is of no use
	return Status(handle(ctx))
}

// outcome is a reply, or why there is none. Exactly one of the two is meant: reply is looked at only where err is
// nil.
type outcome[T any] struct {
	reply T
	err   error
}

// inOrder answers each message in a goroutine and sends the answers in order; the first error ends the stream.
//
// The order is kept by a channel of channels. feed puts an empty channel into pending for each question, in order,
// and starts a goroutine that will fill it; the loop here takes them out in the same order and waits for each in
// turn:
//
//	pending   [1 empty] [2 filled] [3 empty]     2 is ready and waits for 1
//	1 filled  → send 1, send 2, wait for 3
//
// pending's size bounds how many are worked on. When the loop ends early, ctx is cancelled by ordered, feed and the
// workers end, and each worker's channel has room for its one outcome, so none of them is left hanging.
//
// Invariant: answers come in the order of the questions (TestTEIStreamKeepsTheOrder).
func inOrder[Q proto.Message, R any](ctx context.Context, s *Server, recv func() (Q, error), send func(R) error,
	handle func(Q) (R, error)) error {
	requests, last := receive(ctx, recv)
	pending := make(chan chan outcome[R], orderedInFlight)
	end := make(chan error, 1)
	go func() { end <- feed(ctx, s, requests, last, pending, handle) }()
	for next := range pending {
		select {
		case a := <-next:
			if a.err != nil {
				return a.err
			}
			if err := send(a.reply); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return <-end
}

// feed starts a goroutine for each message while pending has room, and closes pending at the stream's end. Who owes
// what: feed owns pending and closes it; each worker gives its bytes back and answers exactly once, also after a
// panic.
func feed[Q proto.Message, R any](ctx context.Context, s *Server, requests <-chan Q, last <-chan error,
	pending chan<- chan outcome[R], handle func(Q) (R, error)) error {
	defer close(pending)
	idle := s.idleTimer()
	defer idle.Stop()
	var working atomic.Int64
	for {
		var q Q
		select {
		case r, ok := <-requests:
			if !ok {
				return <-last
			}
			q = r
			s.again(idle)
		case <-idle.C:
			if working.Load() == 0 {
				return errIdle
			}
			s.again(idle)
			continue
		// What is pending is still answered: the loop of inOrder drains it before it returns this error.
		case <-s.over.Done():
			return errDraining
		}
		// The message is here already; what is waited for is its share of the bytes under way.
		held, err := s.Receiving(ctx, proto.Size(q))
		if err != nil {
			return err
		}
		// Room for one: the worker never waits for the loop, which may have ended.
		out := make(chan outcome[R], 1)
		select {
		case pending <- out:
		case <-ctx.Done():
			held.Leave()
			return ctx.Err()
		}
		working.Add(1)
		go func() {
			defer func() { held.Leave(); working.Add(-1) }()
			defer s.contain(ctx, func(err error) { out <- outcome[R]{err: err} })
			reply, err := handle(q)
			out <- outcome[R]{reply, err}
		}()
	}
}
