package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"

	middleware "github.com/grpc-ecosystem/go-grpc-middleware/v2"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/fault"
)

// slogger writes the middleware's lines. Its fields are names, codes, addresses and times, never messages.
func slogger(l *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(ctx context.Context, level logging.Level, msg string, fields ...any) {
		l.Log(ctx, slog.Level(level), msg, fields...)
	})
}

// levels keeps calls that went well out of the log unless it is set to debug.
// A refusal (INVALID_ARGUMENT, RESOURCE_EXHAUSTED) is news and no error: the server did what it should.
func levels(c codes.Code) logging.Level {
	switch c {
	case codes.OK:
		return logging.LevelDebug
	case codes.Internal, codes.DataLoss, codes.Unknown:
		return logging.LevelError
	}
	return logging.LevelInfo
}

// loggingOptions write one line a call, at its end, with the caller's name where one is known.
func loggingOptions() []logging.Option {
	return []logging.Option{logging.WithLogOnEvents(logging.FinishCall), logging.WithLevels(levels),
		logging.WithFieldsFromContext(callerField)}
}

// panicked is the error of a contained panic. The value may quote a text, so the log gets its type and where it
// happened; only the runtime's own errors, which quote nothing, are written out.
// The server goes on: a panic is of one request's goroutine, and the engine has its own.
func (s *Server) panicked(ctx context.Context, value any) error {
	what := fmt.Sprintf("%T", value)
	if r, ok := value.(runtime.Error); ok {
		what = r.Error()
	}
	s.opt.Log.ErrorContext(ctx, "a panic was contained", "panic", what, "stack", string(debug.Stack()))
	return Status(Refuse(fault.Unknown, "PANIC", "internal error; the server's log says more"))
}

// contain is deferred in goroutines that answer requests: no interceptor sees their panics. grpc-go recovers nothing
// in goroutines that a handler starts: without this one panic would end the process. The caller must answer somehow,
// or somebody waits for ever.
//
//	go func() {
//	    defer s.contain(ctx, func(err error) { out <- outcome[R]{err: err} })   // answers once, also after a panic
//	    …
//	}()
func (s *Server) contain(ctx context.Context, answer func(error)) {
	if value := recover(); value != nil {
		answer(s.panicked(ctx, value))
	}
}

// worded makes a status of any error that is none yet. Of an error without a kind, whose words nobody has vouched
// for, the log gets the type. The innermost error's type is what helps: *fs.PathError says more than *fmt.wrapError,
// and a type quotes nobody's text.
func (s *Server) worded(ctx context.Context, err error) error {
	if _, known := status.FromError(err); !known && fault.Of(err) == fault.Unknown {
		for next := err; next != nil; next = errors.Unwrap(next) {
			err = next
		}
		s.opt.Log.ErrorContext(ctx, "an error without a kind", "type", fmt.Sprintf("%T", err))
	}
	return Status(err)
}

// wordUnary and wordStream stand right inside the log: whatever error comes from further in leaves as a status with
// a reason.
func (s *Server) wordUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	reply, err := next(ctx, req)
	return reply, s.worded(ctx, err)
}

func (s *Server) wordStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo,
	next grpc.StreamHandler) error {
	return s.worded(stream.Context(), next(srv, stream))
}

// ours tells calls that count and may be refused from health checks and reflection.
func ours(method string) bool { return !strings.HasPrefix(method, "/grpc.") }

// enterCall counts a call in, or refuses it. Metadata is looked at first, since it costs nothing. Probes (health,
// reflection) have a pool of their own: a balancer that is told "too many calls" by a busy server would take it out
// of service. After a refusal 1/16 of the pool's slow arrivals are ended, so the caller who comes again finds room.
func (s *Server) enterCall(ctx context.Context, method string) (leave func(), err error) {
	if err := checkMetadata(ctx); err != nil {
		return nil, err
	}
	pool, what := s.places.calls, "calls"
	if !ours(method) {
		pool, what = s.places.probes, "probes"
	}
	if leave, err = enter(ctx, pool, "TOO_MANY_CALLS", what); err != nil {
		s.arrivals.makeWay(1 + pool.Size()/16) // for whoever comes again
	}
	return leave, err
}

// limitUnary counts a call in for as long as it lasts. It is the innermost interceptor, so what follows it is the
// reading of the message (early) and the method itself.
func (s *Server) limitUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any,
	error) {
	leave, err := s.enterCall(ctx, info.FullMethod)
	if err != nil {
		return nil, Status(err)
	}
	defer leave()
	return next(ctx, req)
}

// limitStream also ends health watches with the server: a graceful stop would wait for them for ever.
// A stream holds its place among the calls for as long as it is open, also while it asks nothing.
func (s *Server) limitStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo,
	next grpc.StreamHandler) error {
	leave, err := s.enterCall(stream.Context(), info.FullMethod)
	if err != nil {
		return Status(err)
	}
	defer leave()
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	if !ours(info.FullMethod) {
		defer context.AfterFunc(s.over, cancel)()
	}
	// Inside: messages that cannot be decoded end the stream with the client's fault.
	in := grpc.ServerStream(wellFormed{&middleware.WrappedServerStream{ServerStream: stream, WrappedContext: ctx}})
	if !ours(info.FullMethod) {
		in = punctual{in, s}
	}
	return next(srv, in)
}

// punctual is a stream of probes, each of whose messages must come in time: a watch's only one at once, one of
// reflection while its client still asks.
type punctual struct {
	grpc.ServerStream
	s *Server
}

// RecvMsg gives the message's bytes back at once: a probe's message is read and done with.
func (p punctual) RecvMsg(v any) error {
	held, err := p.s.receive(p.Context(), p.ServerStream.RecvMsg, v)
	if err == nil {
		held.Leave()
	}
	return err
}

// interceptors are, from outside in: what the log is to learn, the log, the words of errors, panics, what Options
// bring (who is asking), the limit of calls.
//
// Why this order: the note is outermost, since the log reads it at the end. The log stands outside the words of
// errors, so it sees the code that the client sees. Recovery stands inside both, so a panic is logged and answered
// like any error. Who is asking comes before the limits: a caller without a token must not take a place.
func (s *Server) interceptors() []grpc.ServerOption {
	log, caught := slogger(s.opt.Log), recovery.WithRecoveryHandlerContext(s.panicked)
	unary := []grpc.UnaryServerInterceptor{noteUnary, logging.UnaryServerInterceptor(log, loggingOptions()...),
		s.wordUnary, recovery.UnaryServerInterceptor(caught)}
	stream := []grpc.StreamServerInterceptor{noteStream, logging.StreamServerInterceptor(log, loggingOptions()...),
		s.wordStream, recovery.StreamServerInterceptor(caught)}
	unary = append(append(unary, s.opt.Unary...), s.limitUnary)
	stream = append(append(stream, s.opt.Stream...), s.limitStream)
	return []grpc.ServerOption{grpc.ChainUnaryInterceptor(unary...), grpc.ChainStreamInterceptor(stream...)}
}
