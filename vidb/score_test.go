package vidb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/rig/scripted"
)

// exactly is the world's texts in a database, each with its true utility.
func (w world) exactly(t *testing.T) string {
	t.Helper()
	path := w.pool(t)
	v := result(t, path)
	var theta []float64
	for _, text := range v.Texts {
		theta = append(theta, w.Theta[text.Text])
	}
	c, scores, err := intensity.Calibrate(intensity.ZScore, theta)
	must(t, err)
	v.Calibration, v.Mean, v.MaxAbs = c.Method, c.Mean, c.MaxAbs
	for i := range v.Scores {
		v.Scores[i] = Score{Theta: theta[i], SE: .3, Score: scores[i], Final: scores[i], HumanMean: math.NaN(),
			Status: Accepted}
	}
	must(t, Save(path, v))
	return path
}

// answers adds n responses of known utility to the world, as a file.
func (w world) answers(t *testing.T, seed uint64, n int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 6))
	var b strings.Builder
	for i := range n {
		text := fmt.Sprintf("I would do number %d.", i)
		w.Theta[text] = 1.6 * random.NormFloat64()
		fmt.Fprintln(&b, asJSON(map[string]any{"id": fmt.Sprint("r", i), "query": "q", "dataset": "d", "response": text}))
	}
	return written(t, "responses.jsonl", b.String())
}

func written(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// scoreJob asks the world's judges about responses.
func (w world) scoreJob(t *testing.T, url, path, in string) ScoreJob {
	t.Helper()
	b := w.job(t, url, path, 8)
	return ScoreJob{Path: path, In: in, Out: filepath.Join(t.TempDir(), "scores.jsonl"), Options: DefaultScore(),
		Config: b.Config, Votes: b.Votes, Yes: true}
}

// scored reads lines back.
func scored(t *testing.T, path string) (rows []ResponseScore) {
	t.Helper()
	raw, err := os.ReadFile(path)
	must(t, err)
	for _, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n")) {
		var r ResponseScore
		must(t, json.Unmarshal(line, &r))
		rows = append(rows, r)
	}
	return rows
}

// fairness is how far scores lie from the truth.
type fairness struct{ meanError, rmse, coverage float64 }

func (w world) fairness(t *testing.T, path string, rows []ResponseScore) (out fairness) {
	t.Helper()
	c, err := result(t, path).Map()
	must(t, err)
	text := func(r ResponseScore) string { return "I would do number " + r.ID[1:] + "." }
	n := float64(len(rows))
	for _, r := range rows {
		want := c.Score(w.Theta[text(r)])
		miss := *r.Score - want
		out.meanError, out.rmse = out.meanError+miss/n, out.rmse+miss*miss/n
		if *r.Lo <= want && want <= *r.Hi || math.Abs(want) > intensity.Limit {
			out.coverage += 1 / n
		}
	}
	out.rmse = math.Sqrt(out.rmse)
	return out
}

// responseFirst is the authors' layout: the response first in every window, anchors behind it, the lowest first.
func responseFirst(s *scoring) {
	for _, shown := range s.shown {
		slices.SortFunc(shown, func(a, b int) int {
			if s.isResponse(a) || !s.isResponse(b) && s.final[a] < s.final[b] {
				return -1
			}
			return 1
		})
	}
}

// laidOut scores with windows that are rearranged before they are asked.
func laidOut(t *testing.T, j ScoreJob, layout func(*scoring)) []ScoreSummary {
	t.Helper()
	ctx := context.Background()
	cfg, err := j.Config.Complete()
	must(t, err)
	responses, _, err := ReadResponses(j.In)
	must(t, err)
	work, err := j.prepare(responses)
	must(t, err)
	layout(work[0])
	store, err := judge.Open(j.Votes)
	must(t, err)
	defer store.Close()
	run, err := named(KindRun, cfg.Config)
	must(t, err)
	asked, err := judge.New(ctx, cfg.Config, run, store)
	must(t, err)
	rows, out, err := scoreAll(ctx, newJury(asked, cfg.Config, nil), work)
	must(t, err)
	must(t, WriteScores(j.Out, slices.Concat(rows...)))
	return out
}

// The whole way from a file of responses to scores: they are the truth's, within what the intervals say, whether the
// judge likes places or not. Controls: with the response first in every window the same judge adds more than a unit;
// texts dealt out anew have nothing to do with the scores.
func TestResponsesAreScoredWhereTheyStand(t *testing.T) {
	const n = 450
	w := newWorld(21, 400, 0)
	w.Judge["m0"] = scripted.Character{Beta: 1}
	path, in := w.exactly(t), w.answers(t, 1, n)
	s := scripted.New(t, w.Answer)
	measure := func(who scripted.Character, layout func(*scoring)) (fairness, ScoreSummary) {
		w.Judge["m0"] = who
		j := w.scoreJob(t, s.URL, path, in)
		summary := laidOut(t, j, layout)
		rows := scored(t, j.Out)
		if len(rows) != n {
			t.Fatalf("%d rows", len(rows))
		}
		return w.fairness(t, path, rows), summary[0]
	}
	as := func(*scoring) {}
	biased := scripted.Character{Beta: 1, Places: []float64{.7, .3, 0, -.1, -.3, -.6}}
	fair, _ := measure(scripted.Character{Beta: 1}, as)
	unfair, places := measure(biased, as)
	authors, _ := measure(biased, responseFirst)
	dull, told := measure(scripted.Character{Beta: .5}, as)
	t.Logf("fair %+v, biased %+v, response first %+v, dull %+v β %.2f", fair, unfair, authors, dull, told.Beta)
	if fair.coverage < .92 || unfair.coverage < .89 || dull.coverage < .92 {
		t.Errorf("95 %% intervals hold %.3f, %.3f, %.3f of the truths", fair.coverage, unfair.coverage, dull.coverage)
	}
	if math.Abs(unfair.meanError) > .6 || unfair.rmse > 2.3 {
		t.Errorf("a biased judge: %+v", unfair)
	}
	if authors.meanError < 1.2 {
		t.Errorf("the response first in every window: mean error %.2f: the trial does not see place bias", authors.meanError)
	}
	if places.PlaceP == nil || *places.PlaceP > placeTold || math.Abs(told.Beta-.5) > .1 {
		t.Errorf("places %v P %v, β %.2f of a judge half as sharp", places.First, places.PlaceP, told.Beta)
	}
	other := w
	other.Theta = map[string]float64{}
	for i, to := range rand.New(rand.NewPCG(9, 9)).Perm(n) {
		other.Theta[fmt.Sprintf("I would do number %d.", i)] = w.Theta[fmt.Sprintf("I would do number %d.", to)]
	}
	j := w.scoreJob(t, s.URL, path, in)
	laidOut(t, j, as)
	if shuffled := other.fairness(t, path, scored(t, j.Out)); shuffled.rmse < 3 {
		t.Errorf("control: texts dealt out anew are %.2f units off", shuffled.rmse)
	}
}

// A run that is stopped anywhere and taken up again ends with the bytes of an unbroken one.
func TestStoppedScoresEndWithTheSameBytes(t *testing.T) {
	w := newWorld(22, 60, 2)
	w.Judge["m1"] = scripted.Character{Beta: 1, Spoilt: .15}
	path, in := w.exactly(t), w.answers(t, 2, 20)
	stop := 0
	ctx, cancel := context.WithCancel(context.Background())
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if c.N == stop {
			cancel()
		}
		return w.Answer(c)
	})
	run := func(out string, stops []int) ([]byte, int) {
		before := len(s.Calls())
		j := w.scoreJob(t, s.URL, path, in)
		j.Out = filepath.Join(t.TempDir(), out)
		for _, at := range append(stops, 0) {
			ctx, cancel = context.WithCancel(context.Background())
			if stop = at; stop > 0 {
				stop += len(s.Calls())
			}
			_, err := ScoreResponses(ctx, j)
			cancel()
			if at == 0 {
				must(t, err)
			} else if err != nil && fault.Of(err) != fault.Canceled {
				t.Fatalf("stopped at call %d: %v", at, err)
			}
		}
		raw, err := os.ReadFile(j.Out)
		must(t, err)
		return raw, len(s.Calls()) - before
	}
	for _, out := range []string{"s.jsonl", "s.csv", "s.parquet"} {
		whole, calls := run(out, nil)
		random := rand.New(rand.NewPCG(5, 5))
		var stops []int
		for range 20 {
			stops = append(stops, 1+random.IntN(max(1, calls/20)))
		}
		again, more := run(out, stops)
		if !bytes.Equal(whole, again) {
			t.Errorf("%s: other bytes after 20 stops", out)
		}
		if more > calls+20*8*2 { // eight under way, each perhaps at its second attempt
			t.Errorf("%s: %d calls with 20 stops, %d without", out, more, calls)
		}
	}
}

// A score is its response's alone: others in the file, another judge, or their order change nothing of it but the
// judge's sharpness, which is left out here. Responses of one pair meet the same anchors at the same places.
func TestAScoreDependsOnItsResponseAlone(t *testing.T) {
	w := newWorld(23, 80, 2)
	path, in := w.exactly(t), w.answers(t, 3, 12)
	s := scripted.New(t, w.Answer)
	run := func(in string, change func(*ScoreJob)) map[string]ResponseScore {
		j := w.scoreJob(t, s.URL, path, in)
		j.Options.Scale = ScaleOne
		change(&j)
		_, err := ScoreResponses(context.Background(), j)
		must(t, err)
		out := map[string]ResponseScore{}
		for _, r := range scored(t, j.Out) {
			out[r.ID+" "+r.Judge] = r
		}
		return out
	}
	all := run(in, func(*ScoreJob) {})
	raw, err := os.ReadFile(in)
	must(t, err)
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	slices.Reverse(lines)
	few := run(written(t, "few.jsonl", strings.Join(lines[3:7], "\n")), func(j *ScoreJob) {
		j.Config.Voters = j.Config.Voters[1:]
	})
	if len(few) != 4 {
		t.Fatalf("%d rows", len(few))
	}
	for id, got := range few {
		if !reflect.DeepEqual(got, all[id]) {
			t.Errorf("%s: %+v beside others, %+v alone", id, all[id], got)
		}
	}
	for id, got := range run(in, func(j *ScoreJob) { j.Options.Seed = 1 }) {
		if reflect.DeepEqual(got.Anchors, all[id].Anchors) {
			t.Errorf("%s: another seed draws the same anchors", id)
		}
	}
	pair := written(t, "pair.jsonl", `{"id":"a","pair":"q","response":"I would do number 1."}
{"id":"b","pair":"q","response":"I would do number 2."}
{"id":"c","response":"I would do number 3."}`)
	rows := run(pair, func(*ScoreJob) {})
	a, b, c := rows["a j0"], rows["b j0"], rows["c j0"]
	if !reflect.DeepEqual(a.Anchors, b.Anchors) || !slices.Equal(a.Places, b.Places) || reflect.DeepEqual(a.Anchors,
		c.Anchors) {
		t.Errorf("pairs: %v %v, and another response %v", a.Anchors, b.Anchors, c.Anchors)
	}
}

// The three panels: who stands beside a response. Its own text and its group never do.
func TestPanelsOfResponses(t *testing.T) {
	w := newWorld(24, 80, 1)
	path := w.exactly(t)
	v := result(t, path)
	in := []Response{{ID: "a", Text: "I would do number 1."}, {ID: "b", Text: "I would do number 2."},
		{ID: "own", Text: v.Texts[3].Text}, {ID: "group", Text: "I would do number 3.", Group: v.Texts[4].Group}}
	for _, panel := range []string{PanelBucketed, PanelFixed, PanelRandom} {
		o := DefaultScore()
		o.Panel = panel
		s, err := newScoring(v, o, in)
		must(t, err)
		beside := map[int][]int{}
		places := map[int]map[int]bool{}
		for at, shown := range s.shown {
			owner := s.owner[at]
			place := slices.Index(shown, len(v.Texts)+owner)
			if places[owner] == nil {
				places[owner] = map[int]bool{}
			}
			places[owner][place] = true
			anchors := slices.Delete(slices.Clone(shown), place, place+1)
			if len(anchors) != 5 || len(slices.Compact(slices.Sorted(slices.Values(anchors)))) != 5 {
				t.Errorf("%s: window %v", panel, shown)
			}
			beside[owner] = append(beside[owner], anchors...)
		}
		for owner := range in {
			if len(places[owner]) != o.M {
				t.Errorf("%s: response %d stands at %d places", panel, owner, len(places[owner]))
			}
			slices.Sort(beside[owner])
		}
		if slices.Contains(beside[2], 3) || slices.Contains(beside[3], 4) {
			t.Errorf("%s: a response stands beside its own text or group", panel)
		}
		if same := slices.Equal(beside[0], beside[1]); same != (panel == PanelFixed) {
			t.Errorf("%s: the same anchors for two responses: %v", panel, same)
		}
	}
}

// What has no number is null, whatever the reason.
func TestStatusesOfResponses(t *testing.T) {
	w := newWorld(25, 60, 1)
	w.Judge["m0"] = scripted.Character{Beta: 1, Firm: true}
	w.Theta["the best"], w.Theta["the worst"], w.Theta["so so"] = 50, -50, 0
	path := w.exactly(t)
	in := written(t, "r.csv", "id,response,refused\n1,the best,false\n2,the worst,true\n3,  ,\n4,so so,\n5,spoilt,\n")
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if strings.Contains(c.User, `"spoilt"`) {
			return scripted.Reply{Content: "I would rather not."}
		}
		return w.Answer(c)
	})
	j := w.scoreJob(t, s.URL, path, in)
	summary, err := ScoreResponses(context.Background(), j)
	must(t, err)
	rows := scored(t, j.Out)
	var got []string
	for _, r := range rows {
		got = append(got, strings.TrimSpace(fmt.Sprintln(r.Status, r.Score == nil, r.SE == nil, r.WindowsAsked, r.WindowsUsed,
			r.Refused)))
	}
	want := []string{"above false true 3 3 false", "below false true 3 3 true", "empty true true 0 0 false",
		"ok false false 3 3 false", "unranked true true 3 0 false"}
	if !slices.Equal(got, want) {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	f := summary[0]
	if f.Scored != 3 || f.Refused != 1 || f.Status[intensity.Unranked] != 1 || f.Used != 9 || f.Asked != 12 {
		t.Errorf("summary %+v", f)
	}
	if r := rows[4].Ranks; !slices.Equal(r, []int{-1, -1, -1}) {
		t.Errorf("ranks of unusable answers: %v", r)
	}
}
