package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"hives/internal/rig/goldentest"
	"hives/internal/rig/soak"
)

// asTrain makes the test's own binary the program: a real process with the real main.
const asTrain = "HIVES_TEST_AS_TRAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asTrain) != "" {
		main()
	}
	os.Exit(m.Run())
}

// trainCommand makes a training process.
func trainCommand(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asTrain+"=1", "HIVES_ENGINE="+cmp.Or(os.Getenv("SOAK_ENGINE"), "go"))
	return cmd
}

// count reads one of the soak's sizes from the environment; make soak sets them.
func count(t *testing.T, name string, small int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return small
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%q: want a number", name, text)
	}
	return n
}

// TestSoak is small here, and on the Go engine, which starts at once; make soak runs it at full count.
func TestSoak(t *testing.T) {
	dir := t.TempDir()
	args, err := soak.Tiny(dir, filepath.Join(goldentest.ModuleRoot(t), "demo", "model"), count(t, "SOAK_STEPS", 40))
	if err != nil {
		t.Fatal(err)
	}
	report, err := soak.Run(context.Background(), soak.Options{
		Command: trainCommand, Args: args, Dir: dir, Log: t.Output(),
		Kills: count(t, "SOAK_KILLS", 3), Terms: count(t, "SOAK_TERMS", 1), Damages: count(t, "SOAK_DAMAGES", 2),
		Seed: uint64(count(t, "SOAK_SEED", 1)),
	})
	t.Log(report)
	if err != nil {
		t.Fatal(err)
	}
}
