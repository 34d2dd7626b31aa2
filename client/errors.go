package client

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/fault"
)

// answer is a server's error in its own words. It is a gRPC status still, for status.FromError.
type answer struct{ status *status.Status }

func (a answer) Error() string              { return a.status.Message() }
func (a answer) GRPCStatus() *status.Status { return a.status }

// Reason is the server's stable name for an error, as "QUEUE_FULL" or "EMPTY_TEXT"; empty where it has none.
func Reason(err error) string {
	if info := detail[*errdetails.ErrorInfo](err); info != nil {
		return info.Reason
	}
	return ""
}

// detail finds a part of an error's status; nil where there is none.
func detail[T any](err error) (found T) {
	s, ok := status.FromError(err)
	if !ok {
		return found
	}
	for _, d := range s.Details() {
		if d, ok := d.(T); ok {
			return d
		}
	}
	return found
}

// fault gives a call's error the kind that it had in the server and names the endpoint. The gRPC status stays
// within, for callers who look at codes.
func (c *Client) fault(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	return fault.New(fault.FromGRPC(s.Code()), "endpoint %s: %w", c.target, answer{s})
}

// pause tells whether an error asks for another try, and after how long. Only a server that is full does: a
// request that is beyond a limit would be refused for ever.
//
//	RESOURCE_EXHAUSTED with RetryInfo      full: again after the pause
//	RESOURCE_EXHAUSTED without             beyond a limit: the caller's to mend
//	UNAVAILABLE                            no server: gRPC's own tries (ServiceConfig) were made already
func pause(err error) (time.Duration, bool) {
	if status.Code(err) != codes.ResourceExhausted {
		return 0, false
	}
	retry := detail[*errdetails.RetryInfo](err)
	if retry == nil {
		return 0, false
	}
	return max(retry.GetRetryDelay().AsDuration(), time.Millisecond), true
}

// longest pause before another try.
const maxPause = 30 * time.Second

// patient doubles the server's pause with every try and spreads clients that were refused together: between once
// and one and a half times it. A server that asks for 100 ms is asked again after 100 to 150, then 200 to 300,
// then 400 to 600 ms, never after more than 45 s. Without the spread all who were refused at once would be back
// at once.
func patient(asked time.Duration, try int) time.Duration {
	wait := min(asked<<min(try-1, 10), maxPause)
	return wait + time.Duration(rand.Int64N(int64(wait/2)+1))
}

// wait sleeps unless the context would end first: then the server's answer is worth more than a deadline.
func wait(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// unary tries again while the server is full, and gives errors their kind. It stands outside gRPC's own tries
// (ServiceConfig), which are for lost connections: a full server says when to come back, and gRPC would not wait
// for it.
func (c *Client) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker,
	opts ...grpc.CallOption) error {
	for try := 1; ; try++ {
		err := call(ctx, method, req, reply, cc, opts...)
		asked, again := pause(err)
		if !again || try >= c.options.patience || !wait(ctx, patient(asked, try)) {
			return c.fault(err)
		}
	}
}

// stream gives the errors of a stream their kind.
func (c *Client) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string,
	open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := open(ctx, desc, cc, method, opts...)
	if err != nil {
		return nil, c.fault(err)
	}
	return kindly{s, c}, nil
}

// kindly is a stream whose errors have kinds; io.EOF stays what it is.
type kindly struct {
	grpc.ClientStream
	c *Client
}

func (k kindly) RecvMsg(m any) error { return k.c.fault(k.ClientStream.RecvMsg(m)) }
func (k kindly) SendMsg(m any) error { return k.c.fault(k.ClientStream.SendMsg(m)) }
