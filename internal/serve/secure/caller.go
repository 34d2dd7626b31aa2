package secure

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"hives/internal/fault"
	"hives/internal/serve"
)

// Caller is whoever has a token.
type Caller struct {
	Entry
	quota   *rate.Limiter // nil for none
	streams atomic.Int64
}

func newCaller(e Entry) *Caller {
	c := &Caller{Entry: e}
	if e.TokensPerSecond > 0 {
		// A second's worth may be saved up.
		c.quota = rate.NewLimiter(rate.Limit(e.TokensPerSecond), int(math.Ceil(min(e.TokensPerSecond, math.MaxInt32))))
	}
	return c
}

// wait is how long the balance stays at or below 0.
func (c *Caller) wait(now time.Time) time.Duration {
	if c.quota == nil {
		return 0
	}
	balance := c.quota.TokensAt(now)
	if balance > 0 {
		return 0
	}
	return time.Duration(math.Ceil(-balance/c.TokensPerSecond*1e9)) + time.Millisecond
}

// charge takes tokens off the balance, into debt if need be.
func (c *Caller) charge(now time.Time, tokens int) {
	if c.quota == nil {
		return
	}
	for burst := c.quota.Burst(); tokens > 0; tokens -= burst {
		c.quota.ReserveN(now, min(tokens, burst))
	}
}

// enterStream counts a stream in, or refuses it.
func (c *Caller) enterStream() (leave func(), err error) {
	if n := c.streams.Add(1); c.Streams > 0 && int(n) > c.Streams {
		c.streams.Add(-1)
		return nil, serve.Refuse(fault.Exhausted, "TOO_MANY_STREAMS", "%d streams of this token are open already", c.Streams)
	}
	return func() { c.streams.Add(-1) }, nil
}

type callerKey struct{}

// With notes who calls.
func With(ctx context.Context, c *Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// Of is who calls, nil if nobody was asked.
func Of(ctx context.Context) *Caller {
	c, _ := ctx.Value(callerKey{}).(*Caller)
	return c
}

// Name is the caller's, empty if nobody was asked.
func Name(ctx context.Context) string {
	if c := Of(ctx); c != nil {
		return c.Name
	}
	return ""
}

// Admit is for serve.Options: it refuses a request whose caller is in debt, and lets bulk wait.
func Admit(ctx context.Context, bulk bool) error {
	c := Of(ctx)
	if c == nil {
		return nil
	}
	for {
		delay := c.wait(time.Now())
		switch {
		case delay == 0:
			return nil
		case !bulk:
			return overQuota(c, delay)
		}
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// Charge takes a request's tokens off its caller's balance.
func Charge(ctx context.Context, tokens int) {
	if c := Of(ctx); c != nil {
		c.charge(time.Now(), tokens)
	}
}

func overQuota(c *Caller, delay time.Duration) error {
	words := fmt.Sprintf("the quota of %g tokens a second is used up; try again in %v", c.TokensPerSecond, delay.Round(time.Millisecond))
	s := status.New(codes.ResourceExhausted, words)
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{Reason: "QUOTA", Domain: serve.Domain}, &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
	if err != nil {
		return s.Err()
	}
	return detailed.Err()
}
