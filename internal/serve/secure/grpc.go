package secure

import (
	"context"
	"errors"
	"strings"

	middleware "github.com/grpc-ecosystem/go-grpc-middleware/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"hives/internal/serve"
)

// open are the methods that need no token: a probe has none.
func open(method string) bool { return strings.HasPrefix(method, "/grpc.health.") }

// enter finds the caller of a method. Two authorization headers are refused as none is: which of them counts would
// depend on who reads.
func (t *Tokens) enter(ctx context.Context, method string) (context.Context, error) {
	if open(method) {
		return ctx, nil
	}
	headers := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(headers) != 1 {
		headers = []string{""}
	}
	c, err := t.Authorize(headers[0])
	if err != nil {
		return ctx, err
	}
	serve.NoteCaller(ctx, c.Name)
	return With(ctx, c), nil
}

// Unary is the interceptor of calls.
func (t *Tokens) Unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	ctx, err := t.enter(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return next(ctx, req)
}

// Stream is the interceptor of streams, which a token may have so many of.
func (t *Tokens) Stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	ctx, err := t.enter(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	c := Of(ctx)
	if c == nil {
		return next(srv, &middleware.WrappedServerStream{ServerStream: stream, WrappedContext: ctx})
	}
	leave, err := c.enterStream()
	if err != nil {
		return serve.Status(err)
	}
	defer leave()
	ctx, end := c.whileKnown(ctx)
	defer end()
	err = next(srv, &middleware.WrappedServerStream{ServerStream: stream, WrappedContext: ctx})
	if errors.Is(context.Cause(ctx), errRevoked) {
		return errRevoked
	}
	return err
}

// errRevoked ends the streams of a token that has left the file.
var errRevoked = refused("the token is not known here any more")

// whileKnown ends ctx when the caller's token leaves the file. Whoever calls it owes the cancel, which ends the
// goroutine. The cause tells a revoked token from a client that went away.
func (c *Caller) whileKnown(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-c.gone:
			cancel(errRevoked)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
