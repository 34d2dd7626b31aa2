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

// TestWhatCannotBeMeantIsRefused: a flag that would change nothing, or that no one can mean, ends with 2 and says what
// is wanted, before a file is opened.
func TestWhatCannotBeMeantIsRefused(t *testing.T) {
	none, list := filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(list, []byte("query\nWhy?\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"steer run --config " + none + " --model m --vidb v --out o":                  "--model goes without --config",
		"audit --config " + none + " --judge-model m --vidb v --out o":                "--judge-model goes without --config",
		"questionnaire run --config " + none + " --choose total --out o":              "--choose goes without --config",
		"vcai build --config " + none + " --batch 2 --questions q --out o":            "--batch goes without --config",
		"llm-bench rte --config " + none + " --engine go --data d --out o":            "--engine goes without --config",
		"llm-bench none --model m --data d --out o":                                   "is not known: known are",
		"steer run --model m --judge-model j --count -1 --vidb v --out o":             "--count -1: want 1",
		"steer prompts --count 0":                                                     "--count 0: want 1",
		"fuse a --out " + none:                                                        "1 models: want two",
		"fuse a b --method x --out " + none:                                           "want linear or karcher",
		"fuse a b --of x --out " + none:                                               "want models or deltas",
		"fuse a b --weights 1 --out " + none:                                          "1 weights for 2 models",
		"fuse a b --weights=1,-1 --out " + none:                                       "sum to 0",
		"steer queries --source m=" + list + " --source m=" + list + " --out q.jsonl": "stands twice",
	} {
		if _, err := hives(t, strings.Fields(line)...); fault.ExitCode(err) != fault.ExitUsage ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: exit code %d, %v, want %q", line, fault.ExitCode(err), err, want)
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
