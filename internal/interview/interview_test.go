package interview_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/interview"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
)

// world is a respondent and a judge of whom all is known. Every persona holds value k of the inventory to
// base + its own mood + profile[k]; the judge reads the number that the answer names, and likes the option that stands
// first by some share.
type world struct {
	profile map[string]float64 // by scale
	scale   map[string]string  // of a question
	first   float64            // share of readings in which the judge takes the first option shown
	deaf    bool               // the judge never reads the answer
	options []string
}

func drawn(words ...string) float64 {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(words, "|")))
	return float64(h.Sum64()%1_000_003) / 1_000_003
}

// answer plays both: the system message tells who is asked.
func (w *world) answer(c scripted.Call) scripted.Reply {
	if c.Model == "respondent" {
		question, _ := strconv.Unquote(strings.TrimPrefix(strings.SplitN(c.User, "\n", 2)[0], "Question: "))
		mood := 2 * drawn("mood", c.System)
		level := 2.5 + mood + w.profile[w.scale[question]] + drawn("noise", c.System, question) - .5
		return scripted.Reply{Content: fmt.Sprintf("To me that is a %d.", int(math.Round(max(1, min(6, level)))))}
	}
	_, rest, _ := strings.Cut(c.User, "Options: ")
	line, _, _ := strings.Cut(rest, "\n")
	shown := strings.Split(strings.TrimSuffix(line, "."), "; ")
	if w.deaf || drawn("first", c.User) < w.first {
		return scripted.Reply{Content: fmt.Sprintf(`{"choice": %q}`, shown[0])}
	}
	level := 0
	for k := range w.options {
		if strings.Contains(c.User, fmt.Sprintf("is a %d.", k+1)) {
			level = k
		}
	}
	return scripted.Reply{Content: fmt.Sprintf(`{"choice": %q}`, w.options[level])}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	v, err := interview.ReadInventory("")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{profile: map[string]float64{}, scale: map[string]string{}, options: v.Options}
	for _, it := range v.Items {
		w.scale[it.Text] = it.Scale
	}
	for code := range v.Scales {
		w.profile[code] = 2*drawn("profile", code) - 1
	}
	return w
}

// job is a run over a scripted server.
func job(url, out string) interview.Job {
	c := interview.Defaults()
	c.Parallel = 4
	c.Endpoints = []llm.Endpoint{{Name: "e", BaseURL: url, Parallel: 4, MaxTries: 1,
		MaxWait: cli.Duration(time.Millisecond), Timeout: cli.Duration(time.Minute)}}
	for _, name := range []string{interview.Judge, interview.Respondent} {
		c.Voters = append(c.Voters, judge.Voter{Name: name, Endpoint: "e", Model: llm.Model{Name: name}})
	}
	return interview.Job{Config: c, Personas: 8, Repeats: 1, Ties: interview.Soft, Seed: 3, Out: out, Yes: true,
		Stdout: io.Discard}
}

func run(t *testing.T, j interview.Job) *interview.Result {
	t.Helper()
	r, err := interview.Run(context.Background(), j)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// follows correlates what was found with the profile that is known.
func (w *world) follows(r *interview.Result) float64 {
	var x, y []float64
	for _, v := range r.Values {
		x, y = append(x, float64(v.Centred)), append(y, w.profile[v.Code])
	}
	mx, my, xx, yy, xy := 0., 0., 0., 0., 0.
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(y))
	}
	for i := range x {
		xx, yy, xy = xx+(x[i]-mx)*(x[i]-mx), yy+(y[i]-my)*(y[i]-my), xy+(x[i]-mx)*(y[i]-my)
	}
	return xy / math.Sqrt(xx*yy)
}

// TestAProfileIsRecovered: the profile comes out, also through a judge who likes what stands first, since both orders
// are read: what was taken for standing first is then the middle of the scale, for all values alike. The control is a
// judge who never reads: every answer is then a tie of the ends, and nothing is found.
func TestAProfileIsRecovered(t *testing.T) {
	for _, c := range []struct {
		first float64
		least float64
	}{{0, .95}, {.3, .8}} {
		w := newWorld(t)
		w.first = c.first
		j := job(scripted.New(t, w.answer).URL, t.TempDir())
		j.Personas = 12
		r := run(t, j)
		if got := w.follows(r); !(got > c.least) {
			t.Errorf("a judge who likes the first option in %.0f %%: the profile is followed by %.2f", 100*c.first, got)
		}
		if r.Unusable != 0 || r.Kept == 0 {
			t.Errorf("%d unusable, %d count", r.Unusable, r.Kept)
		}
	}
	w := newWorld(t)
	w.deaf = true
	r := run(t, job(scripted.New(t, w.answer).URL, t.TempDir()))
	if r.Kept != 0 || r.Dropped["same_answer"] != r.Personas {
		t.Errorf("a judge who does not read: %d count, left out %v", r.Kept, r.Dropped)
	}
}

// TestGoesOnWithTheSameBytes stops a run at its calls and compares what it leaves with an unbroken run's. No call is
// made twice but those under way.
func TestGoesOnWithTheSameBytes(t *testing.T) {
	w := newWorld(t)
	whole, broken := t.TempDir(), t.TempDir()
	j := job(scripted.New(t, w.answer).URL, whole)
	j.Personas = 4
	run(t, j)
	var calls, most atomic.Int64
	var stop atomic.Value
	server := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if calls.Add(1) == most.Load() {
			stop.Load().(context.CancelFunc)()
		}
		return w.answer(c)
	})
	j = job(server.URL, broken)
	j.Personas = 4
	for _, at := range []int64{30, 200, 450} {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		stop.Store(cancel)
		most.Store(at)
		if _, err := interview.Run(ctx, j); err == nil {
			t.Fatalf("not stopped at call %d", at)
		}
	}
	most.Store(0)
	run(t, j)
	for _, name := range []string{interview.ScoresFile, interview.PersonasFile, interview.AnswersFile,
		interview.MatricesFile,
		interview.InventoryFile} {
		a, _ := os.ReadFile(filepath.Join(whole, name))
		b, err := os.ReadFile(filepath.Join(broken, name))
		// The addresses of two servers are two runs: the id differs and nothing else may.
		if err != nil || !bytes.Equal(withoutRun(a), withoutRun(b)) {
			t.Errorf("%s differs after stops: %v", name, err)
		}
	}
	// Four personas answer 57 questions and are read twice; an empty answer to each question is read twice as well.
	if all := int64(4*57*3 + 57*2); calls.Load() > all+3*8 {
		t.Errorf("%d calls for %d questions", calls.Load(), all)
	}
}

func withoutRun(raw []byte) []byte {
	var all map[string]any
	if json.Unmarshal(raw, &all) != nil {
		return raw
	}
	delete(all, "run")
	out, _ := json.Marshal(all)
	return out
}

// TestUnusableAnswersAreCounted: an empty answer and a reading without an option are missing, not the middle.
func TestUnusableAnswersAreCounted(t *testing.T) {
	w := newWorld(t)
	server := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if c.Model == "respondent" && drawn("empty", c.System, c.User) < .1 {
			return scripted.Reply{Content: "  "}
		}
		if c.Model == "judge" && drawn("lost", c.User) < .05 {
			return scripted.Reply{Content: "I cannot say."}
		}
		return w.answer(c)
	})
	j := job(server.URL, t.TempDir())
	j.Config.Attempts = 1
	r := run(t, j)
	if share := float64(r.Unusable) / float64(r.Answers); share < .12 || share > .28 {
		t.Errorf("%.2f of the answers are unusable, about .19 were made so", share)
	}
	sum := 0
	for _, v := range r.Values {
		sum += v.Unusable
	}
	if sum != r.Unusable {
		t.Errorf("%d unusable by value, %d in all", sum, r.Unusable)
	}
}

func TestRefusals(t *testing.T) {
	bad := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inventory := `{"format": 1, "kind": "inventory", "name": "n", "options": ["no", "yes"], ` +
		`"scales": {"A": {"name": "a", "about": "a"}}, "items": [%s]}`
	items := func(list string) func(*interview.Job) {
		return func(j *interview.Job) { j.Items = bad("i.json", fmt.Sprintf(inventory, list)) }
	}
	one := `{"id": "x", "scale": "A", "text": "t"}`
	for name, c := range map[string]struct {
		change func(*interview.Job)
		says   string
	}{
		"personas":   {func(j *interview.Job) { j.Personas = 100_000 }, "different ones"},
		"no persona": {func(j *interview.Job) { j.Personas = 0 }, "0 personas"},
		"one voter":  {func(j *interview.Job) { j.Config.Voters = j.Config.Voters[:1] }, "two [[voters]]"},
		"same model": {func(j *interview.Job) { j.Config.Voters[0].Model.Name = interview.Respondent }, "--self-judge"},
		"no budget":  {func(j *interview.Job) { j.Yes = false }, "no budget"},
		"repeats":    {func(j *interview.Job) { j.Repeats = 0 }, "--repeats 0"},
		"many":       {func(j *interview.Job) { j.Repeats = 1_000_000 }, "1 to 1000"},
		"ties":       {func(j *interview.Job) { j.Ties = "first" }, "soft, lowest, middle"},
		"gate":       {func(j *interview.Job) { j.Gate = bad("g.jsonl", `{"item": "x", "text": "t", "option": 1}`) }, `"x"`},
		"gate option": {func(j *interview.Job) {
			j.Gate = bad("g.jsonl", `{"item": "sdt-1", "text": "t", "option": 7}`)
		}, "option 7"},
		"no file": {func(j *interview.Job) { j.Items = "nowhere.json" }, "nowhere.json"},
		"scale": {func(j *interview.Job) {
			j.Items = bad("i.json", fmt.Sprintf(inventory, `{"id": "x", "scale": "B", "text": "t"}`))
		}, `"B"`},
		"twice":       {items(one + "," + one), "twice"},
		"unknown key": {func(j *interview.Job) { j.Items = bad("i.json", `{"format": 1, "scoring": "mean"}`) }, "scoring"},
		"slots":       {func(j *interview.Job) { j.Slots = bad("s.json", `{"format": 1, "kind": "personas"}`) }, "age"},
	} {
		t.Run(name, func(t *testing.T) {
			j := job("http://127.0.0.1:1/v1", filepath.Join(t.TempDir(), "out"))
			c.change(&j)
			_, err := interview.Run(context.Background(), j)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if fault.Of(err) == fault.Unavailable {
				t.Errorf("somebody was asked: %v", err)
			}
			if _, err := os.Stat(j.Out); err == nil {
				t.Error("a folder was made")
			}
		})
	}
}

// TestJudgesAreTheSamePeople: a judge is the persona of the same number, told in more words, and another seed tells
// other lives.
func TestJudgesAreTheSamePeople(t *testing.T) {
	s, err := interview.ReadSlots("")
	if err != nil {
		t.Fatal(err)
	}
	people, err := s.Draw(20, 4)
	if err != nil {
		t.Fatal(err)
	}
	judges, err := s.Judges(20, 4)
	if err != nil {
		t.Fatal(err)
	}
	lives := map[string]bool{}
	for i := range judges {
		life, told := strings.CutPrefix(judges[i].Preamble, people[i].Preamble)
		if !told || strings.Count(life, ".") != 3 || strings.Contains(life, "{") {
			t.Errorf("persona %d as a judge: %q", i+1, judges[i].Preamble)
		}
		lives[life] = true
	}
	if len(lives) < 10 {
		t.Errorf("%d lives among 20 judges of 125 possible ones", len(lives))
	}
}

// TestPersonasFit: none has an occupation that its age does not allow, all differ, and more of them begin with the
// same.
func TestPersonasFit(t *testing.T) {
	s, err := interview.ReadSlots("")
	if err != nil {
		t.Fatal(err)
	}
	few, err := s.Draw(30, 5)
	if err != nil {
		t.Fatal(err)
	}
	many, err := s.Draw(60, 5)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, p := range many {
		if i < len(few) && few[i] != p {
			t.Errorf("persona %d of 30 is another than that of 60", i+1)
		}
		if seen[p.Preamble] || strings.Contains(p.Preamble, "{") {
			t.Errorf("persona %q stands twice or has a hole", p.Preamble)
		}
		seen[p.Preamble] = true
		for _, o := range s.Slots.Occupation {
			if o.Name == p.Occupation && (p.Age < o.MinAge || p.Age > o.MaxAge) {
				t.Errorf("%+v is too young or too old for it", p)
			}
		}
	}
}

// TestAFolderOfOtherSettings: results that were got with other settings are not replaced without a word.
func TestAFolderOfOtherSettings(t *testing.T) {
	w := newWorld(t)
	j := job(scripted.New(t, w.answer).URL, t.TempDir())
	j.Personas = 2
	run(t, j)
	was, err := os.ReadFile(filepath.Join(j.Out, interview.ScoresFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*interview.Job){
		"personas": func(j *interview.Job) { j.Personas = 3 },
		"seed":     func(j *interview.Job) { j.Seed = 4 },
		"repeats":  func(j *interview.Job) { j.Repeats = 2 },
	} {
		other := j
		change(&other)
		_, err := interview.Run(context.Background(), other)
		if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now, _ := os.ReadFile(filepath.Join(j.Out, interview.ScoresFile)); !bytes.Equal(was, now) {
		t.Error("a refused run changed the scores")
	}
	j.Personas, j.AllowChanged = 3, true
	if r := run(t, j); r.Personas != 3 {
		t.Errorf("%d personas", r.Personas)
	}
}
