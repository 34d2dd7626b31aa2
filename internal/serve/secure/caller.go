package secure

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

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
	quota   *bucket // nil for none
	streams atomic.Int64
	gone    chan struct{} // closed when the token has left the file
}

// newCaller begins with a second's worth of tokens, so a first request need not wait.
func newCaller(e Entry) *Caller {
	c := &Caller{Entry: e, gone: make(chan struct{})}
	if e.TokensPerSecond > 0 {
		c.quota = &bucket{perSecond: e.TokensPerSecond, balance: e.TokensPerSecond}
	}
	return c
}

// bucket fills by so many tokens a second, of which a second's worth may be saved up, and may be in debt.
//
// With 100 tokens a second: the balance is 100 at first. A request of 350 is let in, as it is above 0, and leaves
// −250. The next must wait 2.5 s. After an hour of silence the balance is 100 again, not 360,000. So a request may
// be as large as it likes, and the rate holds all the same.
type bucket struct {
	mu                 sync.Mutex
	perSecond, balance float64
	at                 time.Time // of the balance
}

// add brings the balance up to now and adds tokens, which may be negative. Time that seems to go back counts as
// none. Requests of several goroutines read the clock before they get the lock, so their times may come in another
// order.
func (b *bucket) add(now time.Time, tokens float64) (balance float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.at.IsZero() {
		b.balance += b.perSecond * max(0, now.Sub(b.at).Seconds())
	}
	if now.After(b.at) {
		b.at = now
	}
	b.balance = min(b.balance+tokens, b.perSecond)
	return b.balance
}

// wait is how long the balance stays at or below 0. The millisecond on top keeps a client that waits exactly so long
// from being told to wait for nothing once more.
func (c *Caller) wait(now time.Time) time.Duration {
	if c.quota == nil {
		return 0
	}
	balance := c.quota.add(now, 0)
	if balance > 0 {
		return 0
	}
	return time.Duration(math.Ceil(-balance/c.TokensPerSecond*1e9)) + time.Millisecond
}

// charge takes tokens off the balance, into debt if need be; a negative number gives back.
func (c *Caller) charge(now time.Time, tokens int) {
	if c.quota != nil {
		c.quota.add(now, -float64(tokens))
	}
}

// enterStream counts a stream in, or refuses it. Adding first and looking afterwards needs no lock: of two that come
// for the last place one sees a number too high and takes it back.
func (c *Caller) enterStream() (leave func(), err error) {
	if n := c.streams.Add(1); c.Streams > 0 && int(n) > c.Streams {
		c.streams.Add(-1)
		return nil, serve.Refuse(fault.Exhausted, "TOO_MANY_STREAMS", "%d streams of this token are open already",
			c.Streams)
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

// Admit is for serve.Options: it refuses a request whose caller is in debt, lets bulk wait, and charges the others.
// paid corrects the charge to the exact number. Two requests may both see a balance above 0 and both be charged: the
// debt is then larger, and is paid all the same.
func Admit(ctx context.Context, tokens int, bulk bool) (paid func(exact int), err error) {
	c := Of(ctx)
	if c == nil {
		return func(int) {}, nil
	}
	for {
		delay := c.wait(time.Now())
		switch {
		case delay == 0:
			c.charge(time.Now(), tokens)
			return func(exact int) { c.charge(time.Now(), exact-tokens) }, nil
		case !bulk:
			return nil, overQuota(c, delay)
		}
		// Bulk waits here, before it takes room anywhere else.
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

// overQuota says when the balance is above 0 again, in the form that clients of gRPC wait by themselves (RetryInfo).
func overQuota(c *Caller, delay time.Duration) error {
	words := fmt.Sprintf("the quota of %g tokens a second is used up; try again in %v", c.TokensPerSecond,
		delay.Round(time.Millisecond))
	s := status.New(codes.ResourceExhausted, words)
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{Reason: "QUOTA", Domain: serve.Domain},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
	if err != nil {
		return s.Err()
	}
	return detailed.Err()
}
