package answers

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/scripted"
	"hives/internal/trainer/sft"
)

// built is a folder of answers to n questions of each value.
func built(t *testing.T, n int, values ...string) string {
	t.Helper()
	w := newWorld(t)
	w.finished = true
	j := job(scripted.New(t, w.answer).URL, t.TempDir(), questions(t, n, values...))
	j.Roles, j.Rewrites = 1, 0
	build(t, j)
	return j.Out
}

// export writes a file and reads it as the trainer does.
func export(t *testing.T, j ExportJob) ([]sft.Row, *Exported) {
	t.Helper()
	j.Out, j.Known = filepath.Join(t.TempDir(), "sft.jsonl"), builtin
	said, err := Export(j)
	must(t, err)
	rows, _, err := sft.ReadFile(j.Out)
	must(t, err)
	if len(rows) != said.Rows {
		t.Errorf("%d rows, %d were told", len(rows), said.Rows)
	}
	// The trainer's own look at a whole file: parts, groups on both sides, rows to train on.
	steps, err := sft.Steps(sft.Files{Train: j.Out}, 1, 1)
	must(t, err)
	if steps != said.Parts["train"] {
		t.Errorf("the trainer makes %d steps of one row, %d rows are to be trained on", steps, said.Parts["train"])
	}
	return rows, said
}

// TestTheTrainerTakesWhatIsExported: its reader accepts the file, no group is on two sides, the level is trained on
// alone, and held-out questions have its opposite beside it.
func TestTheTrainerTakesWhatIsExported(t *testing.T) {
	in := built(t, 16, "benevolence", "power")
	side := map[string]string{} // of a group, over both exports
	for _, level := range []Level{2, -2} {
		j := DefaultExport()
		j.In, j.Levels = in, []Level{level}
		j.Split.Fractions = [3]float64{.6, .2, .2}
		rows, said := export(t, j)
		pairs := map[string]int{}
		for _, r := range rows {
			if was, known := side[r.Group]; known && was != r.Split {
				t.Errorf("group %s is in %s and in %s", r.Group, was, r.Split)
			}
			side[r.Group] = r.Split
			switch {
			case r.Split == "train" && Level(*r.Level) != level:
				t.Errorf("trained on level %d", *r.Level)
			case r.Split != "train":
				pairs[r.QuestionID+r.ValueID]++
			}
			if len(r.Messages) != 2 || r.ValueID == "" {
				t.Errorf("%+v", r)
			}
		}
		for q, n := range pairs {
			if n != 2 {
				t.Errorf("held-out question %s has %d answers, want both levels", q, n)
			}
		}
		if said.Parts["train"] == 0 || said.Parts["validation"] == 0 || said.Opposite != len(pairs) {
			t.Errorf("%+v", said)
		}
	}
	again, _ := export(t, ExportJob{In: in, Levels: []Level{2}, Condition: ConditionNone, Balance: BalanceNone,
		Split: DefaultExport().Split})
	j := DefaultExport()
	j.In, j.Levels, j.Split.Seed = in, []Level{2}, 1
	other, _ := export(t, j)
	if compact(again) == compact(other) {
		t.Error("another seed makes the same file")
	}
}

// TestConditionAndBalance: with a condition a row says its level, and all levels are trained on; with a balance each
// value has as many questions as the one with the fewest.
func TestConditionAndBalance(t *testing.T) {
	in := built(t, 14, "benevolence", "power")
	rows, err := ReadRows(in)
	must(t, err)
	// Of power some questions go, so that the two are uneven.
	few := slices.DeleteFunc(rows, func(r Row) bool {
		return strings.HasPrefix(r.QuestionID, "power-1") && len(r.QuestionID) > len("power-1")
	})
	b := &builder{job: Job{Out: t.TempDir()}}
	must(t, b.writeRows(few))
	j := DefaultExport()
	j.In, j.Levels, j.Balance = b.job.Out, []Level{1}, BalanceEqual
	_, said := export(t, j)
	n := said.Values["svt/self-enhancement/power"]
	if n == 0 || n > 10 || said.Values["svt/self-transcendence/benevolence"] != n {
		t.Errorf("balanced: %v", said.Values)
	}
	j = DefaultExport()
	j.In, j.Levels, j.Condition = in, Levels, ConditionSystem
	all, _ := export(t, j)
	levels := map[int]bool{}
	for _, r := range all {
		if r.Messages[0].Role != "system" || !strings.Contains(r.Messages[0].Content, Level(*r.Level).Name()) {
			t.Errorf("%+v", r.Messages[0])
		}
		if r.Split == "train" {
			levels[*r.Level] = true
		}
	}
	if len(levels) != 5 {
		t.Errorf("trained on levels %v", levels)
	}
}

func TestExportRefusals(t *testing.T) {
	in := built(t, 4, "power")
	other := file(t, "mlvalues.parquet", "no parquet")
	for name, c := range map[string]struct {
		change func(*ExportJob)
		says   string
	}{
		"no level":      {func(j *ExportJob) { j.Levels = nil }, "--level"},
		"two levels":    {func(j *ExportJob) { j.Levels = []Level{1, 2} }, "--condition system"},
		"no such value": {func(j *ExportJob) { j.Values = []string{"powr"} }, `did you mean "power"?`},
		"no answers":    {func(j *ExportJob) { j.Values = []string{"hedonism"} }, "hedonism"},
		"condition":     {func(j *ExportJob) { j.Condition = "user" }, `"user"`},
		"balance":       {func(j *ExportJob) { j.Balance = "up" }, `"up"`},
		"out":           {func(j *ExportJob) { j.Out = "x.csv" }, ".jsonl"},
		"no file":       {func(j *ExportJob) { j.In = "nowhere" }, "hives vcai build"},
		"torn":          {func(j *ExportJob) { j.In = other }, other},
		"fractions":     {func(j *ExportJob) { j.Split.Fractions = [3]float64{.5, .1, .1} }, "add up"},
	} {
		j := DefaultExport()
		j.In, j.Levels, j.Known, j.Out = in, []Level{2}, builtin, filepath.Join(t.TempDir(), "out.jsonl")
		c.change(&j)
		_, err := Export(j)
		if err == nil || !strings.Contains(err.Error(), c.says) || fault.Of(err) == fault.Kind(0) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if _, err := os.Stat(j.Out); err == nil {
			t.Errorf("%s: a file was written", name)
		}
	}
}

// TestRefusals: what is wrong with a build is said before anybody is asked and before a folder is made.
func TestRefusals(t *testing.T) {
	good := questions(t, 1, "power")
	lines := func(text string) func(*Job) { return func(j *Job) { j.Questions = file(t, "q.jsonl", text) } }
	values := func(change func(map[string]any)) func(*Job) {
		return func(j *Job) {
			var d map[string]any
			must(t, json.Unmarshal(ours, &d))
			change(d["values"].([]any)[0].(map[string]any))
			raw, err := json.Marshal(d)
			must(t, err)
			j.Decomposition = file(t, "d.json", string(raw))
		}
	}
	part := func(v map[string]any) map[string]any { return v["sub_values"].([]any)[1].(map[string]any) }
	one := `{"question": "Why?", "value": "power"}` + "\n"
	same := `{"question": "A?", "value": "power", "question_id": "x"}` + "\n"
	for name, c := range map[string]struct {
		change func(*Job)
		says   string
	}{
		"near":            {func(j *Job) { j.Near = -.1 }, "-0.1"},
		"rewrites":        {func(j *Job) { j.Rewrites = -1 }, "-1"},
		"many rewrites":   {func(j *Job) { j.Rewrites = 1_000_000 }, "10000"},
		"roles":           {func(j *Job) { j.Roles = 0 }, "--roles 0"},
		"many roles":      {func(j *Job) { j.Roles = 31 }, "30"},
		"retry":           {func(j *Job) { j.Retry = "again" }, `"again"`},
		"aggregate":       {func(j *Job) { j.Aggregate = "mean" }, `"mean"`},
		"both":            {func(j *Job) { j.Statements = "rows.parquet" }, "one of them"},
		"neither":         {func(j *Job) { j.Questions = "" }, "one of them"},
		"number":          {func(j *Job) { j.Number = 3 }, "--number"},
		"value":           {func(j *Job) { j.Values = []string{"benevolance"} }, `did you mean "benevolence"?`},
		"no questions":    {func(j *Job) { j.Values = []string{"hedonism"} }, "no question of the values"},
		"one voter":       {func(j *Job) { j.Config.Voters = j.Config.Voters[:1] }, "writer and judge"},
		"other voter":     {func(j *Job) { j.Config.Voters[0].Name = "jury" }, "writer"},
		"slots":           {func(j *Job) { j.Slots = file(t, "s.json", `{"format": 1, "kind": "personas"}`) }, "age"},
		"file":            {func(j *Job) { j.Questions = "nowhere.jsonl" }, "nowhere.jsonl"},
		"unknown key":     {lines(`{"question": "Why?", "value": "power", "weight": 2}`), "line 1"},
		"unknown value":   {lines(one + `{"question": "Why so?", "value": "might"}`), "line 2"},
		"empty":           {lines(`{"question": " ", "value": "power"}`), "empty"},
		"long":            {lines(`{"question": "` + strings.Repeat("why ", 200) + `", "value": "power"}`), "letters"},
		"twice":           {lines(one + `{"question": "why?", "value": "power"}`), "line 1 too"},
		"same id":         {lines(same + strings.Replace(same, "A?", "B?", 1)), "line 1 too"},
		"torn line":       {lines(one + `{"question": "Wh`), "line 2"},
		"no sub-values":   {values(func(v map[string]any) { v["sub_values"] = []any{} }), "sub_values"},
		"no indicator":    {values(func(v map[string]any) { delete(part(v), "disagrees") }), `sub-value 2 ("creativity")`},
		"other indicator": {values(func(v map[string]any) { part(v)["neutral"] = "x" }), "neutral"},
		"unknown to svt":  {values(func(v map[string]any) { v["value"] = "benevolenc" }), "benevolence"},
		"sub-value twice": {values(func(v map[string]any) { part(v)["name"] = "autonomy" }), "twice"},
	} {
		j := job("http://127.0.0.1:1/v1", filepath.Join(t.TempDir(), "out"), good)
		c.change(&j)
		_, err := Build(t.Context(), j)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if fault.Of(err) == fault.Unavailable {
			t.Errorf("%s: somebody was asked: %v", name, err)
		}
		if _, err := os.Stat(j.Out); err == nil {
			t.Errorf("%s: a folder was made", name)
		}
	}
	for _, word := range []string{"3", "-3", "1.5", "", "most"} {
		if _, err := ParseLevels([]string{word}); fault.ExitCode(err) != fault.ExitUsage {
			t.Errorf("level %q is taken: %v", word, err)
		}
	}
}

// TestOtherSettingsAreRefused: a folder that was begun goes on only as it was begun, unless somebody says otherwise.
func TestOtherSettingsAreRefused(t *testing.T) {
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	j := job(s.URL, t.TempDir(), questions(t, 1, "hedonism"))
	build(t, j)
	before := len(s.Calls())
	whole := read(t, j.Out, RowsFile)
	other := j
	other.Near, other.Seed, other.Roles = .25, 7, 3
	_, err := Build(t.Context(), other)
	if fault.Of(err) != fault.Mismatch {
		t.Fatalf("other settings: %v", err)
	}
	for _, key := range []string{"near", "seed", "roles"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%v does not name %s", err, key)
		}
	}
	same := bytes.Equal(whole, read(t, j.Out, RowsFile))
	if strings.Contains(err.Error(), "rewrites") || len(s.Calls()) != before || !same {
		t.Errorf("a key that is the same is named, somebody was asked, or rows were changed: %v", err)
	}
	other.AllowChanged = true
	build(t, other)
	if len(s.Calls()) == before {
		t.Error("with --allow-changed nobody was asked")
	}
	other.AllowChanged = false
	other.Out = t.TempDir()
	must(t, os.WriteFile(filepath.Join(other.Out, RunFile), []byte(`{"format": 1, "kind": "train"}`), 0o644))
	if _, err := Build(t.Context(), other); fault.Of(err) != fault.Mismatch {
		t.Errorf("another program's run.json: %v", err)
	}
}
