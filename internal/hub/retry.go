package hub

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"hives/internal/fault"
)

// patience says how long a server may take and how often it is asked again.
type patience struct {
	tries     int           // in a row, without progress between them
	firstWait time.Duration // mean pause before the second try; doubles, with half of it random either way
	maxWait   time.Duration // longest mean pause
	maxPause  time.Duration // longest Retry-After that is waited for
	stall     time.Duration // without a byte
	progress  int64         // bytes after which the tries are counted anew
	greeting  time.Duration // for the first sign of life of a hub, and again for a second try
}

// defaultPatience waits a minute or so in all where nothing comes: a router's restart, not a night.
var defaultPatience = patience{tries: 8, firstWait: 500 * time.Millisecond, maxWait: 30 * time.Second,
	maxPause: 5 * time.Minute, stall: time.Minute, progress: 1 << 20, greeting: 5 * time.Second}

// firstTries is how often a hub that never answered is asked: more would only be a longer silence.
const firstTries = 2

// passing is a failure that may be gone on the next try, at the earliest after a pause that the server asks for. An
// error that is not marked so ends the download at once: asking for a model that is not there eight times would only
// be slower. It carries the error as it will be told; the marks are for again alone.
type passing struct {
	error
	after   time.Duration
	unheard bool // the hub has not answered anything yet
}

func (p passing) Unwrap() error { return p.error }

// again repeats op while it fails in passing. A try that moved enough bytes is no failure of the server's: the count
// and the pauses begin anew, so that a long transfer survives any number of cuts.
//
// With the defaults the mean pauses are 0.5, 1, 2, 4, 8, 16 and 30 s, each by chance between half as long and half as
// long again, so that many clients of a hub that comes back do not all come at once.
//
// Invariant: a transfer that moves a megabyte between cuts is never given up (TestCutTransfersGoOn), and one that
// moves nothing is, after so many tries (TestHopelessServerIsGivenUp).
func (p patience) again(ctx context.Context, op func() (moved int64, err error)) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval, waits.Multiplier, waits.RandomizationFactor = p.firstWait, p.maxWait, 2, 0.5
	for tries := 1; ; tries++ {
		moved, err := op()
		var soon passing
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.As(err, &soon):
			return err
		case moved >= p.progress:
			tries = 0
			waits.Reset()
		case tries >= p.tries, soon.unheard && tries >= firstTries:
			return fault.New(fault.Of(err), "%w (%d tries)", soon.error, tries)
		case soon.after > p.maxPause:
			return fault.New(fault.Of(err), "%w; it asks for a pause of %v: run the same command again after it",
				soon.error, soon.after.Round(time.Second))
		}
		if err := pause(ctx, max(waits.NextBackOff(), soon.after)); err != nil {
			return err
		}
	}
}

// pause waits, or returns why the context ended.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// retryAfter reads the header in both its forms, seconds and a date; 0 where it is absent or no pause.
//
//	"120"                             2 min
//	"Sun, 29 Nov 2026 12:00:00 GMT"   until then, 0 if it is past
//	"soon", absent                    0: the pause is ours
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
