package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind says whose move it is after an error. A kind is about what to do next, not about where it went wrong. Three
// readers use it: programs exit by it, servers translate it (wire.go), and clients decide by it whether to try
// again.
type Kind int

const (
	Unknown     Kind = iota
	Invalid          // the input or the configuration is wrong: change it
	NotFound         // a named file, tensor or value is absent
	Exists           // the target is taken by something else
	Mismatch         // two inputs do not belong together
	Exhausted        // a limit, the disk or the memory is used up
	Unavailable      // an engine or a service does not answer now
	Corrupt          // stored bytes are damaged
	Canceled         // the user or a signal stopped the work
)

// Exit codes of every program.
const (
	ExitDone   = 0
	ExitFailed = 1
	ExitUsage  = 2
	// interrupted, and what was done is saved; without a way to go on a signal's code is 128 + its number
	ExitInterrupted = 75
)

var names = [...]string{"unknown", "invalid", "not found", "exists", "mismatch", "exhausted", "unavailable",
	"corrupt", "canceled"}

func (k Kind) String() string { return names[k] }

// Error makes a kind an error, so that errors.Is finds it in a chain: package kind shows this to others.
func (k Kind) Error() string { return names[k] }

// fault is an error with a kind. It is not exported: callers make one with New and ask with Of, and the kind travels
// through any wrapping.
type fault struct {
	kind Kind
	err  error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// Is holds for the fault's own kind.
func (f *fault) Is(target error) bool { return target == error(f.kind) }

// As gives the kind to errors.As.
func (f *fault) As(target any) bool {
	k, ok := target.(*Kind)
	if ok {
		*k = f.kind
	}
	return ok
}

// New returns an error of the given kind; the format is that of fmt.Errorf, %w included.
func New(kind Kind, format string, args ...any) error {
	return &fault{kind: kind, err: fmt.Errorf(format, args...)}
}

// Of returns the kind of the outermost fault in err's chain, Canceled for a cancelled context. The outermost counts:
// whoever wraps a NotFound as Corrupt has looked closer. A context's end counts as Canceled even where nobody gave
// it a kind, since libraries return it bare.
func Of(err error) Kind {
	var f *fault
	if errors.As(err, &f) {
		return f.kind
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Canceled
	}
	return Unknown
}

// saved marks a stop that lost nothing.
type saved struct{ error }

func (s saved) Unwrap() error { return s.error }

// Saved marks err as an interruption after which the work can go on from where it stood.
func Saved(err error) error { return saved{err} }

// ExitCode returns the process exit code for err; nil is ExitDone. Saved comes before usage: a stop that can be gone
// on from is never a mistake of the command line.
func ExitCode(err error) int {
	var s saved
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &s):
		return ExitInterrupted
	case errors.As(err, new(usage)):
		return ExitUsage
	}
	return ExitFailed
}

// usage marks a wrong command line.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// Usage marks err as a mistake in flags or configuration.
func Usage(err error) error { return usage{err} }
