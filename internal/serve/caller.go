package serve

import (
	"context"

	middleware "github.com/grpc-ecosystem/go-grpc-middleware/v2"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"google.golang.org/grpc"
)

// note is what the log, the outermost interceptor, learns of a call from those inside it.
type note struct{ caller string }

type noteKey struct{}

// NoteCaller gives the log the name of who calls. It is for interceptors, before the call is handled.
func NoteCaller(ctx context.Context, name string) {
	if n, ok := ctx.Value(noteKey{}).(*note); ok {
		n.caller = name
	}
}

func noteUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	return next(context.WithValue(ctx, noteKey{}, &note{}), req)
}

func noteStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return next(srv, &middleware.WrappedServerStream{ServerStream: stream, WrappedContext: context.WithValue(stream.Context(), noteKey{}, &note{})})
}

// callerField is empty where nobody was asked who they are.
func callerField(ctx context.Context) logging.Fields {
	if n, ok := ctx.Value(noteKey{}).(*note); ok && n.caller != "" {
		return logging.Fields{"caller", n.caller}
	}
	return nil
}
