package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/rig/goldentest"
)

// standIn takes the place of hives and train in the script: it makes what --out names, and a run's final folder.
const standIn = `#!/bin/sh
while [ $# -gt 1 ]; do
  if [ "$1" = --out ]; then
    case $2 in
      *.parquet|*.db) mkdir -p "$(dirname "$2")"; : > "$2" ;;
      *) mkdir -p "$2/final"; : > "$2/report.html" ;;
    esac
  fi
  shift
done
`

// demoTree is a checkout with the script and the database that it unpacks, whose programs do nothing.
func demoTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"scripts/demo.sh", "demo/data/vidb/care-harm.db.gz"} {
		content, err := os.ReadFile(filepath.Join(goldentest.ModuleRoot(t), filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		putFile(t, filepath.Join(dir, name), string(content))
	}
	for _, name := range []string{"bin/hives", "bin/train"} {
		putFile(t, filepath.Join(dir, name), standIn)
	}
	return dir
}

func putFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// demo runs the script and returns what it said and its exit code.
func demo(t *testing.T, tree string, settings ...string) (string, int) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	cmd := exec.Command(bash, filepath.Join(tree, "scripts", "demo.sh"))
	cmd.Env = append(os.Environ(), append([]string{"BASE=", "SEED=", "OUT=", "STEPS=", "FRESH="}, settings...)...)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

func TestDemoTakesNothingAwayThatItDidNotMake(t *testing.T) {
	for reason, c := range map[string]struct {
		before   map[string]string // files of OUT
		settings []string
		code     int
		says     string
		stays    []string
		goes     []string
	}{
		"a folder of the user's": {map[string]string{"thesis.tex": "years"}, nil, 2, "no demo made", []string{"thesis.tex"},
			nil},
		"a folder of the user's, FRESH": {
			map[string]string{"thesis.tex": "years", "rows/mine.csv": "x"}, []string{"FRESH=1"}, 2, "no demo made",
			[]string{"thesis.tex", "rows/mine.csv"}, nil},
		"a folder that has a model and a report": {
			map[string]string{"model/w": "x", "finished": "", "report.html": "x"}, []string{"FRESH=1"}, 2, "no demo made",
			[]string{"model/w", "finished", "report.html"}, nil},
		"settings of something else": {
			map[string]string{"settings": "base=1\n", "finished": ""}, nil, 2, "no demo made", []string{"settings", "finished"},
			nil},
		"a finished demo": {
			map[string]string{".made-by-hives-demo": "", "settings": usualSettings, "finished": "", "runs/x": "1"}, nil, 0,
			"is finished", []string{"finished", "runs/x"}, nil},
		"a finished demo of before the marker": {
			map[string]string{"settings": usualSettings, "finished": "", "runs/x": "1"}, nil, 0, "is finished",
			[]string{"runs/x"}, nil},
		"a demo of other settings": {
			map[string]string{".made-by-hives-demo": "", "settings": usualSettings, "runs/x": "1"}, []string{"SEED=7"}, 2,
			"other settings", []string{"runs/x"}, nil},
		"a finished demo, FRESH": {
			map[string]string{".made-by-hives-demo": "", "settings": usualSettings, "finished": "", "runs/x": "1",
				"notes.txt": "mine"},
			[]string{"FRESH=1"}, 0, "report", []string{"notes.txt", "finished"}, []string{"runs/x"}},
		"one that was stopped": {
			map[string]string{".made-by-hives-demo": "", "settings": usualSettings, "runs/x": "1"}, nil, 0, "report",
			[]string{"runs/x", "finished"}, nil},
		"an empty folder": {map[string]string{}, nil, 0, "report", []string{"finished"}, nil},
	} {
		tree, out := demoTree(t), filepath.Join(t.TempDir(), "out")
		if err := os.Mkdir(out, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, content := range c.before {
			putFile(t, filepath.Join(out, name), content)
		}
		said, code := demo(t, tree, append([]string{"OUT=" + out, "HIVES_ENGINE="}, c.settings...)...)
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", reason, code, c.code, c.says, said)
		}
		for _, name := range c.stays {
			if _, err := os.Stat(filepath.Join(out, name)); err != nil {
				t.Errorf("%s: %v", reason, err)
			}
		}
		for _, name := range c.goes {
			if _, err := os.Stat(filepath.Join(out, name)); err == nil {
				t.Errorf("%s: %s is still there", reason, name)
			}
		}
	}
}

// usualSettings is what a demo of no settings notes; the next test holds it to the script.
const usualSettings = "base random, steps 1000 + 250, seed 1, rates 1e-3 and 1e-4\n"

func TestDemoLeavesAMarkerAndAFile(t *testing.T) {
	tree := demoTree(t)
	for range 2 { // the second finds the first finished
		if said, code := demo(t, tree, "HIVES_ENGINE="); code != 0 {
			t.Fatalf("exit %d:\n%s", code, said)
		}
	}
	out := filepath.Join(tree, "out", "demo")
	if raw, err := os.ReadFile(filepath.Join(out, "settings")); err != nil || string(raw) != usualSettings {
		t.Errorf("settings %q, %v", raw, err)
	}
	if said, code := demo(t, tree, "OUT="+filepath.Join(out, "settings")); code != 2 ||
		!strings.Contains(said, "no folder") {
		t.Errorf("a file as OUT: exit %d, %s", code, said)
	}
}
