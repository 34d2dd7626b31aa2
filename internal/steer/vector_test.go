package steer

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"

	"hives/data/theories"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/rig/goldentest"
	"hives/internal/talk"
	"hives/model/lm"
	"hives/model/transformer"
)

// TestGoldenPersonaVectors makes vectors of the fixtures' samples and holds them to those of a float64 model.
func TestGoldenPersonaVectors(t *testing.T) {
	const folder = "h_vcai/c_model"
	on, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	entries, err := os.ReadDir(goldentest.Path(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		tried++
		var file struct {
			Samples []struct {
				Pair             int
				Side             string
				Prompt, Response []int32
			}
			Kept    []int                  `json:"kept_pairs"`
			Vectors map[string][][]float64 // [L+1][H]
		}
		goldentest.ReadJSON(t, &file, folder, e.Name(), "persona.json")
		m, err := lm.Load(nil, goldentest.Path(t, folder, e.Name()), dtypes.Float32)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		r, err := lm.NewRunner(m, lm.Options{Backend: on.Backend, Arith: transformer.F32, Rows: 3})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		byPair := map[int]*pair{}
		for _, s := range file.Samples {
			n := len(s.Prompt)
			means, err := r.Means([][]int32{slices.Concat(s.Prompt, s.Response)}, [][]lm.Span{{{From: n, To: n +
				len(s.Response)}, {From: 0, To: n}, {From: n - 1, To: n}}})
			if err != nil {
				t.Fatal(err)
			}
			if byPair[s.Pair] == nil {
				byPair[s.Pair] = &pair{}
			}
			states := talk.States{Answer: means[0][0], Prompt: means[0][1], PromptLast: means[0][2]}
			if s.Side == "positive" {
				byPair[s.Pair].plus = states
			} else {
				byPair[s.Pair].minus = states
			}
		}
		var pairs []pair
		for _, n := range file.Kept {
			pairs = append(pairs, *byPair[n])
		}
		v := newVectors(pairs, 1)
		for name, got := range map[string]Matrix{"response_kept": v.Response, "prompt_kept": v.Prompt,
			"prompt_last_kept": v.PromptLast} {
			for l, want := range file.Vectors[name] {
				for k, x := range want {
					if d := math.Abs(float64(got[l][k]) - x); !(d <= 1e-4) {
						t.Fatalf("%s %s layer %d [%d]: %v, want %v", e.Name(), name, l, k, got[l][k], x)
					}
				}
			}
		}
		if d := norm(v.Shuffled[1]); d >= norm(v.Response[1]) {
			t.Logf("%s: shuffled sides are %v long, the vector %v", e.Name(), d, norm(v.Response[1]))
		}
	}
	if tried == 0 {
		t.Fatal("no model in the fixtures")
	}
}

func job(dir, out string, stdout io.Writer) VectorJob {
	j := VectorDefaults()
	j.Value, j.Model, j.Out, j.Filter = "benevolence", local(dir), out, FilterNone
	j.Questions, j.Instructions, j.MaxTokens = 10, 2, 6
	j.Stdout, j.Log = stdout, io.Discard
	return j
}

// A run that was stopped, and whose journal lost the end of its last line, goes on and writes the bytes of one that was
// not.
func TestAStoppedRunEndsWithTheSameBytes(t *testing.T) {
	dir, root := world(t, 3), t.TempDir()
	whole := job(dir, filepath.Join(root, "whole"), io.Discard)
	if err := RunVector(context.Background(), whole); err != nil {
		t.Fatal(err)
	}
	stopped := job(dir, filepath.Join(root, "stopped"), io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	journal := filepath.Join(stopped.Out, "vector.journal.jsonl")
	go func() { // stops as soon as the first answers are kept
		for ctx.Err() == nil {
			if raw, err := os.ReadFile(journal); err == nil && bytes.Count(raw, []byte("\n")) > 1 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	err := RunVector(ctx, stopped)
	cancel()
	if err != nil { // else it was faster than the stop, and there is nothing to go on with
		raw := read(t, journal)
		if err := os.WriteFile(journal, []byte(raw[:len(raw)-7]), 0o600); err != nil {
			t.Fatal(err)
		}
		other := stopped
		other.MaxTokens = 7
		if err := RunVector(context.Background(), other); fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(),
			"max_tokens (6, now 7)") {
			t.Errorf("other settings: %v", err)
		}
		if err := RunVector(context.Background(), stopped); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{VectorFile, "samples.parquet"} {
		if read(t, filepath.Join(whole.Out, name)) != read(t, filepath.Join(stopped.Out, name)) {
			t.Errorf("%s of a run that was stopped has other bytes", name)
		}
	}
	if err := RunVector(context.Background(), whole); fault.Of(err) != fault.Exists {
		t.Errorf("a vector that is there: %v", err)
	}
}

// Vectors of other weights, or of another width, are refused with both; the model's own are taken.
func TestForeignVectorsAreRefused(t *testing.T) {
	dir, out := world(t, 3), filepath.Join(t.TempDir(), "v")
	if err := RunVector(context.Background(), job(dir, out, io.Discard)); err != nil {
		t.Fatal(err)
	}
	v, err := Load(filepath.Join(out, VectorFile))
	if err != nil {
		t.Fatal(err)
	}
	own, other := openModel(t, dir), openModel(t, world(t, 4))
	if err := v.Fits(own.Identity(), own.Layers(), own.Hidden()); err != nil {
		t.Errorf("its own model: %v", err)
	}
	err = v.Fits(other.Identity(), other.Layers(), other.Hidden())
	if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), own.Identity().Weights) ||
		!strings.Contains(err.Error(), other.Identity().Weights) {
		t.Errorf("other weights: %v", err)
	}
	if err := v.Fits(own.Identity(), own.Layers(), own.Hidden()+1); fault.Of(err) != fault.Mismatch {
		t.Errorf("another width: %v", err)
	}
	path := filepath.Join(t.TempDir(), "damaged")
	v.PromptLast[1][2] = float32(math.NaN())
	if err := v.Save(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), "prompt_last") {
		t.Errorf("a number that is none: %v", err)
	}
}

func TestTooFewPairsAreRefusedWithCounts(t *testing.T) {
	samples := make([]Sample, 20)
	for at := range samples {
		samples[at].IDs, samples[at].Side = []int32{1}, string([]Side{For, Against}[at%2])
		x := float64(1 - 2*(at%2))
		samples[at].Odds = &x
	}
	kept, err := keep(samples, FilterLogOdds, marked)
	if err != nil || len(kept) != 10 {
		t.Fatalf("%d kept: %v", len(kept), err)
	}
	wrong, empty := -1., samples[6]
	samples[0].Odds, empty.IDs = &wrong, nil // an answer for the value, more probable under the instruction against it
	samples[6] = empty
	if kept, err = keep(samples, FilterLogOdds, marked); err != nil || !slices.Equal(kept, []int{1, 2, 4, 5, 6, 7, 8, 9}) {
		t.Fatalf("kept %v: %v", kept, err)
	}
	samples[2].Odds = nil
	if _, err = keep(samples, FilterLogOdds, marked); fault.Of(err) != fault.Exhausted || !strings.Contains(err.Error(),
		"7 of 10 pairs") ||
		!strings.Contains(err.Error(), "1 have an empty answer") {
		t.Errorf("seven pairs: %v", err)
	}
}

func TestWhatAJudgeKeeps(t *testing.T) {
	for text, want := range map[string]float64{"70": 70, " 80.5 of 100": 80.5, "100.": 100, "0": 0} {
		if got := readGrade(llm.Reply{Text: text}); got == nil || *got != want {
			t.Errorf("%q is read as %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"", "high", "101", "-3", "grade 70"} {
		if got := readGrade(llm.Reply{Text: text}); got != nil {
			t.Errorf("%q is read as %v", text, *got)
		}
	}
	number := func(x float64) *float64 { return &x }
	for _, c := range []struct {
		side             Side
		trait, coherence *float64
		want             bool
	}{
		{For, number(50), number(50), true}, {For, number(49), number(90), false}, {For, number(90), number(49), false},
		{Against, number(49), number(50), true}, {Against, number(50), number(90), false}, {Against, nil, number(90),
			false}, {For, number(90), nil, false},
	} {
		if got := judged(50)(Sample{Side: string(c.side), Trait: c.trait, Coherence: c.coherence}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestTraits(t *testing.T) {
	for word, want := range map[string]string{
		"benevolence":                     "svt/self-transcendence/benevolence",
		"svt/openness-to-change/hedonism": "svt/openness-to-change/hedonism",
		"svt/hedonism":                    "svt/openness-to-change/hedonism", "svt/power": "svt/self-enhancement/power",
		"svt/self-enhancement/hedonism": "svt/openness-to-change/hedonism", "hedonism": "svt/openness-to-change/hedonism",
	} {
		got, err := FindTrait(word, theories.Builtin())
		if err != nil || got.ValueID != want || got.Definition == "" {
			t.Errorf("%s is %+v, %v", word, got, err)
		}
	}
	if _, err := FindTrait("benevolense", theories.Builtin()); fault.Of(err) != fault.NotFound {
		t.Errorf("a value that is in no theory: %v", err)
	}
	trait, _ := FindTrait("power", theories.Builtin())
	seen := map[string]bool{}
	for _, side := range []Side{For, Against} {
		for n := range Instructions {
			text := trait.Instruction(side, n)
			if seen[text] || !strings.Contains(text, trait.Definition) || strings.Contains(text, "%!") {
				t.Errorf("%s, %d: %q", side, n, text)
			}
			seen[text] = true
		}
	}
	all, err := ReadQuestions("")
	if err != nil || len(all) != 57 {
		t.Fatalf("%d questions: %v", len(all), err)
	}
	for _, q := range all { // a question about a value that does not exist would be asked of everybody
		if _, err := FindTrait(q.ValueID, theories.Builtin()); err != nil {
			t.Errorf("%s: %v", q.ID, err)
		}
	}
	qs, err := chooseQuestions(all, trait, 20, 1)
	if err != nil || len(qs) != 20 || slices.ContainsFunc(qs, func(q Question) bool {
		return strings.Contains(q.ValueID, "/power")
	}) {
		t.Errorf("%d questions, some about the value itself: %v", len(qs), err)
	}
	if _, err := chooseQuestions(all, trait, 52, 1); err == nil || !strings.Contains(err.Error(), "1 to 51") {
		t.Errorf("more questions than there are: %v", err)
	}
}
