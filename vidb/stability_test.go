package vidb

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/internal/rig/pagetest"
	"hives/internal/rig/scripted"
)

func (w world) stabilityJob(t *testing.T, url, path string) StabilityJob {
	t.Helper()
	b := w.job(t, url, path, 8)
	j := DefaultStability()
	j.Path, j.Config, j.Votes, j.Yes = path, b.Config, b.Votes, true
	j.Texts, j.M, j.Draws, j.Keep = 40, 6, 100, filepath.Join(t.TempDir(), "scores.csv")
	return j
}

// figure is one number of one method.
func figure(t *testing.T, table *Instability, method, key string) FigureLine {
	t.Helper()
	for _, m := range table.Methods {
		for _, f := range m.Figures {
			if m.Method == method && f.Key == key {
				if f.Value == nil {
					t.Fatalf("%s of %s is undefined", key, method)
				}
				return f
			}
		}
	}
	t.Fatalf("no %s of %s", key, method)
	return FigureLine{}
}

// Judges that order texts alike and rate on scales of their own: orders are stabler by every figure, and the interval
// of the difference says so. Control: judges on one scale, with little noise, rate as stably as they rank.
func TestRankingsAreStablerWhereScalesDiffer(t *testing.T) {
	w := newWorld(31, 60, 4)
	s := scripted.New(t, w.Answer)
	measure := func(offset, slope func(j int) float64) *Instability {
		for j := range 4 {
			w.Judge[fmt.Sprint("m", j)] = scripted.Character{Beta: 3, Offset: offset(j), Slope: slope(j)}
		}
		table, err := Stability(context.Background(), w.stabilityJob(t, s.URL, w.pool(t)))
		must(t, err)
		return table
	}
	apart := measure(func(j int) float64 { return float64(4*j - 6) }, func(j int) float64 {
		return []float64{1, 2, .2, 3}[j]
	})
	for _, key := range []string{"mean_variance", "sign_flips", "variance_share"} {
		rating, ranking := figure(t, apart, MethodRating, key), figure(t, apart, MethodRanking, key)
		within := *ranking.Lo <= *ranking.Value && *ranking.Value <= *ranking.Hi
		if *ranking.Value >= *rating.Value || *ranking.To >= 0 || !within {
			t.Errorf("%s: ranking %+v, rating %+v", key, ranking, rating)
		}
	}
	for _, key := range []string{"spearman", "kendall_w", "ranking_accuracy"} {
		if f := figure(t, apart, MethodRanking, key); *f.Change <= 0 {
			t.Errorf("%s: %+v", key, f)
		}
	}
	alike := measure(func(int) float64 { return 0 }, func(int) float64 { return 4 })
	if f := figure(t, alike, MethodRanking, "variance_share"); *f.Change < -.05 {
		t.Errorf("control: judges of one scale: rankings are stabler by %v", *f.Change)
	}
}

// A table is computed again from stored answers, or from the scores that were kept, without a call; unusable answers
// are scores that there are not.
func TestStabilityWithoutACall(t *testing.T) {
	w := newWorld(32, 40, 3)
	w.Judge["m1"] = scripted.Character{Beta: 1, Slope: 3, Spoilt: .3}
	s := scripted.New(t, w.Answer)
	j := w.stabilityJob(t, s.URL, w.pool(t))
	first, err := Stability(context.Background(), j)
	must(t, err)
	calls := len(s.Calls())
	j.Yes = false
	again, err := Stability(context.Background(), j)
	must(t, err)
	kept, err := Stability(context.Background(), StabilityJob{Scores: j.Keep, Draws: j.Draws})
	must(t, err)
	if asJSON(again) != asJSON(first) || asJSON(kept) != asJSON(first) || len(s.Calls()) != calls {
		t.Errorf("%d calls, then %d\n%s\n%s\n%s", calls, len(s.Calls()), asJSON(first), asJSON(again), asJSON(kept))
	}
	if m := first.Methods[0]; m.Method != MethodRating || m.Asked != 3*2*40 || m.Scored >= m.Asked {
		t.Errorf("%+v", m)
	}
	dir := t.TempDir()
	must(t, first.WritePage(filepath.Join(dir, "t.html")))
	page, err := os.ReadFile(filepath.Join(dir, "t.html"))
	must(t, err)
	pagetest.Check(t, string(page))
	must(t, first.WriteCSV(filepath.Join(dir, "t.csv")))
	table, err := os.ReadFile(filepath.Join(dir, "t.csv"))
	must(t, err)
	if want := cell(figure(t, first, MethodRanking, "kendall_w").Value); !strings.Contains(string(table), want) {
		t.Errorf("the table lacks %s:\n%s", want, table)
	}
}

func TestRatingsAreRead(t *testing.T) {
	for answer, want := range map[string]string{
		`{"rating": 7}`: "7", `{"rating": -10}`: "-10", `{'rating': 0}`: "0", "```json\n{\"rating\": 3}\n```": "3",
		`{"rating": "4"}`: "4", `<think>{"rating": 1}</think>{"rating": 2}`: "2", `{"rating": 1} no, {"rating": 5}`: "5",
		`{"rating": 11}`: "", `{"rating": 7.5}`: "", `{"rating": null}`: "", `7`: "", `{"score": 7}`: "", `I rate it 7.`: "",
		`{"rating": [7]}`: "", `{x} {"rating": 9}`: "",
	} {
		if got, err := parseRating(answer, "{x} {\"rating\": 9}"); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", answer, got, err, want)
		}
	}
}

func TestStabilityThatIsRefused(t *testing.T) {
	w := newWorld(33, 12, 1)
	path := w.pool(t)
	head := "method,judge,prompt,item,value_id,direction,score\n"
	for _, c := range []struct {
		reason string
		change func(*StabilityJob)
		want   string
	}{
		{"neither texts nor scores", func(j *StabilityJob) { j.Path = "" }, "--vidb"},
		{"both", func(j *StabilityJob) { j.Scores = "x.csv" }, "one of them"},
		{"no votes file", func(j *StabilityJob) { j.Votes = "" }, "--db"},
		{"no prompt", func(j *StabilityJob) { j.Prompts = nil }, "--prompts"},
		{"an unknown prompt", func(j *StabilityJob) { j.Prompts = []string{"poem.v1"} }, "plain.v1"},
		{"a prompt without ratings", func(j *StabilityJob) { j.Prompts = []string{"paper.v1"} }, "paper"},
		{"no judge", func(j *StabilityJob) { j.Config.Voters = nil }, "[[voters]]"},
		{"one text", func(j *StabilityJob) { j.Texts = 1 }, "--texts"},
		{"windows of one", func(j *StabilityJob) { j.K = 1 }, "2 to 26"},
		{"one draw", func(j *StabilityJob) { j.Draws = 1 }, "--bootstrap"},
		{"nobody agreed", func(j *StabilityJob) { j.Yes = false }, "--yes"},
		{"no such direction", func(j *StabilityJob) {
			*j = StabilityJob{Scores: written(t, "a.csv", head+"rating,j,p,t,v,2,1\n")}
		}, "line 2"},
		{"a score beyond", func(j *StabilityJob) {
			*j = StabilityJob{Scores: written(t, "a.csv", head+"rating,j,p,t,v,1,11\n")}
		}, "line 2"},
		{"a score twice", func(j *StabilityJob) {
			*j = StabilityJob{Scores: written(t, "a.csv", head+"rating,j,p,t,v,1,1\nrating,j,p,t,v,1,2\n")}
		}, "two scores"},
		{"two directions", func(j *StabilityJob) {
			*j = StabilityJob{Scores: written(t, "a.csv", head+"rating,j,p,t,v,1,1\nrating,k,p,t,v,0,2\n")}
		}, "directions"},
		{"a column less", func(j *StabilityJob) {
			*j = StabilityJob{Scores: written(t, "a.csv", "method,judge,item\nx,y,z\n")}
		}, `"prompt"`},
		{"no scores", func(j *StabilityJob) { *j = StabilityJob{Scores: written(t, "a.csv", head)} }, "no scores"},
	} {
		j := w.stabilityJob(t, "http://127.0.0.1:1", path)
		c.change(&j)
		_, err := Stability(context.Background(), j)
		if kind := fault.Of(err); kind != fault.Invalid && kind != fault.NotFound || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}

// The reference table from a file of scores, as the command computes it.
func TestGoldenInstability(t *testing.T) {
	var file struct {
		Value, Direction []int
		Scores           map[string][][][]*float64
		Expected         map[string]map[string]json.RawMessage
	}
	goldentest.ReadJSON(t, &file, "g_valueflow", "instability.json")
	var rated []Rated
	for method, judges := range file.Scores {
		for j, prompts := range judges {
			for p, items := range prompts {
				for item, score := range items {
					rated = append(rated, Rated{Method: method, Judge: fmt.Sprint(j), Prompt: fmt.Sprint(p), Item: fmt.Sprint(item),
						ValueID: fmt.Sprint(file.Value[item]), Direction: file.Direction[item], Score: score})
				}
			}
		}
	}
	path := filepath.Join(t.TempDir(), "scores.csv")
	must(t, WriteRated(path, rated))
	table, err := Stability(context.Background(), StabilityJob{Scores: path, Draws: 20})
	must(t, err)
	named := map[string]string{"mean_variance": "mean_variance", "mean_range": "mean_max_range",
		"sign_flips": "sign_flip_rate", "prompt_change": "mean_prompt_change", "sign_accuracy": "sign_accuracy",
		"ranking_accuracy": "ranking_accuracy_ties_half", "variance_share": "variance_share"}
	for _, m := range table.Methods {
		want := file.Expected[m.Method]
		number := func(name string) (x float64) {
			must(t, json.Unmarshal(want[name], &x))
			return x
		}
		same := func(name string, got *float64) {
			if got == nil || math.Abs(*got-number(name)) > 1e-9*max(1, math.Abs(number(name))) {
				t.Errorf("%s of %s: %s, want %v", name, m.Method, exact(got), number(name))
			}
		}
		for key, name := range named {
			same(name, figure(t, table, m.Method, key).Value)
		}
		same("mean_variance_population", m.MeanVariancePopulation)
		same("sign_flip_rate_pairs", m.SignFlipPairs)
		same("ranking_accuracy_ties_wrong", m.RankingTiesWrong)
		same("tie_share", m.TieShare)
		same("between_item_variance", m.BetweenItems)
		var pairs []int
		must(t, json.Unmarshal(want["pairs_per_judge"], &pairs))
		if !slices.Equal(pairs, m.Pairs) || float64(m.Items) != number("items_used") {
			t.Errorf("%s: pairs %v of %d items, want %v of %v", m.Method, m.Pairs, m.Items, pairs, number("items_used"))
		}
	}
}
