package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"hives/internal/fault"
)

// Signal is the cause of a context that a signal cancelled.
type Signal struct{ os.Signal }

func (s Signal) Error() string { return "stopped by " + s.String() }

// Is makes a Signal count as a cancelled context.
func (s Signal) Is(target error) bool { return target == context.Canceled }

// Main runs the program and ends the process with its exit code.
func Main(run func(context.Context) error) {
	ctx, stop := withSignals(context.Background())
	err := guarded(ctx, run)
	stop()
	os.Exit(finish(os.Stderr, filepath.Base(os.Args[0]), err, context.Cause(ctx)))
}

// withSignals cancels the context at the first SIGINT or SIGTERM and gives both signals their deadly
// meaning back, so that a second one ends a save that hangs.
func withSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-ch:
			signal.Stop(ch)
			cancel(Signal{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(ch); cancel(nil) }
}

// crash is a panic on its way to finish.
type crash struct {
	value any
	stack []byte
}

func (c crash) Error() string { return fmt.Sprintf("internal error: %v", c.value) }

// guarded turns a panic into an error: Go's own exit code after a panic is 2, that of a usage mistake.
func guarded(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = crash{r, debug.Stack()}
		}
	}()
	return run(ctx)
}

// finish prints err and returns the exit code. SIGTERM after which all was saved is a success: whoever
// sent it asked for just that.
func finish(w io.Writer, program string, err, cause error) int {
	code := fault.ExitCode(err)
	var s Signal
	if code == fault.ExitInterrupted && errors.As(cause, &s) && s.Signal == syscall.SIGTERM {
		code = fault.ExitDone
	}
	if err == nil {
		return code
	}
	fmt.Fprintf(w, "%s: %v\n", program, err)
	var c crash
	if errors.As(err, &c) {
		fmt.Fprintf(w, "%s", c.stack)
	}
	return code
}

// Command makes a cobra tree into what Main runs. Whatever goes wrong before a command's own work has
// begun (an unknown command or flag, a missing argument) is a usage mistake.
func Command(root *cobra.Command) func(context.Context) error {
	return func(ctx context.Context) error { return execute(ctx, root) }
}

func execute(ctx context.Context, root *cobra.Command) error {
	started := false
	root.SilenceErrors, root.SilenceUsage = true, true
	wrap(root, &started)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil || started {
		return err
	}
	return fault.Usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
}

// wrap notes in every command that its work has begun.
func wrap(cmd *cobra.Command, started *bool) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(c *cobra.Command, args []string) error {
			*started = true
			return run(c, args)
		}
	}
	for _, child := range cmd.Commands() {
		wrap(child, started)
	}
}
