package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// hangs makes the test's own binary a program that does not come back from its first signal.
const hangs = "HIVES_TEST_HANGS"

// TestSecondSignalEndsAtOnce guards the way out of a save that hangs, on a dead network disk for instance.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	if os.Getenv(hangs) != "" {
		Main(func(ctx context.Context) error {
			fmt.Println("ready")
			<-ctx.Done()
			fmt.Println("saving")
			select {}
		})
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		child := exec.Command(os.Args[0], "-test.run=^TestSecondSignalEndsAtOnce$", "-test.timeout=30s")
		child.Env = append(os.Environ(), hangs+"=1")
		pipe, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		out := bufio.NewReader(pipe)
		for _, want := range []string{"ready\n", "saving\n"} {
			if line, err := out.ReadString('\n'); line != want {
				t.Fatalf("the child says %q, %v, want %q", line, err, want)
			}
			child.Process.Signal(sig)
		}
		var exit *exec.ExitError
		if err := child.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != sig {
			t.Errorf("second %v: %v, want an end by that signal", sig, err)
		}
	}
}
