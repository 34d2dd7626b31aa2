package serve

import (
	"context"
	"time"
)

// What companions need, which answer calls that did not come over gRPC. HTTP's calls share limits, queue and model
// with gRPC's: package httpapi asks for them here, in the order From, Enter, then Embed or EmbedMany of the Server.
// What companions need, which answer calls that did not come over gRPC.

// From says where such a call came from, as the interceptors do for gRPC; NoteCaller may add who calls.
func From(ctx context.Context, address string) context.Context { return from(ctx, address) }

// Enter counts such a call in, or refuses it, as the interceptors do for gRPC. Its caller owes leave where err is
// nil; the error is a gRPC status.
func (s *Server) Enter(ctx context.Context) (leave func(), err error) {
	leave, err = s.enterCall(ctx, "beside gRPC")
	return leave, Status(err)
}

// Embeds tells whether there is a model that embeds, or is going to be.
func (s *Server) Embeds() bool { return s.opt.Load != nil }

// Admit charges such a call about so many tokens, or refuses it, as it is done for texts. paid is told the exact number
// once it is known, and files it under the caller's name.
func (s *Server) Admit(ctx context.Context, tokens int) (paid func(exact int), err error) {
	charged := func(int) {}
	if s.opt.Admit != nil {
		if charged, err = s.opt.Admit(ctx, tokens, false); err != nil {
			return nil, Status(err)
		}
	}
	return func(exact int) {
		charged(exact)
		if s.opt.Observe.Tokens != nil {
			s.opt.Observe.Tokens(ctx, 1, exact)
		}
	}, nil
}

// Lost ends the server as the loss of its engine does: health falls, and Run returns the error.
func (s *Server) Lost(err error) {
	select {
	case s.lost <- err:
	default: // it is ending already
	}
}

// Panicked logs a panic that a companion has contained, without its value, and returns what to answer.
func (s *Server) Panicked(ctx context.Context, value any) error { return s.panicked(ctx, value) }

// BulkStreams is how many streams for bulk are open.
func (s *Server) BulkStreams() int { return s.places.bulk.Used() }

// CompileTime is what compiling the shapes of this generation has taken so far: a figure of the admin's page.
func (g *Generation) CompileTime() time.Duration { return time.Duration(g.compile.Load()) }

// Compiled is how many of its shapes batches are made in by now.
func (g *Generation) Compiled() int { return g.sched.Shapes() }

// Err says why the engine cannot be used any more, nil while it can.
func (g *Generation) Err() error { return g.sched.Err() }

// Reason is the stable name of an error, as ErrorInfo carries it.
func Reason(err error) string {
	_, reason, _ := describe(err)
	return reason
}
