package answers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/rig/pagetest"
	"hives/internal/rig/scripted"
	"hives/ranking"
	"hives/vcai"
)

var builtin = theories.Builtin()

// TestEarlyRejectionChangesNothing: giving attempts up early keeps the same answers, to the byte, as judging every one
// of them, and asks less.
func TestEarlyRejectionChangesNothing(t *testing.T) {
	for _, aggregate := range []string{All, Touched} {
		for _, retry := range []string{Rewrite, Resample} {
			w := newWorld(t)
			w.error, w.spoilt, w.refuses = .15, .08, .1
			s := scripted.New(t, w.answer)
			var kept [2][]byte
			var calls [2]int
			for i, full := range []bool{true, false} {
				j := job(s.URL, t.TempDir(), questions(t, 2, "self-direction", "hedonism"))
				j.Aggregate, j.Retry, j.full = aggregate, retry, full
				before := len(s.Calls())
				build(t, j)
				calls[i] = len(s.Calls()) - before
				kept[i] = append(read(t, j.Out, RowsFile), read(t, j.Out, FailedFile)...)
			}
			if !bytes.Equal(kept[0], kept[1]) {
				t.Errorf("%s, %s: giving up early keeps other answers", aggregate, retry)
			}
			// Drawn anew, this writer says the same again, and a judge is not asked about the same twice.
			if calls[1] > calls[0] || calls[1] == calls[0] && retry == Rewrite {
				t.Errorf("%s, %s: %d calls early, %d in full", aggregate, retry, calls[1], calls[0])
			}
			t.Logf("%s, %s: %d calls early, %d in full", aggregate, retry, calls[1], calls[0])
		}
	}
}

// TestRowsAreWhatTheirJudgementsSay: every number of a row follows from its judgements, by a second way of reckoning,
// and what is said of its end is true.
func TestRowsAreWhatTheirJudgementsSay(t *testing.T) {
	w := newWorld(t)
	w.error, w.spoilt, w.refuses = .1, .05, .1
	j := job(scripted.New(t, w.answer).URL, t.TempDir(), questions(t, 4, "power", "tradition"))
	stats := build(t, j)
	rows, err := ReadRows(j.Out)
	must(t, err)
	failed, err := readFailures(j.Out)
	must(t, err)
	if len(rows)+len(failed) != 2*4*5 {
		t.Fatalf("%d rows, %d failures", len(rows), len(failed))
	}
	ends := map[string]int{}
	declined, attempts := 0., 0.
	for _, f := range failed {
		declined, attempts = declined+float64(f.Why[refused]), attempts+float64(f.Attempts)
	}
	for _, r := range rows {
		declined, attempts = declined+float64(r.Refused), attempts+float64(r.Attempts)
		var judged [][]*float64
		must(t, json.Unmarshal([]byte(r.Judgements), &judged))
		sum, n := 0., 0.
		touched := map[int][]float64{}
		for _, role := range judged {
			for part, x := range role {
				if x != nil {
					sum, n = sum+*x, n+1
					touched[part] = append(touched[part], *x)
				}
			}
		}
		if math.Abs(2*sum/n-r.Degree) > 1e-12 || math.Abs(math.Abs(r.Degree-float64(r.Level))-r.Gap) > 1e-12 {
			t.Errorf("%s %d: D′ %v, gap %v, judgements say %v", r.QuestionID, r.Level, r.Degree, r.Gap, 2*sum/n)
		}
		sum, n = 0, 0
		for _, list := range touched {
			if slices.ContainsFunc(list, func(x float64) bool { return x != 0 }) {
				for _, x := range list {
					sum, n = sum+x, n+1
				}
			}
		}
		if (n == 0) != (r.Touched == nil) || n > 0 && math.Abs(2*sum/n-*r.Touched) > 1e-12 {
			t.Errorf("%s %d: of touched %v, judgements say %v", r.QuestionID, r.Level, r.Touched, 2*sum/n)
		}
		if near := r.Gap <= j.Near+1e-12; near != (r.Stop == vcai.Accepted) || !near && int(r.Attempts) != j.Rewrites+1 {
			t.Errorf("%s %d: gap %v after %d attempts is %s", r.QuestionID, r.Level, r.Gap, r.Attempts, r.Stop)
		}
		if len(r.Roles) != j.Roles || len(judged) != j.Roles || len(judged[0]) != len(r.Parts) {
			t.Errorf("%s: %d roles, judgements of %d", r.QuestionID, len(r.Roles), len(judged))
		}
		ends[r.Stop]++
	}
	for i := 1; i < len(rows); i++ { // roles are a question's, whatever the level
		if a, b := rows[i-1], rows[i]; a.QuestionID == b.QuestionID && !slices.Equal(a.Roles, b.Roles) {
			t.Errorf("%s is judged by other people at level %d", a.QuestionID, b.Level)
		}
	}
	if share := float64(stats.RefusedShare); share != declined/attempts || share < .02 || share > .5 {
		t.Errorf("refused in %v of %v attempts, told is %v", declined, attempts, share)
	}
	if missing := float64(stats.Missing); missing < .01 || missing > .12 {
		t.Errorf("%v of the judgements are missing, about .05 were made so", missing)
	}
	if ends[vcai.Accepted] == 0 || ends[vcai.Exhausted] == 0 {
		t.Errorf("ends %v: one of the two ways was not tested", ends)
	}
}

// childJob makes this test's binary run one build, to be killed.
const childJob = "HIVES_VCAI_TEST_JOB"

// child is what the killed process is told.
type child struct{ URL, Out, Questions string }

func (c child) job() Job {
	j := job(c.URL, c.Out, c.Questions)
	j.Rewrites = 2
	return j
}

// TestKilledChild is no test of its own: it is what TestKilledAnywhere kills.
func TestKilledChild(t *testing.T) {
	var c child
	if json.Unmarshal([]byte(os.Getenv(childJob)), &c) == nil {
		build(t, c.job())
	}
}

// A build that is killed at twenty random places, by no signal that it could handle, ends with the bytes of an unbroken
// one, and no answer that came was asked for twice.
func TestKilledAnywhere(t *testing.T) {
	w := newWorld(t)
	w.error, w.refuses = .1, .1
	asked := questions(t, 3, "stimulation", "security")
	var mu sync.Mutex
	stall, hangs := 0, make(chan struct{})
	seen := map[string]int{} // answers that were sent, by request
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		mu.Lock()
		defer mu.Unlock()
		if stall > 0 && c.N >= stall { // this one and all that are sent beside it
			if c.N == stall {
				close(hangs)
			}
			return scripted.Reply{Stall: true}
		}
		seen[c.Model+c.System+c.User]++
		return w.answer(c)
	})
	whole := child{s.URL, t.TempDir(), asked}
	build(t, whole.job())
	calls := len(s.Calls())
	clear(seen)

	broken := child{s.URL, t.TempDir(), asked}
	raw, err := json.Marshal(broken)
	must(t, err)
	rng := ranking.Stream("kills", 1)
	for range 20 {
		mu.Lock()
		stall, hangs = len(s.Calls())+1+rng.IntN(calls/16), make(chan struct{})
		mu.Unlock()
		process := exec.Command(os.Args[0], "-test.run", "^TestKilledChild$")
		process.Env = append(os.Environ(), fmt.Sprintf("%s=%s", childJob, raw))
		must(t, process.Start())
		ended := make(chan struct{})
		go func() { process.Wait(); close(ended) }() //nolint:errcheck // it is killed
		select {
		case <-hangs:
		case <-ended:
			t.Fatal("the build ended before it was killed: fewer calls between kills are wanted")
		}
		must(t, process.Process.Kill())
		<-ended
	}
	mu.Lock()
	stall = 0
	mu.Unlock()
	build(t, broken.job())
	for _, name := range []string{RunFile, RowsFile, FailedFile, PageFile} {
		if !bytes.Equal(read(t, whole.Out, name), read(t, broken.Out, name)) {
			t.Errorf("%s differs after twenty kills", name)
		}
	}
	twice := 0
	for _, n := range seen {
		twice += n - 1
	}
	// At a kill the answers that the four requests beside it had just got may not have been stored.
	if twice > 20*4 {
		t.Errorf("%d of %d answers were asked for again after 20 kills of 4 requests each", twice, calls)
	}
	t.Logf("%d calls; %d of them again after 20 kills", calls, twice)
	before := len(s.Calls())
	build(t, broken.job())
	if more := len(s.Calls()) - before; more != 0 {
		t.Errorf("a finished build asked %d times", more)
	}
}

// TestFailuresAreListed: where every draft is refused there is no row, the file of failures says so, and the share of
// refusals is told. Nothing of it is a neutral answer.
func TestFailuresAreListed(t *testing.T) {
	w := newWorld(t)
	w.refuses = .75
	j := job(scripted.New(t, w.answer).URL, t.TempDir(), questions(t, 6, "power"))
	j.Rewrites, j.Retry = 0, Resample
	s := build(t, j)
	rows, err := ReadRows(j.Out)
	must(t, err)
	failed, err := readFailures(j.Out)
	must(t, err)
	if len(rows)+len(failed) != 30 || len(failed) < 15 || s.Answers != len(rows) || s.Failed != len(failed) {
		t.Errorf("%d rows and %d failures of 30", len(rows), len(failed))
	}
	for _, f := range failed {
		if f.Why["refused"] != 1 || f.Attempts != 1 || f.Level == nil {
			t.Errorf("%+v", f)
		}
	}
	if share := float64(s.RefusedShare); share != float64(len(failed))/30 {
		t.Errorf("refused share %v", share)
	}
	pagetest.Check(t, string(read(t, j.Out, PageFile)))

	w.refuses = 1 // and where nothing is left
	j.Out, j.Seed = t.TempDir(), 1
	if s.Nothing(j.Out) != nil {
		t.Errorf("of %d answers: %v", s.Answers, s.Nothing(j.Out))
	}
	if s = build(t, j); s.Answers != 0 || s.Failed != 30 || s.RefusedShare != 1 {
		t.Errorf("every draft refused: %+v", s)
	}
	if err := s.Nothing(j.Out); err == nil || !strings.Contains(err.Error(), "refused: 30 attempts") {
		t.Errorf("no answer came, and it says %v", err)
	}
	_, err = MeasureQuality(t.Context(), QualityJob{In: j.Out, Config: j.Config, Known: builtin, Yes: true})
	if err == nil || !strings.Contains(err.Error(), "nothing to measure") {
		t.Errorf("quality of no answers: %v", err)
	}
	if rows, err = ReadRows(j.Out); err != nil || len(rows) != 0 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	pagetest.Check(t, string(read(t, j.Out, PageFile)))
}

// TestUnfitTexts tells answers from what is none.
func TestUnfitTexts(t *testing.T) {
	b := &builder{}
	b.write, _ = prompts.Load("write.v1")
	d, err := ReadDecomposition("", builtin)
	must(t, err)
	q := &Question{Text: "Would you lend a stranger your coat?", value: &d.Values[0]}
	asked, err := b.answering(q, 1, 0, "")
	must(t, err)
	for text, want := range map[string]string{
		"": "empty",
		"I cannot imagine a life without my friends.":                          "",
		"I can't help it: I would give it away.":                               "",
		"As an AI, I do not own a coat.":                                       "refused",
		"I'm sorry, but I can't help with that.":                               "refused",
		"I cannot answer that question.":                                       "refused",
		"would you lend a stranger your coat?":                                 "repeats the prompt",
		"Let the level show in what you feel, do or think, without naming it.": "repeats the prompt",
		"Yes. I would lend it, since it costs me little and warms them.":       "",
		"I know the cold. So I would lend it, and not ask for it back.":        "",
	} {
		if got := unfit(text, asked, q); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	again, err := b.answering(q, 1, 1, "I would lend it.")
	must(t, err)
	if got := unfit("I would lend it.", again, q); got != "" {
		t.Errorf("an answer that was left as it is counts as %q", got)
	}
}

// TestStatementsBecomeQuestions: rows about a value, and below it, are asked about; others are not. More of them begin
// with the same.
func TestStatementsBecomeQuestions(t *testing.T) {
	var rows []data.Row
	for i := range 12 {
		r := data.Row{Text: fmt.Sprintf("Deed number %d.", i), Theory: "svt", Level1: "conservation", Level2: "security",
			Direction: 1, DirectionSource: data.SourceAnnotated, Group: fmt.Sprint("g", i/3), Corpus: "c", Licence: "CC0-1.0",
			IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor}
		switch i % 3 {
		case 1:
			r.Level3 = "security:personal"
		case 2:
			r.Level2 = "tradition"
		}
		rows = append(rows, r)
	}
	path := filepath.Join(t.TempDir(), "rows.parquet")
	must(t, data.Write(path, rows))
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	ids := map[int][]string{}
	for _, n := range []int{3, 6} {
		j := job(s.URL, t.TempDir(), "")
		j.Statements, j.Values, j.Levels, j.Number = path, []string{"security"}, []Level{1}, n
		build(t, j)
		kept, err := ReadRows(j.Out)
		must(t, err)
		for _, r := range kept {
			if !strings.HasPrefix(r.Question, "What of Deed number ") || r.Corpus != "c" || r.Licence != "CC0-1.0" ||
				r.ValueID != "svt/conservation/security" {
				t.Errorf("%+v", r)
			}
			ids[n] = append(ids[n], r.QuestionID)
		}
	}
	if len(ids[3]) != 3 || len(ids[6]) != 6 || !slices.Equal(ids[3], ids[6][:3]) {
		t.Errorf("three of them %v, six %v", ids[3], ids[6])
	}
	j := job(s.URL, t.TempDir(), "")
	j.Statements, j.Values = path, []string{"power"}
	if _, err := Build(context.Background(), j); err == nil || !strings.Contains(err.Error(), "power") {
		t.Errorf("no statement of power, and %v", err)
	}
}

// TestForecastAndBudget: the most is 5·(M+1)·(1+k·n) requests a question, nobody is asked by a dry run or without
// consent, and a budget ends a run so that it can go on.
func TestForecastAndBudget(t *testing.T) {
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	var said bytes.Buffer
	j := job(s.URL, filepath.Join(t.TempDir(), "out"), questions(t, 1, "self-direction"))
	j.Roles, j.Rewrites, j.DryRun, j.Stdout = 5, 8, true, &said
	if _, err := Build(context.Background(), j); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"180", "1620", "no budget is set"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the forecast has no %s:\n%s", want, said.String())
		}
	}
	j.DryRun, j.Yes = false, false
	if _, err := Build(context.Background(), j); fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("without budget and consent: %v", err)
	}
	if _, err := os.Stat(j.Out); err == nil || len(s.Calls()) > 0 {
		t.Error("a folder was made, or somebody was asked")
	}
	j.Config.Budget = llm.Limits{Tokens: 60_000}
	j.Yes = true
	_, err := Build(context.Background(), j)
	if fault.Of(err) != fault.Exhausted {
		t.Fatalf("a budget of 60,000 tokens ends with %v", err)
	}
	j.Config.Budget = llm.Limits{}
	build(t, j)
	rows, err := ReadRows(j.Out)
	must(t, err)
	if len(rows) != 5 {
		t.Errorf("%d rows after the budget was raised", len(rows))
	}

	// Of a finished run nothing is left to pay for, so nobody need agree; of another run there is.
	calls, before := len(s.Calls()), read(t, j.Out, RunFile)
	j.Yes = false
	build(t, j)
	if more := len(s.Calls()) - calls; more != 0 || !bytes.Equal(before, read(t, j.Out, RunFile)) {
		t.Errorf("a finished run asked %d times, or its run.json changed", more)
	}
	j.Seed, j.AllowChanged = 1, true
	if _, err := Build(context.Background(), j); fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("other settings without budget and consent: %v", err)
	}
}
