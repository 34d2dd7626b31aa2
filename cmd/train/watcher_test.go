package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"hives/internal/trainer"
)

// stderrOf returns what do writes to stderr, which is no terminal then.
func stderrOf(t *testing.T, do func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	os.Stderr = w
	defer func() { os.Stderr = before }()
	do()
	w.Close()
	said, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

// Where no bar can be drawn, plain lines say how far the run is, its loss and its rate of tokens.
func TestPlainLines(t *testing.T) {
	said := stderrOf(t, func() {
		w := newWatcher("made up")
		w.Step(41, 100, &trainer.StepLine{Loss: 3.25, TokensPerSecond: 1234})
		w.Step(42, 100, &trainer.StepLine{Loss: 3.125, TokensPerSecond: 1235})
		w.Note("a validation")
		w.close()
	})
	for _, want := range []string{"engine: made up\n", "a validation\n", "train 42/100 steps, ",
		" left, loss 3.125, 1235 tokens/s\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("lacks %q:\n%s", want, said)
		}
	}
	if strings.ContainsAny(said, "\r\x1b") {
		t.Errorf("control characters in plain lines: %q", said)
	}
}
