package serve

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/proto"

	"hives/internal/fault"
	"hives/internal/serve/share"
)

// grpc-go reads the message of a call before it asks any interceptor. early turns this round: the interceptors come
// first, so that log, words, tokens and limits have had their say before a byte of the message is waited for, and
// the innermost of them reads it.
//
// What it is for: otherwise a caller without a token, or beyond its limit, would have 4 MiB of memory for as long
// as it takes to send them.
type early struct {
	grpc.ServiceRegistrar
	s *Server
}

// RegisterService registers a copy of the description, whose handlers read late. The generated description is
// shared by all servers of the process and stays as it is. Streams need nothing: their messages are read by the
// method anyway.
func (e early) RegisterService(desc *grpc.ServiceDesc, impl any) {
	ours := *desc
	ours.Methods = slices.Clone(desc.Methods)
	for i, m := range ours.Methods {
		ours.Methods[i].Handler = e.s.early("/"+desc.ServiceName+"/"+m.MethodName, m.Handler)
	}
	e.ServiceRegistrar.RegisterService(&ours, impl)
}

// early wraps one method. grpc-go's own order is: decode, then interceptors, then the method. The generated handler
// gets decode as a function, so it is called with an empty chain from inside the innermost interceptor, and its
// decode is ours, which keeps room before it reads. Interceptors therefore see a nil request; none of ours looks at
// it.
func (s *Server) early(method string, handler grpc.MethodHandler) grpc.MethodHandler {
	return func(impl any, ctx context.Context, decode func(any) error, chain grpc.UnaryServerInterceptor) (any, error) {
		handle := func(ctx context.Context, _ any) (any, error) {
			// The zero Place holds nothing and may be left: receive may fail before it has one.
			held := &share.Place{}
			defer func() { held.Leave() }()
			return handler(impl, ctx, func(v any) (err error) {
				held, err = s.receive(ctx, decode, v)
				return err
			}, nil)
		}
		if chain == nil {
			return handle(ctx, nil)
		}
		return chain(ctx, nil, &grpc.UnaryServerInfo{Server: impl, FullMethod: method}, handle)
	}
}

// Receiving keeps room for a message of at most size bytes before any of it is read, so that bytes announced and not
// sent take nobody's memory but the part of the caller who announced them. The place is for the message as long as it
// is worked on; Keep shrinks it to what has come.
func (s *Server) Receiving(ctx context.Context, size int) (*share.Place, error) {
	return s.places.bytes.Enter(ctx, Caller(ctx), size)
}

// receive reads a call's message. One that has not come whole in time ends its call. The room is for the largest
// message, since its length is not known before it is read, and shrinks to the real size afterwards. Whoever gets a
// place owes it Leave when the call is over.
func (s *Server) receive(ctx context.Context, decode func(any) error, v any) (*share.Place, error) {
	place, err := s.Receiving(ctx, s.opt.Limits.RequestBytes)
	if err != nil {
		return place, Status(err)
	}
	a := s.arrivals.add(func() { stopStream(ctx) })
	defer s.arrivals.remove(a)
	// Two clocks end a slow message: its own time, and makeWay when others wait.
	late := time.AfterFunc(s.opt.Times.Receive, a.end)
	err = decode(v)
	late.Stop()
	switch {
	case err != nil:
		err = Status(a.reason(err))
	case err == nil:
		err = Status(malformed(v))
	}
	if err != nil {
		place.Leave()
		return place, err
	}
	// From here on the place is for what the message turned out to be, until the call is over.
	if m, ok := v.(proto.Message); ok {
		place.Keep(proto.Size(m))
	}
	return place, nil
}

// errSlow ends a call whose message does not come.
var errSlow = Refuse(fault.Unavailable, "SLOW_MESSAGE", "the request's message did not come in time")

// stopKey finds what ends a stream's context from within: reading its messages then ends too.
type stopKey struct{}

// tapped gives every stream a context that the server can end.
func tapped(ctx context.Context, _ *tap.Info) (context.Context, error) {
	ctx, stop := context.WithCancel(ctx)
	return context.WithValue(ctx, stopKey{}, stop), nil
}

// stopStream ends the stream that ctx belongs to; outside of gRPC there is none, and nothing happens.
func stopStream(ctx context.Context) {
	if stop, ok := ctx.Value(stopKey{}).(context.CancelFunc); ok {
		stop()
	}
}

// Metadata beyond maxMetadata is refused, of the one call. HTTP/2 would end the connection, with all calls on it, at
// what the transport takes, which is therefore more.
const (
	maxMetadata     = 64 << 10
	transportHeader = 1 << 20
)

// checkMetadata refuses a call with too much of it. Base64 and compression are undone by then: counted is what is
// kept in memory.
func checkMetadata(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	size := 0
	for key, values := range md {
		for _, value := range values {
			size += len(key) + len(value) + 32 // as HTTP/2 counts
		}
	}
	if size > maxMetadata {
		return Refuse(fault.Exhausted, "METADATA_TOO_LARGE", "%d bytes of metadata, a call takes at most %d", size,
			maxMetadata)
	}
	return nil
}
