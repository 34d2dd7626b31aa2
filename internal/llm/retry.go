package llm

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/openai/openai-go/v3"

	"hives/internal/fault"
)

// firstWait is the mean pause before the second try; it doubles, with half of it random either way.
const firstWait = 500 * time.Millisecond

// retry tries again what may get better: no connection, a cut one, a stall, 408, 409, 429 and 5xx.
func (c *Client) retry(ctx context.Context, r Call) (Answer, error) {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = min(firstWait, time.Duration(c.endpoint.MaxWait))
	waits.MaxInterval = time.Duration(c.endpoint.MaxWait)
	waits.Multiplier, waits.RandomizationFactor = 2, 0.5
	return backoff.Retry(ctx, func() (Answer, error) {
		reply, err := c.paid(ctx, r)
		if err == nil {
			return reply, nil
		}
		if fault.Of(err) == fault.Exhausted {
			return reply, backoff.Permanent(err)
		}
		if ctx.Err() != nil {
			return reply, backoff.Permanent(context.Cause(ctx))
		}
		return reply, c.judge(err)
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(uint(c.endpoint.MaxTries)), backoff.WithMaxElapsedTime(0))
}

// judge says what an error means for the next try.
func (c *Client) judge(err error) error {
	if errors.Is(err, errRedirect) {
		return backoff.Permanent(fault.New(fault.Unavailable, "endpoint %q: %w", c.endpoint.Name, errRedirect))
	}
	var refused *openai.Error
	if !errors.As(err, &refused) {
		return fault.New(fault.Unavailable, "endpoint %q: %w: is it up, and is base_url right?", c.endpoint.Name, plainCause(err))
	}
	failure := c.refusal(refused.StatusCode)
	if !again(refused.StatusCode) {
		return backoff.Permanent(failure)
	}
	wait, told := retryAfter(refused.Response, time.Now())
	if !told {
		return failure
	}
	if wait > time.Duration(c.endpoint.MaxWait) {
		return backoff.Permanent(fault.New(fault.Unavailable, "endpoint %q: HTTP status %d: asks for a pause of %v, max_wait is %v: run again after it",
			c.endpoint.Name, refused.StatusCode, wait.Round(time.Second), time.Duration(c.endpoint.MaxWait)))
	}
	c.gate.pause(wait)
	return &pausedFailure{failure, &backoff.RetryAfterError{Duration: wait}}
}

// pausedFailure is a failure together with the pause that backoff looks for in it.
type pausedFailure struct {
	error
	after *backoff.RetryAfterError
}

func (t *pausedFailure) Unwrap() []error { return []error{t.error, t.after} }

func again(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusConflict || status == http.StatusTooManyRequests || status >= 500
}

// plainCause keeps addresses and bodies out of the message: of the errors a transport has, it names the kind.
func plainCause(err error) error {
	var op *net.OpError
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, errStalled), errors.Is(err, errNoChoice):
		return err
	case errors.As(err, &tooLong):
		return errors.New("an answer without end")
	case errors.As(err, &op) && op.Op == "dial":
		return errors.New("no connection")
	}
	return errors.New("the connection broke or the answer was no chat completion")
}

// retryAfter reads the header in both its forms, seconds and a date.
func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	text := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second)), true
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, t.Sub(now)), true
	}
	return 0, false
}
