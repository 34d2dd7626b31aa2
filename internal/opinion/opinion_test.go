package opinion

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data/survey"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/pagetest"
	"hives/internal/rig/scripted"
	"hives/internal/rig/scriptedlm"
	"hives/vidb"
)

// The whole way: groups' leans, which dice gave, come out of statements, judges and vectors; a respondent who reads the
// profiles gains by them, and by shuffled ones it does not.
func TestLeansAreFoundAndHelp(t *testing.T) {
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	dir := t.TempDir()
	p, err := w.build(s.URL, dir).Run(context.Background())
	must(t, err)
	var x, y []float64
	effects, right := 0, 0
	for _, g := range p.Groups {
		for v, f := range g.Values {
			lean := w.Leans[g.Attribute()][slices.Index(w.Values, p.Values[v].ID)]
			x, y = append(x, float64(f.Apart)), append(y, lean)
			if f.Effect {
				if effects++; float64(f.Apart)*lean >= 0 {
					right++
				}
			}
		}
	}
	other := slices.Concat(y[len(y)/2:], y[:len(y)/2])
	if r, control := correlation(x, y), correlation(x, other); r < .7 || control > .35 {
		t.Errorf("leans and profiles correlate at %.2f, those of other groups at %.2f", r, control)
	}
	if effects < 8 || float64(right) < .95*float64(effects) {
		t.Errorf("%d effects, %d of them on the right side", effects, right)
	}
	w.hears = true
	a := w.ask(s.URL, t.TempDir(), dir)
	a.Shuffled = true
	r, err := a.Run(context.Background())
	must(t, err)
	for _, page := range []string{filepath.Join(dir, PageFile), filepath.Join(a.Out, ReportFile)} {
		raw, err := os.ReadFile(page)
		must(t, err)
		pagetest.Check(t, string(raw))
		if keep := os.Getenv("HIVES_KEEP_PAGES"); keep != "" {
			must(t, os.WriteFile(filepath.Join(keep, filepath.Base(page)), raw, 0o600))
		}
	}
	t.Logf("r %.2f, %d effects, %d right; gains %+v", correlation(x, y), effects, right, r.Gains)
	gain := map[string]Share{}
	for _, g := range r.Gains {
		gain[g.Name] = g.All
	}
	if g := gain["profile − default"]; !(g.Lo > 0) {
		t.Errorf("the groups' own profiles gain %+v", g)
	}
	if g := gain["profile − shuffled"]; !(g.Lo > 0) {
		t.Errorf("over another group's: %+v", g)
	}
	for _, l := range r.Lines[:3] {
		if l.Unparsed == 0 || l.Near.Known() || len(l.Categories) != len(survey.Categories) {
			t.Errorf("line %+v", l)
		}
	}
	// A respondent who hears nothing gains nothing.
	w.hears = false
	a.Out = t.TempDir()
	if r, err = a.Run(context.Background()); err != nil || r.Gains[0].All.Lo > 0 {
		t.Errorf("one who does not listen: %+v %v", r.Gains[0], err)
	}
}

func correlation(x, y []float64) float64 {
	n := float64(len(x))
	var mx, my, xx, yy, xy float64
	for i := range x {
		mx, my = mx+x[i]/n, my+y[i]/n
	}
	for i := range x {
		xx, yy, xy = xx+(x[i]-mx)*(x[i]-mx), yy+(y[i]-my)*(y[i]-my), xy+(x[i]-mx)*(y[i]-my)
	}
	return xy / math.Sqrt(xx*yy)
}

// filesOf are all bytes of a folder but the votes file.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), VotesFile) {
			raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
			must(t, err)
			out[e.Name()] = string(raw)
		}
	}
	return out
}

// A run that is stopped anywhere goes on, asks nothing twice and ends with the same bytes; so does one in the other
// layout of the same survey.
func TestAStoppedRunEndsWithTheSameBytes(t *testing.T) {
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	whole := t.TempDir()
	_, err := w.build(s.URL, whole).Run(context.Background())
	must(t, err)
	total := w.calls.Load()
	for _, share := range []float64{.01, .1, .5, .95} {
		dir := t.TempDir()
		w.calls.Store(0)
		w.stopAt = int64(share * float64(total))
		_, err := w.build(s.URL, dir).Run(context.Background())
		if fault.ExitCode(err) != 75 {
			t.Fatalf("stopped at %d of %d: %v", w.stopAt, total, err)
		}
		if _, err := os.Stat(filepath.Join(dir, ProfilesFile)); err == nil {
			t.Error("half of a run has profiles")
		}
		w.stopAt = 0
		before := w.calls.Load()
		_, err = w.build(s.URL, dir).Run(context.Background())
		must(t, err)
		if again := w.calls.Load() - before; again > total-int64(share*float64(total))+16 {
			t.Errorf("%d calls after a stop at %.2f of %d", again, share, total)
		}
		if got, want := filesOf(t, dir), filesOf(t, whole); !maps.Equal(got, want) {
			t.Errorf("stopped at %.2f: other bytes", share)
		}
	}
	before := w.calls.Load()
	_, err = w.build(s.URL, whole).Run(context.Background())
	must(t, err)
	if w.calls.Load() != before {
		t.Errorf("a finished run asked %d times", w.calls.Load()-before)
	}
}

// So does a run of answers.
func TestStoppedAnswersGoOn(t *testing.T) {
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	dir := t.TempDir()
	_, err := w.build(s.URL, dir).Run(context.Background())
	must(t, err)
	ask := func(out string) (int64, error) {
		a := w.ask(s.URL, out, dir)
		a.Number, a.Groups = 4, []string{"sex-female", "RACE_Asian"}
		before := w.calls.Load()
		_, err := a.Run(context.Background())
		return w.calls.Load() - before, err
	}
	whole, broken := t.TempDir(), t.TempDir()
	total, err := ask(whole)
	must(t, err)
	w.stopAt = w.calls.Load() + total/2
	if _, err := ask(broken); fault.ExitCode(err) != 75 {
		t.Fatalf("stopped: %v", err)
	}
	w.stopAt = 0
	again, err := ask(broken)
	must(t, err)
	if total != 16 || again > total/2+9 || !maps.Equal(filesOf(t, broken), filesOf(t, whole)) {
		t.Errorf("%d calls, then %d, or other bytes", total, again)
	}
}

func TestStatementsThatCannotBeUsed(t *testing.T) {
	for raw, want := range map[string]string{
		`{"statements": ["a", "b"]}`: "", `Sure: {"statements": [" a ", "b",]}`: "",
		`{"statements": ["a"]}`: "1 statements of 2", `{"statements": ["a", "b", "c"]}`: "3 statements of 2",
		`{"statements": ["a", "a"]}`: "the same", `{"statements": ["a", ""]}`: "no text", "I would rather not.": "no JSON",
		`{"statements": ["Are you content?", "yes"]}`: "repeats", `{"statements": ["I am.", "No!"]}`: "repeats",
	} {
		got, err := parseStatements(raw, survey.Question{Text: "Are you content?", Options: []string{"Yes", "No"}})
		if want == "" && (err != nil || got != `{"statements":["a","b"]}`) {
			t.Errorf("%s: %s %v", raw, got, err)
		} else if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", raw, err, want)
		}
	}
	w := newWorld(t)
	w.spoil = func(q string) bool { return strings.HasPrefix(q, "A") }
	s := scripted.New(t, w.answer)
	p, err := w.build(s.URL, t.TempDir()).Run(context.Background())
	must(t, err)
	if len(p.Out) == 0 || !strings.Contains(p.Out[0].Reason, "3 statements of 4") {
		t.Errorf("out: %+v", p.Out)
	}
	for _, q := range p.Questions {
		if strings.HasPrefix(q.Text, "A") {
			t.Errorf("%s makes profiles", q.Text)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	build := func(change func(*Build)) error {
		b := w.build(s.URL, t.TempDir())
		change(&b)
		_, err := b.Run(context.Background())
		return err
	}
	for want, change := range map[string]func(*Build){
		"named writer":        func(b *Build) { b.Config.Voters = b.Config.Voters[1:] },
		"no budget":           func(b *Build) { b.Yes = false },
		"weighting":           func(b *Build) { b.Weighting = "x" },
		"--nearest -1":        func(b *Build) { b.Nearest = -1 },
		"share":               func(b *Build) { b.Share = 0 },
		"no value":            func(b *Build) { b.Values = []string{"svt/self-enhancement/power"} },
		"no such file":        func(b *Build) { b.Survey = "nowhere" },
		"raise budget.tokens": func(b *Build) { b.Config.Budget = llm.Limits{Tokens: 500} },
	} {
		if err := build(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if calls := w.calls.Load(); calls > 40 { // only the last one asks
		t.Errorf("%d calls", calls)
	}
	dir := t.TempDir()
	p, err := w.build(s.URL, dir).Run(context.Background())
	must(t, err)
	calls := w.calls.Load()
	ask := func(change func(*Profiles, *Ask)) error {
		leaked, a := *p, w.ask(s.URL, t.TempDir(), t.TempDir())
		leaked.Questions = slices.Clone(p.Questions)
		change(&leaked, &a)
		if err := leaked.write(a.Profiles); err != nil {
			t.Fatal(err)
		}
		_, err := a.Run(context.Background())
		return err
	}
	for want, change := range map[string]func(*Profiles, *Ask){
		"makes the profile and tests it": func(p *Profiles, _ *Ask) {
			p.Division.Test = append(slices.Clone(p.Division.Test), p.Division.Profile[0])
		},
		"does not say so": func(p *Profiles, _ *Ask) {
			p.Division.Test = append(slices.Clone(p.Division.Test), p.Division.Profile...)
			p.Division.Profile = []string{}
		},
		"no question of it is held out": func(p *Profiles, _ *Ask) { p.Division.Test = []string{} },
		"format 2":                      func(p *Profiles, _ *Ask) { p.Format = 2 },
		"there is no group":             func(_ *Profiles, a *Ask) { a.Groups = []string{"polparty-democrats"} },
		"one [[voters]]":                func(_ *Profiles, a *Ask) { a.Config.Voters = nil },
		"no budget":                     func(_ *Profiles, a *Ask) { a.Yes = false },
		"--rotations 0":                 func(_ *Profiles, a *Ask) { a.Rotations = 0 },
	} {
		if err := ask(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if w.calls.Load() != calls {
		t.Error("somebody was asked before a refusal")
	}
}

// A model on this machine tells the probability of each letter. One that likes the first letter whatever stands behind
// it is right by that in one order of the options, and by nothing in all four: then the letters even out.
func TestLettersByProbability(t *testing.T) {
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	dir := t.TempDir()
	_, err := w.build(s.URL, dir).Run(context.Background())
	must(t, err)
	ask := func(rotations int, likes float64) *Result {
		local := &scriptedlm.Local{ID: llm.Identity{Kind: "local", Model: fmt.Sprint("likes ", likes)},
			Weigh: func(q llm.ScoreRequest, option string) float64 {
				said := q.Messages[len(q.Messages)-1].Content
				_, options, _ := strings.Cut(said, "\nOptions: ")
				_, after, _ := strings.Cut(options, option+". ")
				total := -1.
				if strings.HasPrefix(after, "Agree a lot") || strings.HasPrefix(after, "Disagree a lot") {
					total = -.7 // what it holds: strong words
				}
				if option == "A" {
					total += likes
				}
				return total
			}}
		a := w.ask(s.URL, t.TempDir(), dir)
		a.Rotations, a.Yes, a.Number = rotations, false, 5
		a.Config = vidb.Defaults().Config
		a.Config.Opener = local.Opener
		a.Config.Voters = []judge.Voter{{Name: "r", Model: llm.Model{Name: "dir", Local: llm.Local{Provider: llm.AtHome}}}}
		r, err := a.Run(context.Background())
		must(t, err)
		if r.Questions != 5 || r.Rows != 110 || r.Lines[0].Unparsed != 0 || !r.Lines[0].Near.Known() {
			t.Errorf("%d questions, %d rows, line %+v", r.Questions, r.Rows, r.Lines[0])
		}
		return r
	}
	one, all, free := ask(1, 2).Lines[0], ask(4, 2).Lines[0], ask(1, 0).Lines[0]
	first := ask(1, 2).Lines[3]
	if first.Name != lineFirst || one.All.Mean != first.All.Mean {
		t.Errorf("who likes A is right in %v, the first option in %v (%s)", one.All.Mean, first.All.Mean, first.Name)
	}
	if all.All.Mean != free.All.Mean {
		t.Errorf("in all orders %v, without a liking %v", all.All.Mean, free.All.Mean)
	}
}

// With one value a statement only the nearest has a score, and the judges get a quarter of the calls. Of equal
// cosines the first counts.
func TestNearestValuesAlone(t *testing.T) {
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	b := w.build(s.URL, t.TempDir())
	b.Nearest = 1
	p, err := b.Run(context.Background())
	must(t, err)
	calls, statements := int(w.calls.Load()), 0
	for _, q := range p.Questions {
		for o := range q.Statements {
			statements++
			best := slices.Index(q.Similarity[o], slices.Max(q.Similarity[o]))
			for v := range p.Values {
				if q.Intensity[o][v].Known() != (v == best) {
					t.Errorf("%s, option %d, %s: intensity %v", q.Text, o, p.Values[v].ID, q.Intensity[o][v])
				}
			}
		}
	}
	if calls != len(p.Questions)+b.Score.M*statements || len(p.Notes) != 1 {
		t.Errorf("%d calls, notes %v", calls, p.Notes)
	}
	q := &Question{Similarity: [][]Number{{.1, .3, .3}}}
	if near(q, 0, 0, 2) || !near(q, 0, 1, 1) || near(q, 0, 2, 1) || !near(q, 0, 0, 0) {
		t.Error("the nearest of .1 .3 .3")
	}
}

// An estimate creates nothing and asks nobody.
func TestDryRun(t *testing.T) {
	w := newWorld(t)
	s := scripted.New(t, w.answer)
	dir := filepath.Join(t.TempDir(), "new")
	b := w.build(s.URL, dir)
	var out bytes.Buffer
	b.DryRun, b.Stdout = true, &out
	p, err := b.Run(context.Background())
	if _, stat := os.Stat(dir); err != nil || p != nil || stat == nil || w.calls.Load() > 0 {
		t.Errorf("%v %v", p, err)
	}
	if !strings.Contains(out.String(), "statements; 4 values") || !strings.Contains(out.String(), "no budget is set") {
		t.Error(out.String())
	}
}
