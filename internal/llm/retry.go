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

// firstWait is the mean pause before the second try; it doubles, with half of it random either way, so that clients
// that failed together do not come back together. It is short beside an answer's own time: a lost connection costs
// little.
const firstWait = 500 * time.Millisecond

// retry tries again what may get better: no connection, a cut one, a stall, 408, 409, 429 and 5xx.
//
//	answers of the endpoint        pauses before the tries that follow (mean)   ends with
//	503, 503, an answer            0.5 s, 1 s                                   the answer
//	429 "Retry-After: 7", answer   7 s, for every request of the endpoint       the answer
//	429 "Retry-After: 3600"                                                     Unavailable: longer than max_wait
//	503 max_tries times            0.5 s, 1 s, 2 s, … up to max_wait            Unavailable
//	400                                                                         Invalid
//
// The default of six tries has five pauses, 15.5 s together in the mean: a server that restarts in that time costs a
// run nothing.
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
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(uint(c.endpoint.MaxTries)),
		backoff.WithMaxElapsedTime(0)) // tries bound it: time alone would count the waiting for the rate
}

// judge says what an error means for the next try: none (Permanent), one after our own pause, or one after the pause
// that the endpoint asks for, which holds all its requests back.
func (c *Client) judge(err error) error {
	if errors.Is(err, errRedirect) {
		return backoff.Permanent(fault.New(fault.Unavailable, "endpoint %q: %w", c.endpoint.Name, errRedirect))
	}
	var refused *openai.Error
	if !errors.As(err, &refused) {
		return fault.New(fault.Unavailable, "endpoint %q: %w: is it up, and is base_url right?",
			c.endpoint.Name, plainCause(err))
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
		return backoff.Permanent(fault.New(fault.Unavailable,
			"endpoint %q: HTTP status %d: asks for a pause of %v, max_wait is %v: run again after it",
			c.endpoint.Name, refused.StatusCode, wait.Round(time.Second), time.Duration(c.endpoint.MaxWait)))
	}
	c.gate.pause(wait)
	return &pausedFailure{failure, &backoff.RetryAfterError{Duration: wait}}
}

// pausedFailure keeps both what the user is told and what the next try waits for: it is a failure together with the
// pause that backoff looks for in it.
type pausedFailure struct {
	error
	after *backoff.RetryAfterError
}

func (t *pausedFailure) Unwrap() []error { return []error{t.error, t.after} }

// again tells which refusals are of the moment: those that OpenAI's own client tries again. Other 4xx say that the
// request or the key is wrong, which a second try would not mend.
func again(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// plainCause keeps addresses and bodies out of the message: of the errors a transport has, it names the kind. An
// endpoint's own words may repeat the text that was asked about, and a transport's the address with a key in it.
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
