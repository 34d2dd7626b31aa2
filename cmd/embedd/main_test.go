package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"hives/internal/cli"
	"hives/internal/fault"
)

func TestThePlaceholderSaysSo(t *testing.T) {
	var out bytes.Buffer
	help := newRoot()
	help.SetOut(&out)
	help.SetArgs([]string{"--help"})
	if err := cli.Command(help)(context.Background()); err != nil || !strings.Contains(out.String(), "serves nothing yet") {
		t.Errorf("--help: %v\n%s", err, &out)
	}
	run := newRoot()
	run.SetArgs(nil)
	err := cli.Command(run)(context.Background())
	if fault.ExitCode(err) != fault.ExitFailed || !strings.Contains(err.Error(), "hives embed") {
		t.Errorf("run: exit code %d, %v", fault.ExitCode(err), err)
	}
}
