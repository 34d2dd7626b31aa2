package daemon

import (
	"context"
	"log/slog"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// A client that fails in a loop, ten thousand times a second, must not fill the disk with lines that say the same.
// Lines of finished calls that failed are held to a rate; the next line that is written says how many were left out
// before it.
//
//	second 1    10,000 failed calls: 100 lines, and 10 more while the second lasts
//	second 2    the first line says lines_left_out=9,890
const (
	failedLinesPerSecond = 10
	failedLinesAtOnce    = 100
	finishedCall         = "finished call" // the message of gRPC's and HTTP's lines alike
)

// quiet bounds a logger's lines of failed calls. Others, and those of calls that went well, which only debugging asks
// for, pass.
func quiet(l *slog.Logger) *slog.Logger {
	return slog.New(quietHandler{l.Handler(), &allowance{limit: rate.NewLimiter(failedLinesPerSecond, failedLinesAtOnce)}})
}

// allowance is shared by all loggers that are made of one: else every group of attributes would have its own.
type allowance struct {
	limit *rate.Limiter
	left  atomic.Int64
}

// quietHandler is a handler that leaves lines out. All handlers made of it by With share one allowance.
type quietHandler struct {
	slog.Handler
	shared *allowance
}

// Handle implements slog.Handler. Invariant: lines written and lines counted as left out add up to the failed calls,
// but for those that nothing has followed yet.
func (h quietHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Message != finishedCall || r.Level < slog.LevelInfo {
		return h.Handler.Handle(ctx, r)
	}
	if !h.shared.limit.AllowN(r.Time, 1) {
		h.shared.left.Add(1)
		return nil
	}
	if n := h.shared.left.Swap(0); n > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int64("lines_left_out", n))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs must be here although it only passes on: the embedded handler's own would return itself, without the
// bound.
func (h quietHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quietHandler{h.Handler.WithAttrs(attrs), h.shared}
}

// WithGroup is here for the same reason.
func (h quietHandler) WithGroup(name string) slog.Handler {
	return quietHandler{h.Handler.WithGroup(name), h.shared}
}
