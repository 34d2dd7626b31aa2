package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"hives/internal/columns"
	"hives/internal/fault"
)

// Main runs the program and ends the process with its exit code. It is the one place in a program that calls
// os.Exit, beside enforce, which stands in for it after a signal.
func Main(run func(context.Context) error) {
	ctx, stop := withSignals(context.Background())
	err := guarded(ctx, run)
	stop()
	leaveBar() // of a command that failed in the middle
	os.Exit(finish(os.Stderr, filepath.Base(os.Args[0]), stopped(ctx, err)))
}

// crash is a panic on its way to finish. The stack is taken where it was caught and printed below the error: a
// panic is ours to mend, and the user can send it.
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

// finish prints err and returns the exit code.
//
//	nil                                  0
//	a mistake of flags or configuration  2
//	anything else                        1
//	stopped, what is done is kept        75, and the command that goes on
//	stopped by Ctrl-C, by SIGTERM        130, 143
//
// 75 is EX_TEMPFAIL of sysexits.h: "try again later". A job queue that restarts on it needs no other sign.
func finish(w io.Writer, program string, err error) int {
	if err == nil {
		return fault.ExitDone
	}
	said := columns.Lines(w)
	fmt.Fprintf(said, "%s: %v\n", program, err)
	var c crash
	if errors.As(err, &c) {
		fmt.Fprintf(w, "%s", c.stack)
	}
	var s Signal
	if code := fault.ExitCode(err); code != fault.ExitFailed || !errors.As(err, &s) {
		return code
	}
	return s.exitCode()
}

// Command makes a cobra tree into what Main runs. Whatever goes wrong before a command's own work has begun (an
// unknown command or flag, a missing argument) is a usage mistake. So "hives evalute" and a missing flag exit with
// 2, and a model that cannot be read exits with 1.
func Command(root *cobra.Command) func(context.Context) error {
	return func(ctx context.Context) error { return execute(ctx, root) }
}

// started is what tells the two halves apart: cobra's own errors come before a command's RunE is called.
func execute(ctx context.Context, root *cobra.Command) error {
	started := false
	root.SilenceErrors, root.SilenceUsage = true, true
	teach(root)
	defer fitted(root)()
	wrap(root, &started)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil || started {
		return err
	}
	return fault.Usage(fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath()))
}

// fitted breaks what the commands print at the terminal's width. A test that reads the output itself keeps its
// writers. Whoever calls it owes flush: a line without an end waits for its end.
func fitted(root *cobra.Command) (flush func()) {
	if root.OutOrStdout() != os.Stdout {
		return func() {}
	}
	out, log := columns.Lines(os.Stdout), columns.Lines(os.Stderr)
	root.SetOut(out)
	root.SetErr(log)
	return func() { columns.Flush(out); columns.Flush(log) }
}

// wrap notes in every command that its work has begun.
func wrap(cmd *cobra.Command, started *bool) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(c *cobra.Command, args []string) error {
			*started = true
			if err := errors.Join(refuseDash(c), refuseNotFinite(c)); err != nil {
				return err
			}
			return run(c, args)
		}
	}
	for _, child := range cmd.Commands() {
		wrap(child, started)
	}
}
