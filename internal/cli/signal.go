package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/shell"
)

// grace is how long a command has to end by itself after a signal before the process is ended for it: an engine that
// compiles, or a read of a dead disk, hears of no context.
const grace = time.Second

// Signal is the cause of a context that a signal cancelled: context.Cause(ctx) gives it, and it is the error that a
// stopped command ends with.
type Signal struct{ os.Signal }

// Error names a key rather than a signal where a person pressed one.
func (s Signal) Error() string {
	switch s.Signal {
	case os.Interrupt:
		return "stopped by Ctrl-C"
	case syscall.SIGTERM:
		return "stopped by SIGTERM"
	case syscall.SIGHUP:
		return "stopped by SIGHUP"
	}
	return "stopped by " + s.String()
}

// Is makes a Signal count as a cancelled context, so that code which looks for context.Canceled need not know of
// signals.
func (s Signal) Is(target error) bool { return target == context.Canceled }

// exitCode is what a shell reports of a program that the signal killed: 130 for Ctrl-C, 143 for SIGTERM.
func (s Signal) exitCode() int {
	if n, ok := s.Signal.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return fault.ExitFailed
}

// manner is how a command wants to be stopped. It travels in the context: a command that is three calls deep can say
// how it wants to end without a parameter through all of them.
type manner struct{ endsItself, goesOn, ownHangup atomic.Bool }

// mannerKey is a type of its own, so that no other package's value can be taken for a manner.
type mannerKey struct{}

// mannerOf finds how the command wants to be stopped. A context that is not Main's, as in a test, gets one that
// nobody looks at, so callers need not ask.
func mannerOf(ctx context.Context) *manner {
	if m, ok := ctx.Value(mannerKey{}).(*manner); ok {
		return m
	}
	return &manner{} // not a context of Main
}

// EndsItself says that the command ends soon after its context does, but for a save or a drain, which may take as
// long as it takes. A second signal ends it in the middle. A trainer that saves says it, and a daemon that drains.
// Whoever says it must look at its context between two steps of its work.
func EndsItself(ctx context.Context) { mannerOf(ctx).endsItself.Store(true) }

// GoesOn says that the same command goes on from what is done, whenever it is stopped. It is what makes the end say
// "go on with: …", with the command quoted as a shell reads it.
func GoesOn(ctx context.Context) { mannerOf(ctx).goesOn.Store(true) }

// OwnHangup says that SIGHUP means something else to the command than to stop. embedd says it: there it means "load
// anew".
func OwnHangup(ctx context.Context) { mannerOf(ctx).ownHangup.Store(true) }

// withSignals cancels the context at the first SIGINT, SIGTERM or SIGHUP and gives the first two their deadly meaning
// back, so that a second one ends a save that hangs. SIGHUP comes from a terminal that closes, often twice, once from
// the shell and once from the system, so a further one changes nothing; under nohup none does.
//
//	Ctrl-C       the context is cancelled; the command has a second to end
//	a second on  ended for it, unless it said EndsItself; half-written files go
//	Ctrl-C again the system's own meaning: the process is gone at once
func withSignals(parent context.Context) (context.Context, func()) {
	m := &manner{}
	ctx, cancel := context.WithCancelCause(context.WithValue(parent, mannerKey{}, m))
	ch, hangup, ended := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangup, syscall.SIGHUP)
	}
	go func() {
		if s := m.first(ch, hangup, ended); s != nil {
			signal.Stop(ch)
			cancel(Signal{s})
			m.enforce(ctx, ended)
		}
	}()
	return ctx, func() { signal.Stop(ch); signal.Stop(hangup); close(ended); cancel(nil) }
}

// first waits for the signal that stops the command, nil where it ended before one came.
// Channels and not signals, so that a test can send them.
func (m *manner) first(ch, hangup <-chan os.Signal, ended <-chan struct{}) os.Signal {
	for {
		select {
		case s := <-ch:
			return s
		case s := <-hangup:
			if !m.ownHangup.Load() {
				// What reads our output through a pipe, tee say, has ended with the terminal: a line more must not
				// end us.
				signal.Ignore(syscall.SIGPIPE)
				return s
			}
		case <-ended:
			return nil
		}
	}
}

// enforce ends the process in the command's place if it has not ended after the grace. What is half written goes.
// The goroutine never comes back from Exit; if the command ends in the same moment, either of the two prints the
// same error and code.
func (m *manner) enforce(ctx context.Context, ended chan struct{}) {
	select {
	case <-ended:
		return
	case <-time.After(grace):
	}
	if m.endsItself.Load() {
		return
	}
	fsutil.Abandon()
	leaveBar()
	os.Exit(finish(os.Stderr, filepath.Base(os.Args[0]), stopped(ctx, context.Cause(ctx))))
}

// stopped is the error of a command whose context has ended: with the signal as its reason, unless the command ends
// itself and has another, and with the command that goes on where one does. An error that is there for another
// reason than the signal stays, if the command ends itself: a disk that is full while it saves is what the user must
// hear.
func stopped(ctx context.Context, err error) error {
	m := mannerOf(ctx)
	var s Signal
	saved := fault.ExitCode(err) == fault.ExitInterrupted
	if errors.As(context.Cause(ctx), &s) && err != nil && !saved &&
		(fault.Of(err) == fault.Canceled || !m.endsItself.Load()) {
		err = s
		if saved = m.goesOn.Load(); saved {
			err = fault.Saved(fmt.Errorf("%w; what is done is kept", s))
		}
	}
	if saved && m.goesOn.Load() {
		return fmt.Errorf("%w; go on with: %s", err, shell.Line(os.Args...))
	}
	return err
}
