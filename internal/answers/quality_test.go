package answers

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/rig/pagetest"
	"hives/internal/rig/scripted"
)

// grades plays the judge of a finished set, who finds the level in the answer's own words in a share of cases, and
// orders answers by what it found, or at random.
func grades(right float64) func(scripted.Call) scripted.Reply {
	found := func(system, answer string) float64 {
		for i, name := range levelNames() {
			if strings.Contains(answer, " at "+name+":") {
				if drawn("right", answer) < right {
					return float64(i)
				}
				return 5 * drawn("wrong", system, answer)
			}
		}
		return 0
	}
	return func(c scripted.Call) scripted.Reply {
		var shown []string
		_, list, _ := strings.Cut(c.User, " to it: ")
		_ = json.Unmarshal([]byte(strings.SplitN(list, "\n", 2)[0]), &shown)
		if !strings.Contains(c.User, `"order"`) {
			return scripted.Reply{Content: fmt.Sprintf(`{"choice": %q}`, levelNames()[int(found("", shown[1]))])}
		}
		letters := labels(len(shown) - 1)
		slices.SortStableFunc(letters, func(a, b string) int {
			x, y := found("order", shown[1+a[0]-'A']), found("order", shown[1+b[0]-'A'])
			switch {
			case x > y:
				return -1
			case x < y:
				return 1
			}
			return 0
		})
		raw, _ := json.Marshal(map[string]any{"order": letters})
		return scripted.Reply{Content: string(raw)}
	}
}

func measure(t *testing.T, j QualityJob) *Quality {
	t.Helper()
	q, err := MeasureQuality(t.Context(), j)
	must(t, err)
	return q
}

// TestQualityIsMeasured: a judge who finds all levels passes all and orders perfectly; one who finds a share passes
// that share and what chance adds; one who finds none passes a fifth, and its orders are no better than chance.
func TestQualityIsMeasured(t *testing.T) {
	in := built(t, 14, "benevolence", "power")
	for _, c := range []struct{ right, low, high float64 }{{1, 1, 1}, {.5, .5, .7}, {0, .1, .3}} {
		j := QualityJob{In: in, Config: job(scripted.New(t, grades(c.right)).URL, "", "").Config, Known: builtin, Yes: true}
		q := measure(t, j)
		t.Logf("right %v: pass %.2f [%.2f, %.2f], τ %.2f, p %.4f", c.right, q.Absolute.Rate, q.Absolute.Low, q.Absolute.High,
			q.Relative.Tau, q.Relative.P)
		if rate := float64(q.Absolute.Rate); rate < c.low || rate > c.high || q.Absolute.Answers != 140 {
			t.Errorf("right in %v: pass rate %v over %d", c.right, rate, q.Absolute.Answers)
		}
		if p := float64(q.Relative.P); (p < .01) != (c.right > 0) || q.Relative.Questions != 28 {
			t.Errorf("right in %v: p %v over %d questions", c.right, p, q.Relative.Questions)
		}
		if c.right == 1 && (q.Relative.Tau != 1 || q.Relative.Perfect != 1 || q.Relative.Below != 1) {
			t.Errorf("a perfect judge: %+v", q.Relative)
		}
		if !strings.HasPrefix(q.Gate, "judge not checked") {
			t.Errorf("gate %q without people", q.Gate)
		}
	}
	pagetest.Check(t, string(read(t, in, PageFile)))
	if !strings.Contains(string(read(t, in, PageFile)), "Does a judge find the levels again?") {
		t.Error("the page has no quality")
	}
}

// TestPeopleDoTheSame: answers are put up without their levels; what people decide is counted, the judge is held to it,
// and neither changes what the judge said.
func TestPeopleDoTheSame(t *testing.T) {
	in := built(t, 24, "benevolence")
	s := scripted.New(t, grades(1))
	j := QualityJob{In: in, Config: job(s.URL, "", "").Config, Known: builtin, Yes: true, People: 21}
	before := measure(t, j)
	calls := len(s.Calls())
	store, err := judge.Open(filepath.Join(in, VotesFile))
	must(t, err)
	queue, err := store.Queue(t.Context())
	must(t, err)
	if len(queue) != 21*6 {
		t.Fatalf("%d wait, want five levels and an order of each question", len(queue))
	}
	for i, q := range queue {
		if strings.Contains(q.Payload, `"level":`) || strings.Contains(q.Reason, "agree") {
			t.Errorf("what was asked for is told: %s %s", q.Reason, q.Payload)
		}
		d := judge.Decision{Queue: q.ID, Reviewer: "ann", Verdict: judge.VerdictValue, At: time.Unix(1, 0)}
		if strings.Contains(q.Payload, `"order"`) {
			d.Path = []string{"A", "B", "C", "D", "E"}
		} else {
			for k, name := range levelNames() { // in one of ten cases ann sees it otherwise
				if strings.Contains(q.Text, " at "+name+":") {
					d.Path = []string{fmt.Sprint((k+i%10/9)%5 - 2)}
				}
			}
		}
		_, err := store.Decide(t.Context(), d)
		must(t, err)
	}
	must(t, store.Close())
	after := measure(t, j)
	p := after.People
	if p == nil || p.Reviewers != 1 || p.Absolute.Answers != 105 || p.Relative.Questions != 21 || p.Both != 105 {
		t.Fatalf("people: %+v", p)
	}
	if rate := float64(p.Absolute.Rate); rate < .85 || rate > .95 {
		t.Errorf("people pass %v, about .9 were made so", rate)
	}
	if k := float64(p.Kappa); k < .8 || k > .95 || !strings.HasPrefix(after.Gate, "judge checked") {
		t.Errorf("κ %v, %s", k, after.Gate)
	}
	if compact(before.Absolute) != compact(after.Absolute) || len(s.Calls()) != calls {
		t.Errorf("the judge's figures changed, or it was asked again")
	}
	alone := measure(t, QualityJob{In: in, Known: builtin})
	none := alone.Absolute.Answers == 0 && !alone.Absolute.Rate.Known()
	if alone.Gate != "judge not asked" || alone.People == nil || !none {
		t.Errorf("people alone: %+v", alone)
	}
	// The negative control of the gate: a judge who finds nothing.
	j.Config = job(scripted.New(t, grades(0)).URL, "", "").Config
	if q := measure(t, j); !strings.HasPrefix(q.Gate, "judge failed its check") {
		t.Errorf("gate of a judge who finds nothing: %s", q.Gate)
	}
}

// TestKappa against the figure of a table that was reckoned by hand: of 4 pairs 3 agree, by chance 6/16 + … would.
func TestKappa(t *testing.T) {
	// a: −2 −2 0 2, b: −2 0 0 2. Agreement 3/4; by chance ½·¼ + ¼·½ + ¼·¼ = 5/16; (12−5)/(16−5).
	got := kappa([][2]Level{{-2, -2}, {-2, 0}, {0, 0}, {2, 2}})
	if want := 7. / 11; float64(got) < want-1e-12 || float64(got) > want+1e-12 {
		t.Errorf("κ %v, want %v", got, want)
	}
	if kappa(nil).Known() || kappa([][2]Level{{1, 1}, {1, 1}}).Known() {
		t.Error("a κ of nothing, or of one word")
	}
}

func TestQualityRefusals(t *testing.T) {
	in := built(t, 2, "power")
	for name, c := range map[string]struct {
		change func(*QualityJob)
		says   string
	}{
		"number":    {func(j *QualityJob) { j.Number = -1 }, "-1"},
		"a file":    {func(j *QualityJob) { j.In = filepath.Join(in, RowsFile) }, "folder"},
		"no folder": {func(j *QualityJob) { j.In = "nowhere" }, "hives vcai build"},
		"no judge":  {func(j *QualityJob) { j.Config.Voters = j.Config.Voters[1:] }, "judge"},
		"no budget": {func(j *QualityJob) { j.Yes = false }, "no budget"},
		"values": {func(j *QualityJob) {
			j.Decomposition = file(t, "d.json", `{"format": 1, "kind": "decomposition", "values": [{"value": "hedonism", `+
				`"definition": "d", "sub_values": [{"name": "n", "agrees": "a", "disagrees": "b"}]}]}`)
		}, "--decomposition"},
	} {
		j := QualityJob{In: in, Config: job("http://127.0.0.1:1/v1", "", "").Config, Known: builtin, Yes: true}
		c.change(&j)
		_, err := MeasureQuality(t.Context(), j)
		if err == nil || !strings.Contains(err.Error(), c.says) || fault.Of(err) == fault.Unavailable {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if _, err := os.Stat(filepath.Join(in, QualityFile)); err == nil {
		t.Error("figures were written")
	}
}

// TestAJudgeThatNamesNoLevel: the figures are written, and say that they stand on nothing.
func TestAJudgeThatNamesNoLevel(t *testing.T) {
	in := built(t, 2, "power")
	says := scripted.New(t, func(scripted.Call) scripted.Reply { return scripted.Reply{Content: "I would rather not."} })
	j := QualityJob{In: in, Config: job(says.URL, "", "").Config, Known: builtin, Yes: true}
	q := measure(t, j)
	err := q.Nothing()
	if err == nil || !strings.Contains(err.Error(), "none of 10") || len(read(t, in, QualityFile)) == 0 {
		t.Errorf("%d answers, %d unusable: %v", q.Absolute.Answers, q.Absolute.Unusable, err)
	}
	j.Config = job(scripted.New(t, grades(1)).URL, "", "").Config
	if err := measure(t, j).Nothing(); err != nil {
		t.Errorf("with a judge that finds levels: %v", err)
	}
}

// TestOrdersAreNeverCompleted: letters are places, each once, or nothing.
func TestOrdersAreNeverCompleted(t *testing.T) {
	for _, c := range []struct {
		said []any
		want []int
	}{
		{[]any{"B", "A", "C"}, []int{2, 1, 3}}, {[]any{"b ", "a", "C"}, []int{2, 1, 3}}, {[]any{"B", "A"}, nil},
		{[]any{"B", "B", "A"}, nil},
		{[]any{"2", "1", "3"}, nil}, {[]any{"A", "B", "C", "D"}, nil}, {nil, nil}, {[]any{1, 2, 3}, nil},
	} {
		got, err := placesOf(c.said, 3)
		if (err == nil) != (c.want != nil) || err == nil && !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v", c.said, got, err)
		}
	}
}
