package vidb

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"hives/data/theories"
	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/goldentest"
	"hives/internal/rig/scripted"
)

// The three kinds of file hold the same.
func TestFilesOfScores(t *testing.T) {
	w := newWorld(26, 60, 1)
	path, in := w.exactly(t), w.answers(t, 4, 6)
	s := scripted.New(t, w.Answer)
	j := w.scoreJob(t, s.URL, path, in)
	write := func(name string) string {
		j.Out = filepath.Join(t.TempDir(), name)
		_, err := ScoreResponses(context.Background(), j)
		must(t, err)
		return j.Out
	}
	lines := scored(t, write("s.jsonl"))
	calls := len(s.Calls())
	rows, err := parquet.ReadFile[ResponseScore](write("s.parquet"))
	must(t, err)
	table, err := os.ReadFile(write("s.csv"))
	must(t, err)
	if len(s.Calls()) != calls {
		t.Errorf("%d calls more for another file", len(s.Calls())-calls)
	}
	if fmt.Sprint(asJSON(rows)) != fmt.Sprint(asJSON(lines)) {
		t.Errorf("Parquet\n%s\nlines\n%s", asJSON(rows), asJSON(lines))
	}
	for _, r := range lines {
		if !strings.Contains(string(table), fmt.Sprintf("%s,q,d,%s,j0,%s,", r.ID, care, exact(r.Score))) {
			t.Errorf("the table lacks %s", r.ID)
		}
	}
}

func TestFilesOfResponsesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"a.txt", "x", ".jsonl"},
		{"a.jsonl", "", "holds no response"},
		{"a.jsonl", `{"id":"1"}`, `line 1: has no "response"`},
		{"a.jsonl", `{"response":"x"}`, `line 1: has no "id"`},
		{"a.jsonl", "{\"id\":\"1\",\"response\":\"x\"}\n{\"id\":\"1\",\"response\":\"y\"}", "line 2: has the id of line 1"},
		{"a.jsonl", "{\"id\":\"1\",\"response\":\"x\xff\"}", "line 1"},
		{"a.jsonl", `{"id":"1","id":"2","response":"x"}`, "line 1"},
		{"a.jsonl", `{"id":"1","response":7}`, "no text"},
		{"a.jsonl", `{"id":["1"],"response":"x"}`, "list"},
		{"a.jsonl", `{"id":"1","response":"x","refused":"perhaps"}`, "refused"},
		{"a.jsonl", `{"id":"1","response":"x","grup":"g"}`, `"group"`},
		{"a.jsonl", `["x"]`, "line 1"},
		{"a.csv", "id,text\n1,x\n", `no column "response"`},
		{"a.csv", "id,response\n1,x\n1,y\n", "line 3: has the id of line 2"},
		{"a.csv", "id,response\n1,\"never closed\n", "line 2"},
		{"a.csv", "id,response\n1,x\xff\n", "line 2"},
		{"a.csv", "id,response,pairs\n1,x,y\n", `"pair"`},
	} {
		_, _, err := ReadResponses(written(t, c.name, c.content))
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want %q", c.name, c.content, err, c.want)
		}
	}
	got, others, err := ReadResponses(written(t, "a.jsonl", `{"id":7,"response":"x","model":"m","refused":true}`))
	if err != nil || len(got) != 1 || got[0].ID != "7" || !got[0].Refused || !slices.Equal(others, []string{"model"}) {
		t.Errorf("%+v, %v, %v", got, others, err)
	}
}

func TestScoreJobsThatAreRefused(t *testing.T) {
	w := newWorld(27, 8, 1)
	path, in := w.exactly(t), w.answers(t, 5, 2)
	for _, c := range []struct {
		reason string
		change func(*ScoreJob)
		want   string
	}{
		{"an unknown panel", func(j *ScoreJob) { j.Options.Panel = "all" }, "bucketed"},
		{"an unknown utility", func(j *ScoreJob) { j.Options.Utility = "rank" }, "logit"},
		{"an unknown estimate", func(j *ScoreJob) { j.Options.Estimate = "map" }, "posterior"},
		{"pairs by letters alone", func(j *ScoreJob) { j.Options.Format = FormatBinary }, "default"},
		{"windows of one", func(j *ScoreJob) { j.Options.K = 1 }, "2 to 26"},
		{"a value of no theory", func(j *ScoreJob) { j.Values = []string{"mft/nonsense"} }, care},
		{"a theory that there is not", func(j *ScoreJob) { j.Values = []string{"nonsense"} }, care},
		{"a value of another file", func(j *ScoreJob) { j.Values = []string{loyalty} }, care},
		{"more than the pool", func(j *ScoreJob) { j.Options.K = 12 }, "lower --k"},
		{"no window", func(j *ScoreJob) { j.Options.M = 0 }, "--m 0"},
		{"windows beyond memory", func(j *ScoreJob) { j.Options.M = 1e8 }, "memory"},
		{"a value twice", func(j *ScoreJob) { j.Values = []string{care, care} }, "twice"},
		{"anchors without error", func(j *ScoreJob) { j.Options.MaxSE = .01 }, "--max-se"},
		{"a table nobody reads", func(j *ScoreJob) { j.Out = "scores.xlsx" }, ".parquet"},
		{"no votes file", func(j *ScoreJob) { j.Votes = "" }, "--db"},
		{"no judge", func(j *ScoreJob) { j.Config.Voters = nil }, "[[voters]]"},
		{"nobody agreed", func(j *ScoreJob) { j.Yes = false }, "--yes"},
	} {
		j := w.scoreJob(t, "http://127.0.0.1:1", path, in)
		c.change(&j)
		_, err := ScoreResponses(context.Background(), j)
		if fault.ExitCode(err) != fault.ExitUsage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}

// The estimate counts every window once; a run that is answered already needs no budget.
func TestScoresAreForecast(t *testing.T) {
	w := newWorld(28, 40, 2)
	path, in := w.exactly(t), w.answers(t, 6, 5)
	s := scripted.New(t, w.Answer)
	j := w.scoreJob(t, s.URL, path, in)
	var said strings.Builder
	j.DryRun, j.Stdout = true, &said
	if _, err := ScoreResponses(context.Background(), j); err != nil || len(s.Calls()) != 0 {
		t.Errorf("%d calls, %v", len(s.Calls()), err)
	}
	if _, err := os.Stat(j.Out); err == nil || !strings.Contains(said.String(), " 30 ") {
		t.Errorf("5 responses, 3 windows, 2 judges: %s", &said)
	}
	j.DryRun, j.Stdout = false, io.Discard
	_, err := ScoreResponses(context.Background(), j)
	must(t, err)
	j.Yes = false
	if _, err := ScoreResponses(context.Background(), j); err != nil || len(s.Calls()) != 30 {
		t.Errorf("%d calls, %v", len(s.Calls()), err)
	}
	j.Config.Budget, j.Yes, j.Options.Seed = llm.Limits{Tokens: 4000}, true, 1
	_, err = ScoreResponses(context.Background(), j)
	if fault.Of(err) != fault.Exhausted || fault.ExitCode(err) != fault.ExitInterrupted {
		t.Errorf("a spent budget: %v", err)
	}
}

// A value of which nothing can be used has rows without scores; the others go on, and the exit is 1.
func TestOneValueWithoutScores(t *testing.T) {
	w := newWorld(29, 40, 1)
	path, in := w.exactly(t), w.answers(t, 7, 4)
	v := result(t, path)
	v.ValueID, v.known = loyalty, theories.Builtin()
	d, err := define(loyalty, v.known)
	must(t, err)
	v.DefinitionHash = d.hash
	must(t, Save(path, v))
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if strings.Contains(c.User, "oyalty") {
			return scripted.Reply{Content: "None."}
		}
		return w.Answer(c)
	})
	j := w.scoreJob(t, s.URL, path, in)
	summaries, err := ScoreResponses(context.Background(), j)
	if fault.ExitCode(err) != fault.ExitFailed || !strings.Contains(err.Error(), loyalty) || strings.Contains(err.Error(),
		care) || len(summaries) != 2 {
		t.Errorf("%d summaries, %v", len(summaries), err)
	}
	for _, r := range scored(t, j.Out) {
		if (r.Score == nil) != (r.ValueID == loyalty) {
			t.Errorf("%+v", r)
		}
	}
	v.DefinitionHash = strings.Repeat("0", 64)
	must(t, Save(path, v))
	if _, err := ScoreResponses(context.Background(), j); fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(),
		d.hash[:12]) || !strings.Contains(err.Error(), "000000000000") {
		t.Errorf("another definition: %v", err)
	}
}

// Reference windows through the code that the command runs, from a judge's order to a row of the file.
func TestGoldenScores(t *testing.T) {
	type want struct {
		U, Intensity *float64
		SE           *float64 `json:"intensity_se"`
		Lo           *float64 `json:"intensity_lo"`
		Hi           *float64 `json:"intensity_hi"`
		Status       string
	}
	var file struct {
		Pool struct {
			Theta, Final []float64
			Mean         float64
			MaxAbs       float64 `json:"max_abs_deviation"`
			Flagged      []bool
		}
		Cases []struct {
			Name    string
			Windows []struct {
				Anchors []int `json:"anchors_best_first"`
				Rank    int
			}
			Logit, Score want
		}
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "evaluator.json")
	v := &Value{About: About{Calibration: intensity.ZScore, Mean: file.Pool.Mean, MaxAbs: file.Pool.MaxAbs}}
	for i, final := range file.Pool.Final {
		v.Texts = append(v.Texts, Text{ID: fmt.Sprint(i)})
		s := Score{Theta: file.Pool.Theta[i], Final: final, Status: Accepted}
		if file.Pool.Flagged[i] {
			s.Status = Blended
		}
		v.Scores = append(v.Scores, s)
	}
	for _, c := range file.Cases {
		var windows []Window
		for _, w := range c.Windows {
			order := slices.Insert(slices.Clone(w.Anchors), w.Rank-1, len(v.Texts))
			windows = append(windows, Window{Shown: order, Answer: &Answer{Ranking: order}})
		}
		for _, utility := range []string{UtilityLogit, UtilityScore} {
			o := DefaultScore()
			o.Utility, o.Scale, o.K = utility, ScaleOne, len(windows[0].Shown)
			s := &scoring{v: v, o: o, responses: []Response{{ID: "r", Text: "x"}}, final: file.Pool.Final}
			rows, _, err := s.score(judge.Voter{Name: "j"}, windows)
			must(t, err)
			row, want := rows[0], c.Logit
			if utility == UtilityScore {
				want = c.Score
				want.SE, want.Lo, want.Hi, want.Status = row.SE, row.Lo, row.Hi, string(row.Status)
			}
			for name, pair := range map[string][2]*float64{"u": {row.U, want.U}, "score": {row.Score, want.Intensity},
				"se": {row.SE, want.SE}, "lo": {row.Lo, want.Lo}, "hi": {row.Hi, want.Hi}} {
				got, want := pair[0], pair[1]
				if (got == nil) != (want == nil) || got != nil && math.Abs(*got-*want) > 1e-7*max(1, math.Abs(*want)) {
					t.Errorf("%s, %s: %s %v, want %v", c.Name, utility, name, exact(got), exact(want))
				}
			}
			if string(row.Status) != want.Status || row.WindowsUsed != len(windows) || row.Ranks[0] != c.Windows[0].Rank {
				t.Errorf("%s, %s: %+v, want status %s", c.Name, utility, row, want.Status)
			}
		}
	}
}
