package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"

	"hives/internal/fault"
)

func TestFinish(t *testing.T) {
	saved := fault.Saved(fmt.Errorf("stopped at step 5; go on with --resume"))
	for _, c := range []struct {
		name string
		err  error
		code int
		text string
	}{
		{"done", nil, 0, ""},
		{"failed", errors.New("no room"), 1, "train: no room\n"},
		{"usage", fault.Usage(errors.New("no flag")), 2, "train: no flag\n"},
		{"saved", saved, 75, "train: stopped at step 5; go on with --resume\n"},
		{"Ctrl-C", Signal{syscall.SIGINT}, 130, "train: stopped by Ctrl-C\n"},
		{"SIGTERM", Signal{syscall.SIGTERM}, 143, "train: stopped by SIGTERM\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := finish(&out, "train", c.err); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if out.String() != c.text {
				t.Errorf("printed %q, want %q", &out, c.text)
			}
		})
	}
}

// TestStopped: what a command returns after a signal, as each kind of command is stopped.
func TestStopped(t *testing.T) {
	full, cancelled := errors.New("disk full"), fmt.Errorf("encode: %w", context.Canceled)
	for _, c := range []struct {
		name string
		how  func(context.Context)
		err  error
		code int
		says string
	}{
		{"whole in spite of it", nil, nil, 0, ""},
		{"broken off", nil, cancelled, 143, "stopped by SIGTERM"},
		{"broken off, and the error hides it", nil, full, 143, "stopped by SIGTERM"},
		{"a save that failed", EndsItself, full, 1, "disk full"},
		{"a drain that was broken off", EndsItself, cancelled, 143, "stopped by SIGTERM"},
		{"saved by itself", EndsItself, fault.Saved(full), 75, "disk full"},
		{"goes on", GoesOn, cancelled, 75, "go on with: "},
		{"saved and goes on", GoesOn, fault.Saved(full), 75, "disk full; go on with: "},
	} {
		ctx, cancel := context.WithCancelCause(context.WithValue(context.Background(), mannerKey{}, &manner{}))
		if c.how != nil {
			c.how(ctx)
		}
		cancel(Signal{syscall.SIGTERM})
		err := stopped(ctx, c.err)
		var out bytes.Buffer
		if code := finish(&out, "hives", err); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: exit code %d, %q, want %d and %q", c.name, code, &out, c.code, c.says)
		}
	}
}

func TestPanicIsAFailureWithItsStack(t *testing.T) {
	err := guarded(context.Background(), func(context.Context) error { panic("shape [2] is not [3]") })
	var out bytes.Buffer
	if code := finish(&out, "train", err); code != fault.ExitFailed {
		t.Errorf("exit code %d, want 1: 2 is for usage mistakes", code)
	}
	for _, w := range []string{"internal error: shape [2] is not [3]", "main_test.go"} {
		if !strings.Contains(out.String(), w) {
			t.Errorf("output lacks %q:\n%s", w, &out)
		}
	}
}

func TestFirstSignalCancels(t *testing.T) {
	ctx, stop := withSignals(context.Background())
	defer stop()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	var s Signal
	if !errors.As(context.Cause(ctx), &s) || s.Signal != syscall.SIGTERM {
		t.Errorf("cause is %v", context.Cause(ctx))
	}
	if fault.Of(context.Cause(ctx)) != fault.Canceled {
		t.Errorf("kind is %v", fault.Of(context.Cause(ctx)))
	}
}

// command builds a root with one child that needs an argument and a flag.
func command(run func() error) *cobra.Command {
	root := &cobra.Command{Use: "prog"}
	child := &cobra.Command{Use: "do FILE", Args: cobra.ExactArgs(1), RunE: func(*cobra.Command, []string) error {
		return run()
	}}
	child.Flags().Int("n", 0, "")
	child.Flags().Float64("x", 0, "")
	child.Flags().Float64Slice("xs", nil, "")
	if err := child.MarkFlagRequired("n"); err != nil {
		panic(err)
	}
	root.AddCommand(child)
	return root
}

func TestUsageMistakes(t *testing.T) {
	own := errors.New("own")
	for _, c := range []struct {
		args string
		code int
		word string
	}{
		{"do x --n 1", 1, "own"},
		{"do x", 2, "required"},
		{"do --n 1", 2, "no argument: want prog do FILE"},
		{"do x y --n 1", 2, `"x" "y": want prog do FILE`},
		{"do x --n many", 2, "prog do --help"},
		{"do x --m 1", 2, "unknown flag"},
		{"do x --n 1 --x 1e300 --xs 1,-2", 1, "own"},
		{"do x --n 1 --x nan", 2, "--x NaN: no finite number"},
		{"do x --n 1 --x=-inf", 2, "--x -Inf: no finite number"},
		{"do x --n 1 --xs 1,Infinity", 2, "--xs +Inf: no finite number"},
		{"dew x", 2, "unknown command"},
	} {
		root := command(func() error { return own })
		root.SetArgs(strings.Fields(c.args))
		err := Command(root)(context.Background())
		if fault.ExitCode(err) != c.code || !strings.Contains(fmt.Sprint(err), c.word) {
			t.Errorf("%s: exit code %d, %v", c.args, fault.ExitCode(err), err)
		}
	}
}

func TestVersionText(t *testing.T) {
	text := VersionText("train", "engine cpu")
	for _, w := range []string{"train ", "commit ", "go1.", "gomlx ", "engine cpu"} {
		if !strings.Contains(text, w) {
			t.Errorf("lacks %q:\n%s", w, text)
		}
	}
}
