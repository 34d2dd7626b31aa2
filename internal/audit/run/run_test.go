package run

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hives/data/theories"
	"hives/internal/audit"
	"hives/internal/audit/prompts"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/audittest"
	"hives/internal/rig/scripted"
	"hives/internal/rig/scriptedlm"
)

const power = "svt/self-enhancement/power"

// job is a run over a scripted server: one judge, three queries of ours.
func job(url, vidb, out string) Job {
	j := JobDefaults()
	j.Config.Parallel = 4
	j.Config.Endpoints = []llm.Endpoint{{Name: "e", BaseURL: url, Parallel: 4, MaxTries: 1,
		MaxWait: cli.Duration(time.Millisecond), Timeout: cli.Duration(time.Minute)}}
	for _, name := range []string{"judge", Rubric, Subject} {
		j.Config.Voters = append(j.Config.Voters, judge.Voter{Name: name, Endpoint: "e", Model: llm.Model{Name: name}})
	}
	j.VIDB, j.Out, j.Known, j.Yes, j.Stdout, j.Count = vidb, out, theories.Builtin(), true, io.Discard, 3
	return j
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ran(t *testing.T, j Job) *audit.Record {
	t.Helper()
	r, err := Run(context.Background(), j)
	must(t, err)
	return r
}

// gains are the mean differences of steered and default scores, by target, with their standard errors.
func gains(r *audit.Record) (mean, se map[int]float64) {
	plain, all := map[string]float64{}, map[int][]float64{}
	for _, s := range r.Scores {
		if s.Condition == audit.Default {
			plain[s.Query] = float64(s.Score)
		}
	}
	of := map[string]audit.Condition{}
	for _, c := range r.Conditions {
		of[c.ID] = c
	}
	for _, s := range r.Scores {
		if target := of[s.Condition].Target(s.Value); target != 0 {
			all[target] = append(all[target], float64(s.Score)-plain[s.Query])
		}
	}
	mean, se = map[int]float64{}, map[int]float64{}
	for target, d := range all {
		var sum, squares float64
		for _, x := range d {
			sum, squares = sum+x, squares+x*x
		}
		n := float64(len(d))
		mean[target] = sum / n
		se[target] = math.Sqrt((squares/n - sum*sum/n/n) / (n - 1))
	}
	return mean, se
}

// A subject that ignores its prompt gains nothing, for any target; one of a known dose gains it, 2 units a logit; one
// that always refuses is found to. Two models of a kind are taken together: all targets of one share its default
// answers, and with them their luck.
func TestTrialsOfKnownSubjects(t *testing.T) {
	w := audittest.New(t, power)
	s := scripted.New(t, w.Answer)
	run := func(subject audittest.Subject) *audit.Record {
		w.Subject = subject
		j := job(s.URL, w.VIDB, t.TempDir())
		j.Count = 40
		return ran(t, j)
	}
	const models = 2
	trial := func(subject audittest.Subject) (mean, se map[int]float64) {
		mean, se = map[int]float64{}, map[int]float64{}
		for seed := range uint64(models) {
			subject.Seed = seed
			m, e := gains(run(subject))
			for _, target := range prompts.Targets {
				mean[target] += m[target] / models
				se[target] = math.Hypot(se[target], e[target]/models)
			}
		}
		return mean, se
	}
	mean, se := trial(audittest.Ignores())
	for target, m := range mean {
		if !(math.Abs(m) <= 2*se[target]) {
			t.Errorf("a prompt that is ignored gains %.2f ± %.2f at %+d", m, se[target], target)
		}
	}
	const dose = 1.5
	mean, se = trial(audittest.Doses(dose))
	for target, m := range mean {
		if want := dose * float64(target); !(math.Abs(m-want) <= 3*se[target]) || math.Abs(m) < 2*se[target] {
			t.Errorf("a dose of %.2f at %+d gains %.2f ± %.2f", want, target, m, se[target])
		}
	}
	r := run(audittest.Refuses())
	if c := Count(r); c.Refused != c.Answers || c.Answers != 5*40 || len(r.Scores) != 5*40 {
		t.Errorf("of a subject that always refuses: %+v", c)
	}
}

// All regimes at once: every cell asks every query, or says why not; two values are scored on both.
func TestRegimes(t *testing.T) {
	values := []string{"mft/care-harm", "mft/fairness-cheating", "mft/loyalty-betrayal", "mft/authority-subversion",
		"mft/liberty-oppression"}
	w := audittest.New(t, values...)
	w.Subject = audittest.Doses(1)
	w.Subject.Cut = .3
	s := scripted.New(t, w.Answer)
	j := job(s.URL, w.VIDB, t.TempDir())
	j.Prompts.Regimes = []string{audit.RegimeAnchor, audit.RegimeTexts, audit.RegimeTwo, audit.RegimeFive,
		audit.RegimeProfile}
	j.Prompts.Profile = &prompts.Profile{Name: "n", Scores: map[string]float64{values[0]: 8, values[1]: -4}}
	r := ran(t, j)
	cells := 1 + 5*4 + 5*4 + 4*4 + 5 + 1
	if len(r.Conditions) != cells || len(r.Answers) != cells*3 {
		t.Errorf("%d conditions, %d answers, want %d conditions", len(r.Conditions), len(r.Answers), cells)
	}
	scores := map[string]int{}
	for _, s := range r.Scores {
		scores[strings.SplitN(s.Condition, ":", 2)[0]]++
	}
	// The anchors that pairs are made of are scored on the other value as well: 4 pairs, 2 values, 3 targets, 3 queries.
	want := map[string]int{"default": 3 * 5, "anchor": 60 + 4*2*3*3, "texts": 60, "two": 2 * 48, "five": 5 * 15,
		"profile": 2 * 3}
	if !maps.Equal(scores, want) {
		t.Errorf("scores by regime %v, want %v", scores, want)
	}
	if c := Count(r); c.Cut == 0 || c.Cut == c.Answers || c.Refused != 0 || c.Unscored != 0 {
		t.Errorf("%+v", c)
	}
	again, err := audit.Read(j.Out)
	if must(t, err); len(again.Scores) != len(r.Scores) {
		t.Error("the record on the disk is another")
	}
	for _, call := range s.Calls() {
		if call.Model == Subject && (call.System != "" || call.Temperature != 1 || call.MaxTokens != 150) {
			t.Fatalf("the subject is asked with %+v", call)
		}
	}
}

// The same queries and anchors, whatever else is asked: more values, other regimes and more queries change no answer
// and ask nothing anew. The control is another seed.
func TestNothingHangsOnWhatElseIsAsked(t *testing.T) {
	w := audittest.New(t, power, "svt/conservation/security")
	s := scripted.New(t, w.Answer)
	j := job(s.URL, w.VIDB, t.TempDir())
	j.Prompts.Values, j.Prompts.Targets = []string{power}, []int{2}
	small := ran(t, j)
	calls := len(s.Calls())
	j.Prompts.Values, j.Prompts.Targets, j.Count = nil, prompts.Targets, 5
	large := ran(t, j)
	find := func(r *audit.Record, q, c string) string {
		for _, a := range r.Answers {
			if a.Query == q && a.Condition == c {
				return fmt.Sprint(a)
			}
		}
		return ""
	}
	for _, a := range small.Answers {
		if find(large, a.Query, a.Condition) != fmt.Sprint(a) {
			t.Errorf("%s, %s is answered anew", a.Query, a.Condition)
		}
	}
	before := map[string]bool{}
	for n, c := range s.Calls() {
		key := c.Model + c.System + c.User
		if n >= calls && before[key] {
			t.Fatalf("%s is asked twice", c.Model)
		}
		before[key] = true
	}
	j.Prompts.Seed, j.Out = 1, t.TempDir()
	if other := ran(t, j); fmt.Sprint(other.Queries) == fmt.Sprint(large.Queries) {
		t.Error("another seed draws the same queries")
	}
}

// Nobody is asked before somebody has agreed, and a dry run asks nobody and leaves nothing.
func TestNothingIsPaidUnasked(t *testing.T) {
	w := audittest.New(t, power)
	s := scripted.New(t, w.Answer)
	out := filepath.Join(t.TempDir(), "run")
	j := job(s.URL, w.VIDB, out)
	var said bytes.Buffer
	j.Stdout, j.Yes = &said, false
	if _, err := Run(context.Background(), j); fault.Of(err) != fault.Invalid {
		t.Errorf("without a budget: %v", err)
	}
	j.DryRun = true
	if r, err := Run(context.Background(), j); r != nil || err != nil {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := os.Stat(out); err == nil || len(s.Calls()) > 0 {
		t.Errorf("a dry run left a folder, or made %d calls", len(s.Calls()))
	}
	// 5 conditions of 3 queries, each asked, read, and put into 3 windows.
	if !strings.Contains(said.String(), "15 answers") || !strings.Contains(said.String(), "45 windows") ||
		!strings.Contains(said.String(), "75") {
		t.Error(said.String())
	}
	j.DryRun, j.Config.Budget.Tokens = false, 100
	if _, err := Run(context.Background(), j); fault.Of(err) != fault.Invalid {
		t.Errorf("a budget that is too small: %v", err)
	}
	j.Yes = true
	if _, err := Run(context.Background(), j); fault.Of(err) != fault.Exhausted {
		t.Errorf("a budget that is spent: %v", err)
	}
	j.Config.Budget.Tokens = 1e6
	if ran(t, j); len(s.Calls()) != 75 {
		t.Errorf("%d calls, the estimate said 75", len(s.Calls()))
	}
	j.Yes, j.Config.Budget.Tokens = false, 0
	if ran(t, j); len(s.Calls()) != 75 {
		t.Errorf("%d calls after a second run of what is answered", len(s.Calls()))
	}
}

// An answer that cannot be used has no score and is counted; it is never 0.
func TestUnusableIsCounted(t *testing.T) {
	w := audittest.New(t, power)
	j := job(scripted.New(t, func(c scripted.Call) scripted.Reply {
		switch {
		case c.Model == Subject && strings.Contains(c.User, "strongly values"):
			return scripted.Reply{Content: " "}
		case c.Model == Rubric && strings.Contains(c.User, "+"):
			return scripted.Reply{Content: "Who knows?"}
		}
		return w.Answer(c)
	}).URL, w.VIDB, t.TempDir())
	r := ran(t, j)
	c := Count(r)
	if c.Errors != 3 || c.Unusable == 0 || c.Unscored != 3 {
		t.Errorf("%+v", c)
	}
	for _, s := range r.Scores {
		if s.Status == "empty" && (s.Score.Known() || !strings.HasSuffix(s.Condition, "+2")) {
			t.Errorf("%+v", s)
		}
	}
}

// A value none of whose answers can be used fails by name; the record is there, without a number for it.
func TestAValueWithoutAUsableAnswer(t *testing.T) {
	w := audittest.New(t, power)
	w.Ranker.Judge["judge"] = scripted.Character{Spoilt: 1}
	j := job(scripted.New(t, w.Answer).URL, w.VIDB, t.TempDir())
	var said bytes.Buffer
	j.Stdout = &said
	r, err := Run(context.Background(), j)
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), power) {
		t.Fatalf("%v", err)
	}
	if c := Count(r); c.Unscored != c.Scores || c.Scores != 15 {
		t.Errorf("%+v", c)
	}
	if _, err := audit.Read(j.Out); err != nil {
		t.Error(err)
	}
	if !strings.Contains(said.String(), "15 responses have no usable answer") {
		t.Errorf("not warned: %s", said.String())
	}
}

// A local model answers in batches, each query by luck of its own: it is handed other seeds for other queries and
// conditions, and the same again when a run is stopped between batches and goes on.
func TestALocalSubject(t *testing.T) {
	w := audittest.New(t, power)
	s := scripted.New(t, w.Answer)
	var mu sync.Mutex
	seeds, stop := map[string]uint64{}, 2
	m := &scriptedlm.Local{ID: llm.Identity{Kind: llm.AtHome, Model: "small", Weights: "ab", Rows: 2}}
	m.Write = func(r llm.Request) llm.Reply {
		mu.Lock()
		defer mu.Unlock()
		asked := r.Messages[len(r.Messages)-1].Content
		if before, known := seeds[asked]; known && before != r.Sampling.Seed {
			t.Errorf("another seed for the same question")
		}
		seeds[asked] = r.Sampling.Seed
		if len(r.Messages) != 1 || r.Sampling.Temperature != 1 || r.Sampling.MaxTokens != 150 {
			t.Errorf("asked with %+v", r)
		}
		return llm.Reply{Text: fmt.Sprintf("I lean %+.3f on this.", float64(r.Sampling.Seed%1000)/500-1),
			Finish: llm.FinishLength}
	}
	m.Before = func(context.Context, int) error {
		if stop--; stop == 0 {
			return context.Canceled
		}
		return nil
	}
	run := func(out string) (*audit.Record, error) {
		j := job(s.URL, w.VIDB, out)
		j.Config.Opener = m.Opener
		j.Config.Voters[2].Endpoint, j.Config.Voters[2].Model.Local = "", llm.Local{Provider: llm.AtHome, Batch: 2}
		return Run(context.Background(), j)
	}
	broken := t.TempDir()
	if _, err := run(broken); err == nil {
		t.Fatal("not stopped")
	}
	r, err := run(broken)
	must(t, err)
	different := map[uint64]bool{}
	for _, seed := range seeds {
		different[seed] = true
	}
	if len(different) != 15 || Count(r).Cut != 15 || r.About.Model.Weights != "ab" {
		t.Errorf("%d seeds of 15 answers, %+v", len(different), Count(r))
	}
	whole := t.TempDir()
	_, err = run(whole)
	must(t, err)
	a, err := os.ReadFile(filepath.Join(whole, audit.RecordFile))
	must(t, err)
	if b, _ := os.ReadFile(filepath.Join(broken, audit.RecordFile)); !bytes.Equal(a, b) {
		t.Error("a run that was stopped between batches ends with other bytes")
	}
}

// Wrong settings are refused before a file is opened or anybody is asked.
func TestWrongSettings(t *testing.T) {
	w := audittest.New(t, power)
	for name, spoil := range map[string]func(*Job){
		"no subject":          func(j *Job) { j.Config.Voters = j.Config.Voters[:2] },
		"no judge":            func(j *Job) { j.Config.Voters = j.Config.Voters[1:] },
		"judges itself":       func(j *Job) { j.Config.Voters[0].Model.Name = Subject },
		"a value that is not": func(j *Job) { j.Prompts.Values = []string{"svt/x"} },
		"a value not held":    func(j *Job) { j.Prompts.Values = []string{"duty/justice"} },
		"target 0":            func(j *Job) { j.Prompts.Targets = []int{0} },
		"no database":         func(j *Job) { j.VIDB = "nowhere.db" },
		"no queries":          func(j *Job) { j.Queries = "nowhere.jsonl" },
		"k 1":                 func(j *Job) { j.Scoring.K = 1 },
	} {
		s := scripted.New(t, w.Answer)
		j := job(s.URL, w.VIDB, t.TempDir())
		spoil(&j)
		if _, err := Run(context.Background(), j); err == nil || len(s.Calls()) > 0 {
			t.Errorf("%s: %v, %d calls", name, err, len(s.Calls()))
		}
	}
}

// A folder with the record of other settings is refused by their names, and keeps its bytes. More of the same is none.
func TestAFolderOfOtherSettings(t *testing.T) {
	w := audittest.New(t, power)
	j := job(scripted.New(t, w.Answer).URL, w.VIDB, t.TempDir())
	j.Prompts.Targets, j.Count = []int{2}, 1
	ran(t, j)
	was, err := os.ReadFile(filepath.Join(j.Out, audit.RecordFile))
	must(t, err)
	for name, change := range map[string]func(*Job){
		"scoring": func(j *Job) { j.Scoring.K = 4 },
		"seed":    func(j *Job) { j.Prompts.Seed = 3 },
		"bins":    func(j *Job) { j.Prompts.Bins = "symmetric" },
	} {
		other := j
		change(&other)
		_, err := Run(context.Background(), other)
		if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now, _ := os.ReadFile(filepath.Join(j.Out, audit.RecordFile)); !bytes.Equal(was, now) {
		t.Error("a refused run changed the record")
	}
	j.Prompts.Targets = []int{2, -2}
	ran(t, j)
	j.Scoring.K, j.AllowChanged = 4, true
	if r := ran(t, j); r.About.Scoring.K != 4 {
		t.Error("a change that is allowed was not made")
	}
}
