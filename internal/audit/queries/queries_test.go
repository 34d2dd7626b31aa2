package queries

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/kmeans"
)

// Our own queries are four for each of the 32 values, all different, none of which names its value.
func TestOwnQueriesAreEven(t *testing.T) {
	list, err := theories.Builtin().List(theories.ListOptions{Targets: true})
	if err != nil {
		t.Fatal(err)
	}
	of, seen := map[string]int{}, map[string]bool{}
	for _, o := range readOwn() {
		of[o.Value]++
		if seen[o.Query] || seen[o.ID] {
			t.Errorf("%s stands twice", o.ID)
		}
		seen[o.Query], seen[o.ID] = true, true
		name := o.Value[strings.LastIndexByte(o.Value, '/')+1:]
		if strings.Contains(strings.ToLower(o.Query), strings.ReplaceAll(name, "-", " ")) {
			t.Errorf("%s names its value: %s", o.ID, o.Query)
		}
	}
	for _, v := range list.Targets {
		if of[v.ValueIDs[0]] != 4 {
			t.Errorf("%s has %d queries", v.ValueIDs[0], of[v.ValueIDs[0]])
		}
	}
	if len(of) != len(list.Targets) || len(Builtin()) < 100 {
		t.Errorf("%d values, %d queries", len(of), len(Builtin()))
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every published form gives its queries, each once.
func TestPublishedForms(t *testing.T) {
	for _, c := range []struct{ source, file, content, want string }{
		{GPV, "gpv.csv", "query\n\"What, now?\"\nWhy?\n\"What, now?\"\n", "What, now?|Why?"},
		{ValueBench, "value_orientation.csv",
			"questionnaire,item,value,agreement,question\nX,I do.,V,1,Should I?\n", "Should I?"},
		{OpinionQA, "qa.json", `[{"question": "Question: How often?\nOptions: A. Never\nB. Always\nAnswer:",
			"attribute": "SEX_Male"}, {"question": "Question: How often?\nOptions: A. x\nAnswer:"}]`, "How often?"},
		{OpinionQA, "info.csv", "key,question,references\nk,How many?,\"['A']\"\n", "How many?"},
		{MoralStories, "full.jsonl", `{"ID": "1", "norm": "Be kind.", "situation": "Jo is late. ",
			"intention": "Jo wants in.", "moral_action": "x"}`, "Jo is late. Jo wants in." + asPerson},
		{MoralStories, "short.jsonl", `{"ID": "11", "norm": "Be kind.", "moral_action": "x", "label": "1"}` + "\n" +
			`{"ID": "10", "norm": "Be kind.", "immoral_action": "y", "label": "0"}`, "Be kind." + aboutNorm},
		{MoralChoice, "high.csv", "scenario_id,context,action1\nH,You see a thief.,I run.\n",
			"You see a thief." + inSituation},
		{"mine", "mine.tsv", "id\tquery\n1\tWho?\n2\t\n", "Who?"},
	} {
		s := Source{c.source, []string{write(t, c.file, strings.ReplaceAll(c.content, ",\n\t\t\t", ", "))}}
		texts, err := s.Texts()
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		var got []string
		for _, one := range texts {
			got = append(got, one.words)
		}
		slices.Sort(got)
		if strings.Join(got, "|") != c.want {
			t.Errorf("%s: %q, want %q", c.source, got, c.want)
		}
	}
}

// circle embeds texts of the form "angle 90" as points of the unit circle.
type circle struct{}

func (circle) Encode(_ context.Context, in []encoder.Input) (out [][]float32, id encoder.Identity, err error) {
	for _, one := range in {
		var degrees float64
		fmt.Sscanf(one.Text, "angle %f", &degrees) //nolint:errcheck // the test's own texts
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		out = append(out, []float32{float32(cos), float32(sin)})
	}
	return out, id, nil
}

// Of three groups around 0, 120 and 240 degrees the middle one of each is chosen, with the group's size. The twin goes
// through all members by hand. The order of lines, and a text that stands twice, change nothing.
func TestTheMiddleOfEachGroupIsChosen(t *testing.T) {
	var lines []string
	for _, centre := range []int{0, 120, 240} {
		for _, off := range []float64{-9, -5, .5, 4, 8} {
			lines = append(lines, fmt.Sprintf("angle %g", float64(centre)+off))
		}
	}
	choose := func(lines []string) (out []string) {
		s := Source{"c", []string{write(t, "c.csv", "query\n"+strings.Join(lines, "\n")+"\n")}}
		chosen, err := Choose(context.Background(), s, 3, 7, circle{})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range chosen {
			out = append(out, fmt.Sprint(q.Text, " ", q.Size))
		}
		slices.Sort(out)
		return out
	}
	want := []string{"angle 0.5 5", "angle 120.5 5", "angle 240.5 5"}
	if diff := cmp.Diff(want, choose(lines)); diff != "" {
		t.Error(diff)
	}
	slices.Reverse(lines)
	if diff := cmp.Diff(want, choose(append(lines, lines[0]))); diff != "" {
		t.Error(diff)
	}
	texts := []text{{"a", "x"}, {"b", "y"}, {"c", "z"}}
	tie := &kmeans.Result{Label: []int32{0, 0, 0}, Score: []float64{.5, .5, .4}}
	if got := (Source{Name: "s"}).nearest(texts, tie, 2); len(got) != 1 || got[0].ID != "a" || got[0].Size != 3 {
		t.Errorf("of a tie %+v", got)
	}
}

// A source of at most as many texts as are wanted is taken whole, without an encoder; a larger one without is refused.
func TestSmallSourcesAreTakenWhole(t *testing.T) {
	s := Source{Name: Own}
	all, err := Choose(context.Background(), s, 128, 0, nil)
	if err != nil || len(all) != 128 {
		t.Fatalf("%d queries, %v", len(all), err)
	}
	if _, err := Choose(context.Background(), s, 100, 0, nil); fault.Of(err) != fault.Invalid {
		t.Errorf("without an encoder: %v", err)
	}
	path := filepath.Join(t.TempDir(), "q.jsonl")
	if err := Write(path, all); err != nil {
		t.Fatal(err)
	}
	again, err := Read(path)
	if diff := cmp.Diff(all, again); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if own, err := Read(""); err != nil || len(own) != 128 {
		t.Errorf("%d, %v", len(own), err)
	}
}

// What is no collection of queries is refused with the file and the place.
func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ source, file, content string }{
		"no column":      {GPV, "a.csv", "text\nWhy?\n"},
		"no key":         {MoralStories, "a.jsonl", `{"moral_action": "x"}`},
		"half a story":   {MoralStories, "a.jsonl", `{"situation": "x"}`},
		"another source": {"mine", "a.jsonl", `{"norm": "x"}`},
		"no JSON":        {GPV, "a.jsonl", "Why?\n"},
		"no list":        {OpinionQA, "a.json", `{"question": "x"}`},
		"empty":          {GPV, "a.csv", "query\n\n"},
		"ragged":         {GPV, "a.csv", "id,query\n1\n"},
		"no text":        {GPV, "a.jsonl", `{"query": "a\u0000b"}`},
		"other kind":     {GPV, "a.txt", "Why?"},
	} {
		path := write(t, c.file, c.content)
		_, err := (Source{c.source, []string{path}}).Texts()
		if err == nil || !strings.Contains(err.Error(), path) && name != "empty" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"", "gpv", "own=x.csv", "a b=x.csv", "x=", "x=a.csv,"} {
		if _, err := ParseSource(bad); fault.Of(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	line := `{"id": "a", "source": "s", "query": "Why?", "cluster": 0, "size": 1}` + "\n"
	for name, content := range map[string]string{"twice": line + line, "a key more": `{"id": "a", "quary": "x"}`,
		"no id": `{"source": "s", "query": "x"}`, "nothing": "\n"} {
		path := write(t, "q.jsonl", content)
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read("q.parquet"); fault.Of(err) != fault.Invalid {
		t.Error(err)
	}
}
