package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/fault"
)

// hives runs a command line and returns what it printed.
func hives(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := cli.Command(root)(context.Background())
	return out.String(), err
}

func TestVersionNamesCommitAndPlugin(t *testing.T) {
	out, err := hives(t, "--version")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{"hives ", "commit ", "PJRT", "go1."} {
		if !strings.Contains(out, w) {
			t.Errorf("lacks %q:\n%s", w, out)
		}
	}
}

func TestEveryCommandTeaches(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.Hidden && cmd.Short == "" {
			t.Errorf("%s has no short help", cmd.CommandPath())
		}
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	root := newRoot()
	walk(root)
	for _, cmd := range root.Commands() {
		if cmd.GroupID == "" {
			t.Errorf("%s is in no group of the help", cmd.CommandPath())
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, line := range []string{"evalute", "engine show extra", "engine show --engine tpu", "engine check --repeats 0", "engine check --repeats many"} {
		if _, err := hives(t, strings.Fields(line)...); fault.ExitCode(err) != fault.ExitUsage {
			t.Errorf("%s: exit code %d, %v", line, fault.ExitCode(err), err)
		}
	}
}

func TestEngineShow(t *testing.T) {
	out, err := hives(t, "engine", "show", "--engine", "go")
	if err != nil || !strings.HasPrefix(out, "engine go (pure Go") || strings.Count(out, "\n") != 1 {
		t.Errorf("%v: %q", err, out)
	}
}

func TestCompletion(t *testing.T) {
	out, err := hives(t, "completion", "bash")
	if err != nil || !strings.Contains(out, "__start_hives") {
		t.Errorf("%v: %.80q", err, out)
	}
}
