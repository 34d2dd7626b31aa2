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
	stopped := fault.Saved(fmt.Errorf("stopped at step 5; go on with --resume"))
	for _, c := range []struct {
		name       string
		err, cause error
		code       int
		text       string
	}{
		{"done", nil, nil, 0, ""},
		{"failed", errors.New("no room"), nil, 1, "train: no room\n"},
		{"usage", fault.Usage(errors.New("no flag")), nil, 2, "train: no flag\n"},
		{"Ctrl-C and saved", stopped, Signal{syscall.SIGINT}, 75, "train: stopped at step 5; go on with --resume\n"},
		{"SIGTERM and saved", stopped, Signal{syscall.SIGTERM}, 0, "train: stopped at step 5; go on with --resume\n"},
		{"SIGTERM and not saved", errors.New("disk full"), Signal{syscall.SIGTERM}, 1, "train: disk full\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := finish(&out, "train", c.err, c.cause); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if out.String() != c.text {
				t.Errorf("printed %q, want %q", &out, c.text)
			}
		})
	}
}

func TestPanicIsAFailureWithItsStack(t *testing.T) {
	err := guarded(context.Background(), func(context.Context) error { panic("shape [2] is not [3]") })
	var out bytes.Buffer
	if code := finish(&out, "train", err, nil); code != fault.ExitFailed {
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
	child := &cobra.Command{Use: "do FILE", Args: cobra.ExactArgs(1), RunE: func(*cobra.Command, []string) error { return run() }}
	child.Flags().Int("n", 0, "")
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
		{"do --n 1", 2, "accepts 1 arg"},
		{"do x --n many", 2, "prog do --help"},
		{"do x --m 1", 2, "unknown flag"},
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
