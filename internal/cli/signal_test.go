package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// hangs makes the test's own binary a program that does not come back from its first signal.
const hangs = "HIVES_TEST_HANGS"

// TestSecondSignalEndsAtOnce guards the way out of a save that hangs, on a dead network disk for instance.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	if os.Getenv(hangs) != "" {
		Main(func(ctx context.Context) error {
			EndsItself(ctx)
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

// TestHangups: a terminal that closes takes with it what reads our output, and may say so twice; the save goes on.
func TestHangups(t *testing.T) {
	if os.Getenv(hangs) != "" {
		Main(func(ctx context.Context) error {
			EndsItself(ctx)
			if os.Getenv(hangs) == "own" {
				OwnHangup(ctx)
			}
			fmt.Println("ready")
			<-ctx.Done()
			for range 20 { // lines that nobody reads, while hangups come
				fmt.Println("saving")
				time.Sleep(10 * time.Millisecond)
			}
			return fault.Saved(context.Cause(ctx))
		})
	}
	// Under nohup the children would inherit hangups that are ignored; those that are caught here are theirs by default.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
	for _, c := range []struct {
		name, how, before string
		signals           []syscall.Signal
		code              int
		says              string
	}{
		{"a terminal closes", "1", "", []syscall.Signal{syscall.SIGHUP, syscall.SIGHUP}, fault.ExitInterrupted,
			"stopped by SIGHUP"},
		{"a hangup in the middle of another end", "1", "", []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP},
			fault.ExitInterrupted, "stopped by SIGTERM"},
		{"a command with another use for it", "own", "", []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM},
			fault.ExitInterrupted, "stopped by SIGTERM"},
		{"nohup", "1", "trap '' HUP; ", []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM}, fault.ExitInterrupted,
			"stopped by SIGTERM"},
	} {
		child := exec.Command("sh", "-c", c.before+`exec "$0" -test.run='^TestHangups$' -test.timeout=60s`, os.Args[0])
		child.Env = append(os.Environ(), hangs+"="+c.how)
		var said bytes.Buffer
		child.Stderr = &said
		pipe, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(pipe).ReadString('\n'); line != "ready\n" {
			t.Fatalf("%s: the child says %q, %v", c.name, line, err)
		}
		if c.signals[0] == syscall.SIGHUP && c.signals[1] == syscall.SIGHUP {
			pipe.Close()
		}
		for _, sig := range c.signals {
			child.Process.Signal(sig)
			time.Sleep(50 * time.Millisecond) // so that they come in this order
		}
		go io.Copy(io.Discard, pipe)
		if child.Wait(); child.ProcessState.ExitCode() != c.code || !strings.Contains(said.String(), c.says) {
			t.Errorf("%s: %v, want exit %d and %q: %s", c.name, child.ProcessState, c.code, c.says, &said)
		}
	}
}

// deaf makes the test's own binary a program that writes a file and a folder and never looks at its context.
const deaf = "HIVES_TEST_DEAF"

// TestFirstSignalEndsADeafCommand: within the grace and a bit, with the code of its kind and nothing half written.
func TestFirstSignalEndsADeafCommand(t *testing.T) {
	if dir := os.Getenv(deaf); dir != "" {
		Main(func(ctx context.Context) error {
			if os.Args[len(os.Args)-1] == "goes-on" {
				GoesOn(ctx)
			}
			return fsutil.WriteFolder(filepath.Join(dir, "folder"), func(string) error {
				return fsutil.WriteFile(filepath.Join(dir, "file"), func(w io.Writer) error {
					fmt.Println("ready")
					_, err := io.Copy(w, neverending{})
					return err
				})
			})
		})
	}
	for _, c := range []struct {
		how  string
		sig  syscall.Signal
		code int
		says string
	}{
		{"deaf", syscall.SIGINT, 130, "stopped by Ctrl-C\n"},
		{"deaf", syscall.SIGTERM, 143, "stopped by SIGTERM\n"},
		{"goes-on", syscall.SIGINT, 75, "what is done is kept; go on with: "},
		{"goes-on", syscall.SIGTERM, 75, "goes-on\n"},
	} {
		dir := t.TempDir()
		child := exec.Command(os.Args[0], "-test.run=^TestFirstSignalEndsADeafCommand$", "-test.timeout=30s", c.how)
		child.Env = append(os.Environ(), deaf+"="+dir)
		var said bytes.Buffer
		child.Stderr = &said
		pipe, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(pipe).ReadString('\n'); line != "ready\n" {
			t.Fatalf("the child says %q, %v", line, err)
		}
		child.Process.Signal(c.sig)
		child.Wait()
		left, err := os.ReadDir(dir)
		if code := child.ProcessState.ExitCode(); code != c.code || !strings.Contains(said.String(), c.says) ||
			len(left) > 0 || err != nil {
			t.Errorf("%s, %v: exit code %d, %q, left %v, %v", c.how, c.sig, code, &said, left, err)
		}
	}
}

// neverending is a reader that is slow and has no end.
type neverending struct{}

func (neverending) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return copy(p, "text "), nil
}
