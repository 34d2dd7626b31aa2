package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/rig/clitest"
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
	if again, err := hives(t, "version"); err != nil || again != out {
		t.Errorf("the command: %v: %s", err, again)
	}
	for _, w := range []string{"hives ", "commit ", "PJRT", "go1."} {
		if !strings.Contains(out, w) {
			t.Errorf("lacks %q:\n%s", w, out)
		}
	}
}

func TestEveryCommandTeaches(t *testing.T) {
	clitest.Help(t, newRoot)
	for _, cmd := range newRoot().Commands() {
		if cmd.GroupID == "" {
			t.Errorf("%s is in no group of the help", cmd.CommandPath())
		}
	}
}

// TestMeant: what is mistyped is answered with what was meant.
func TestMeant(t *testing.T) {
	for line, want := range map[string]string{
		"evalute":                             `did you mean "evaluate"?`,
		"data mrege":                          `did you mean "merge"?`,
		"data":                                "",
		"import valuevale --in x --out y":     `did you mean "valueeval"?`,
		"import xyz":                          "known are ",
		"runs lsit":                           `did you mean "list"?`,
		"embed --modle x":                     "did you mean --model?",
		"embed-corpus verfy x":                `did you mean "verify"?`,
		"engine show --engin go":              "did you mean --engine?",
		"theories inventroy":                  `did you mean "inventory"?`,
		"data stats rows.csv --skipbad":       "did you mean --skip-bad?",
		"vectors biuld --model m --data rows": `did you mean "build"?`,
	} {
		_, err := hives(t, strings.Fields(line)...)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || fault.ExitCode(err) != fault.ExitUsage {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

func TestManPages(t *testing.T) {
	dir := t.TempDir()
	if _, err := hives(t, "man", "--out", dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"hives.1": "hives-evaluate", "hives-data-merge.1": "--skip-bad"} {
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(page), want) {
			t.Errorf("%s: %v, want %q in it:\n%.2000s", name, err, want, page)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, line := range []string{"evalute", "engine show extra", "engine show --engine tpu", "engine check --repeats 0",
		"engine check --repeats many"} {
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
