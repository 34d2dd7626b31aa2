package serve

import (
	"context"
	"sync/atomic"

	"google.golang.org/protobuf/proto"
)

// orderedInFlight is how many messages of a stream with ordered answers are worked on at once: single texts, of
// which a batch holds many.
const orderedInFlight = 64

// ordered runs the handler of a stream whose answers come in the order of the questions.
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

// outcome is a reply, or why there is none.
type outcome[T any] struct {
	reply T
	err   error
}

// inOrder answers each message in a goroutine and sends the answers in order; the first error ends the stream.
func inOrder[Q proto.Message, R any](ctx context.Context, s *Server, recv func() (Q, error), send func(R) error, handle func(Q) (R, error)) error {
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

// feed starts a goroutine for each message while pending has room, and closes pending at the stream's end.
func feed[Q proto.Message, R any](ctx context.Context, s *Server, requests <-chan Q, last <-chan error, pending chan<- chan outcome[R], handle func(Q) (R, error)) error {
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
		case <-s.over.Done():
			return errDraining
		}
		held, err := s.Receiving(ctx, proto.Size(q))
		if err != nil {
			return err
		}
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
