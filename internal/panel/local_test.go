package panel

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scriptedlm"
)

// small is a local model that likes an answer by a hash of it and of the text.
func small() *scriptedlm.Local {
	return &scriptedlm.Local{ID: llm.Identity{Kind: "local", Model: "small", Weights: "w", Rows: 2}}
}

// homePanel is the panel that needs no configuration, of a scripted model.
func homePanel(m *scriptedlm.Local, choose string) Config {
	c := Home("a/small", llm.Local{Batch: 2}, choose)
	c.Opener = m.Opener
	return c
}

var stories = []string{lie, "she kept her word", "they fed the birds", "he took what was not his", "nobody was told"}

// No answer of a local panel is unusable, whatever the model says; the model is handed many questions at once, and is
// closed when the run has ended.
func TestALocalPanelHasNoUnusableAnswers(t *testing.T) {
	m := small()
	j, out := jobFor(t, homePanel(m, judge.Calibrated), stories...)
	run(t, j)
	store, err := judge.Open(j.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	sizes, asked := m.Batches()
	if slices.Max(sizes) < 4 || !m.Closed() {
		t.Errorf("handed over %v, closed %v", sizes, m.Closed())
	}
	// Each form is asked once more, without a text.
	if n := strings.Count(out.String(), "unusable"); n != 1 || asked < 5*7*2 {
		t.Errorf("%d questions:\n%s", asked, out)
	}
	for line := range strings.Lines(out.String()) {
		f := strings.Fields(line)
		voter := len(f) > 2 && (strings.HasPrefix(f[0], "plain-") || strings.HasPrefix(f[0], "terse-"))
		if voter && f[2] != "0" {
			t.Errorf("unusable answers: %s", line)
		}
	}
	for _, choose := range judge.Chooses {
		if !strings.Contains(out.String(), choose) {
			t.Errorf("no figures of %s:\n%s", choose, out)
		}
	}
}

// A local run that was stopped goes on and ends with the bytes of one that was not: rows, page and what is printed.
func TestAStoppedLocalPanelEndsWithTheSameBytes(t *testing.T) {
	whole, _ := jobFor(t, homePanel(small(), judge.ByTotal), stories...)
	run(t, whole)
	for _, at := range []int{1, 2, 4} {
		ctx, stop := context.WithCancelCause(t.Context())
		n := 0
		m := small()
		m.Before = func(ctx context.Context, _ int) error {
			if n++; n == at {
				stop(fault.New(fault.Canceled, "Ctrl-C"))
			}
			return ctx.Err()
		}
		j, _ := jobFor(t, homePanel(m, judge.ByTotal), stories...)
		if err := Run(ctx, j); fault.ExitCode(err) != fault.ExitInterrupted {
			t.Fatalf("stopped at batch %d: %v", at, err)
		}
		j.Config = homePanel(small(), judge.ByTotal)
		run(t, j)
		for _, pair := range [][2]string{{whole.Out, j.Out}} {
			if a, b := read(t, pair[0]), read(t, pair[1]); !bytes.Equal(a, b) {
				t.Errorf("stopped at batch %d: %s differs", at, filepath.Base(pair[0]))
			}
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A prompt that wants a reason first is written, not compared; who asks for both is told.
func TestAReasonLeavesNoClosedList(t *testing.T) {
	cfg := homePanel(small(), "")
	cfg.Voters[0].Prompt, cfg.Voters[0].Ask, cfg.Voters[0].Choose = "careful.v1", "", ""
	got, err := cfg.Complete()
	if err != nil || got.Voters[0].Ask != judge.AskJSON || got.Voters[1].Ask != judge.AskChoices {
		t.Errorf("%+v, %v", got.Voters[:2], err)
	}
	cfg.Voters[0].Ask = judge.AskChoices
	if _, err := cfg.Complete(); fault.ExitCode(err) != 2 || !strings.Contains(err.Error(), "asks for a reason") {
		t.Errorf("%v", err)
	}
}

// A dry run of a local panel names no money that is not spent, says what the cache takes and asks nothing.
func TestADryRunSaysWhatTheCacheTakes(t *testing.T) {
	m := small()
	j, out := jobFor(t, homePanel(m, judge.ByTotal), stories...)
	j.Config.Opener = func(context.Context, string, llm.Local) (llm.Provider, error) { return sized{m}, nil }
	j.DryRun = true
	if err := Run(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if _, asked := m.Batches(); asked != 0 || strings.Count(out.String(), "cache of small takes 3.0 MB") != 7 {
		t.Errorf("%d asked:\n%s", asked, out)
	}
}

type sized struct{ *scriptedlm.Local }

func (sized) CacheBytes(int, int) (int64, error) { return 3e6, nil }

// The expectation over permutations, against the mean of all six.
func TestPermutedIsTheMeanOverPermutations(t *testing.T) {
	said := []string{"care/harm", "care/harm", "fairness/cheating"}
	truth := []string{"care/harm", "fairness/cheating", "care/harm"}
	in, counts := &input{truth: map[string][]data.Row{}}, map[string]int{}
	for i := range said {
		counts[said[i]]++
		in.truth[truth[i]+string(rune('a'+i))] = []data.Row{{Theory: "mft", Level1: truth[i]}}
	}
	sum := 0.
	orders := [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	for _, order := range orders {
		for i, at := range order {
			if said[i] == truth[at] {
				sum++
			}
		}
	}
	if got, want := permuted(counts, in), sum/18; math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want %v", got, want)
	}
}
