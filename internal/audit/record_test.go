package audit

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/llm"
)

// sample is a record with every kind of row, in the order of its keys.
func sample() Record {
	none := figure.Number(math.NaN())
	const power = "svt/self-enhancement/power"
	return Record{
		About: About{
			Model: llm.Identity{Kind: "local", Model: "small", Weights: "ab"}, Temperature: 1, MaxTokens: 150,
			Seed: math.MaxUint64, Settings: map[string]string{"words": "slightly"}, Rubric: Judge{Name: "rubric", Model: "m"},
			Judges: []Judge{{Name: "a", Model: "m"}}, Scoring: Scoring{K: 6, M: 3, Panel: "bucketed"},
			VIDB: map[string]string{power: "cd"},
		},
		Queries: []Query{
			{ID: "q1", Source: "own", Text: "May I?", Size: 1}, {ID: "q2", Source: "own", Text: "é", Cluster: 1},
		},
		Conditions: []Condition{
			{ID: "anchor:" + power + ":+2", Regime: RegimeAnchor, Values: []string{power}, Targets: []int{2},
				Prompt: "anchor.v1"},
			{ID: Default, Regime: RegimeDefault, Prompt: "default.v1"},
			{ID: "texts:" + power + ":-2", Regime: RegimeTexts, Values: []string{power}, Targets: []int{-2}, Skipped: "2 texts"},
		},
		Answers: []Answer{
			{Query: "q1", Condition: "anchor:" + power + ":+2", Text: "Yes.", Finish: llm.FinishStop, Refusal: Answered},
			{Query: "q1", Condition: Default, Text: "No.", Finish: llm.FinishLength, Refusal: Refused, Texts: []string{"t"}},
			{Query: "q2", Condition: Default, Error: "empty"},
		},
		Scores: []Score{
			{Query: "q1", Condition: "anchor:" + power + ":+2", Value: power, Judge: "a", Score: 2.5, Lo: -1, Hi: 6, SE: 1.75,
				Beta:   .8,
				Status: "ok", Asked: 3, Used: 3},
			{Query: "q1", Condition: Default, Value: power, Judge: "a", Score: none, Lo: none, Hi: none, SE: none, Beta: none,
				Status: "unranked", Asked: 3},
		},
		Ablation: []Ablation{
			{Query: "q1", Value: power, Judge: "a", Panel: "random", K: 2, M: 3, Seed: math.MaxUint64, Status: "ok"},
		},
	}
}

// What is read is what was written, with NaN for NULL; the bytes do not tell in which order the rows came.
func TestBytesAreAFunctionOfTheRecord(t *testing.T) {
	dir := t.TempDir()
	want := sample()
	path := filepath.Join(dir, RecordFile)
	if err := Write(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	same := cmp.Comparer(func(a, b figure.Number) bool { return a == b || !a.Known() && !b.Known() })
	if diff := cmp.Diff(want, got, same); err != nil || diff != "" {
		t.Fatalf("%v\n%s", err, diff)
	}
	before, _ := os.ReadFile(path)
	shuffled := sample()
	rand.Shuffle(len(shuffled.Answers), func(a, b int) {
		shuffled.Answers[a], shuffled.Answers[b] = shuffled.Answers[b], shuffled.Answers[a]
	})
	shuffled.Scores[0], shuffled.Scores[1] = shuffled.Scores[1], shuffled.Scores[0]
	if err := Write(path, shuffled); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("another order of rows makes other bytes")
	}
	other := sample()
	other.Scores[0].Score = 2.25 // the control: another number does
	if err := Write(path, other); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(path); bytes.Equal(before, after) {
		t.Error("another score makes the same bytes")
	}
}

// Rows that do not fit together are refused, and the file stays as it was.
func TestRowsThatDoNotFitAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Record){
		"answer to no query":        func(r *Record) { r.Answers[0].Query = "q9" },
		"answer under no condition": func(r *Record) { r.Answers[0].Condition = "x" },
		"answer under a skipped":    func(r *Record) { r.Answers[0].Condition = r.Conditions[2].ID },
		"score of no answer":        func(r *Record) { r.Scores[0].Query = "q2" },
		"ablation of no answer":     func(r *Record) { r.Ablation[0].Query = "q9" },
		"a value without a target":  func(r *Record) { r.Conditions[0].Targets = nil },
		"a query twice":             func(r *Record) { r.Queries = append(r.Queries, r.Queries[0]) },
		"a score twice":             func(r *Record) { r.Scores = append(r.Scores, r.Scores[0]) },
	} {
		path := filepath.Join(t.TempDir(), RecordFile)
		r := sample()
		spoil(&r)
		if err := Write(path, r); err == nil {
			t.Errorf("%s: written", name)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: left a file", name)
		}
	}
}

// A file of another kind is refused by what it is.
func TestAnotherFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, []byte("SQLite format 3\x00 and no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); fault.Of(err) != fault.Corrupt {
		t.Errorf("%v", err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); fault.Of(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}
