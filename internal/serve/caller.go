package serve

import (
	"context"

	middleware "github.com/grpc-ecosystem/go-grpc-middleware/v2"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"hives/internal/serve/share"
)

// note is who calls. What is outermost, as the log, learns it from those inside it. It is a pointer in the context
// on purpose. The log is the outermost interceptor and writes its line last, but who calls is known only to the one
// that checks tokens, further in: that one writes into the note which the log reads afterwards.
//
// One goroutine writes a note, before the call is handled, and others read it only afterwards; so it has no lock.
type note struct {
	name    string // that of a token; empty where nobody was asked
	address string // that the connection came from
}

type noteKey struct{}

// NoteCaller says who calls: the log has the name, and calls of one name share what a caller gets. It is for
// interceptors, before the call is handled.
func NoteCaller(ctx context.Context, name string) {
	if n, ok := ctx.Value(noteKey{}).(*note); ok {
		n.name = name
	}
}

// from notes the address that a call came from, as host:port. The host alone names the caller, the whole address
// the connection: two clients behind one host are one caller with two connections.
func from(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, noteKey{}, &note{address: address})
}

// Caller is whose part of the server a call takes: that of a token's name, else of the host that the connection came
// from. Calls from within this process are nobody's. The prefixes keep a token that somebody named "10.0.0.1" apart
// from the host of that address.
func Caller(ctx context.Context) share.Who {
	n, _ := ctx.Value(noteKey{}).(*note)
	switch {
	case n == nil:
		return share.Who{}
	case n.name != "":
		return share.Who{Caller: "token " + n.name, Connection: n.address}
	}
	return share.Who{Caller: "host " + share.Host(n.address), Connection: n.address}
}

// noted begins the note of a call over gRPC. A call within a test's own transport has no peer, and an empty
// address.
func noted(ctx context.Context) context.Context {
	address := ""
	if p, ok := peer.FromContext(ctx); ok {
		address = p.Addr.String()
	}
	return from(ctx, address)
}

// noteUnary and noteStream stand outermost of all interceptors (interceptors).
func noteUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	return next(noted(ctx), req)
}

func noteStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return next(srv, &middleware.WrappedServerStream{ServerStream: stream, WrappedContext: noted(stream.Context())})
}

// callerField is empty where nobody was asked who they are.
func callerField(ctx context.Context) logging.Fields {
	if n, ok := ctx.Value(noteKey{}).(*note); ok && n.name != "" {
		return logging.Fields{"caller", n.name}
	}
	return nil
}
