package stats

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hives/data"
	"hives/data/theories"
	"hives/internal/rig/pagetest"
)

func rows() []data.Row {
	row := func(id, group, corpus, theory, l1, l2 string, direction int32, source string) data.Row {
		return data.Row{Text: "the text " + id, TextID: id, Group: group, Corpus: corpus, Theory: theory,
			Level1: l1, Level2: l2, Direction: direction, DirectionSource: source}
	}
	return []data.Row{
		row("t1", "g1", "c1", "mft", "care/harm", "caring", 1, data.SourceAnnotated),
		row("t1", "g1", "c1", "mft", "care/harm", "", -1, data.SourceJudgement),
		row("t2", "g1", "c1", "mft", "care/harm", "caring", 0, data.SourceJudgement),
		row("t3", "g2", "c<2>", "duty", "fidelity", "", 0, data.SourceNone),
	}
}

func TestDescribe(t *testing.T) {
	lengths := map[string]int{"the text t1": 3, "the text t2": 5, "the text t3": 40}
	got, err := Describe(rows(), theories.Builtin(), func(text string) (int, error) { return lengths[text], nil })
	if err != nil {
		t.Fatal(err)
	}
	want := &Stats{
		Rows: 4, Texts: 3, Groups: 2, Components: 2, Largest: 3,
		ByCorpus: []Count{{"c1", 3}, {"c<2>", 1}},
		ByTheory: []Count{{"mft", 3}, {"duty", 1}},
		ByDirection: []Cross{
			{"c1", "mft", 1, "annotated", 1}, {"c1", "mft", 0, "judgement", 1}, {"c1", "mft", -1, "judgement", 1},
			{"c<2>", "duty", 0, "none", 1},
		},
		ByValue: []Cell{
			{ID: "mft/care-harm", Level: 1, Rows: 3, Ends: 1, Supports: 1, Opposes: 1, Zero: 1},
			{ID: "mft/care-harm/caring", Level: 2, Rows: 2, Ends: 2, Supports: 1, Zero: 1},
			{ID: "duty/fidelity", Level: 1, Rows: 1, Ends: 1, Unjudged: 1},
		},
		LabelsPerText: []Count{{"1", 2}, {"2", 1}}, MeanLabels: 4. / 3,
		Tokens: &Lengths{N: 3, Mean: 16, Median: 5, P95: 40, Max: 40,
			Histogram: []Count{{"≤ 4", 1}, {"≤ 8", 1}, {"≤ 16", 0}, {"≤ 32", 0}, {"≤ 64", 1}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := Describe(rows(), theories.Builtin(), func(string) (int, error) {
		return 0, errors.New("broken")
	}); err == nil ||
		strings.Contains(err.Error(), "the text") {
		t.Errorf("a tokenizer that fails: %v", err)
	}
}

// Quantiles by their definition: the smallest length with at least that share of texts at or below it.
func TestQuantiles(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.SliceOfN(rapid.IntRange(1, 50), 1, 60).Draw(r, "lengths")
		quantile := func(percent int) int {
			for x := 0; ; x++ {
				atMost := 0
				for _, l := range n {
					if l <= x {
						atMost++
					}
				}
				if 100*atMost >= percent*len(n) {
					return x
				}
			}
		}
		l := describe(slices.Clone(n))
		if l.Median != quantile(50) || l.P95 != quantile(95) || l.Max != quantile(100) {
			r.Fatalf("%+v, want %d, %d, %d", l, quantile(50), quantile(95), quantile(100))
		}
		in := 0
		for _, bin := range l.Histogram {
			in += bin.N
		}
		if in != len(n) {
			r.Fatalf("%d of %d lengths in the bins", in, len(n))
		}
	})
}

// Names of corpora come from files: they must not become markup.
func TestPageIsSelfContained(t *testing.T) {
	s, err := Describe(rows(), theories.Builtin(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := s.WritePage(&page, `<script>`); err != nil {
		t.Fatal(err)
	}
	html := page.String()
	if n := strings.Count(html, "<svg"); n != 6 {
		t.Errorf("%d pictures, want 6: no level 3 and no tokens here", n)
	}
	pagetest.Check(t, html)
	for _, bad := range []string{"<script", "c<2>", "<?xml"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestNoRows(t *testing.T) {
	s, err := Describe(nil, theories.Builtin(), func(string) (int, error) { return 1, nil })
	if err != nil || s.Rows != 0 || s.MeanLabels != 0 || s.Tokens.N != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if err := s.WritePage(&bytes.Buffer{}, "none"); err != nil {
		t.Error(err)
	}
}

// The union-find over hashed names finds the components that a split keeps together.
func TestComponentsAreThoseOfTheSplit(t *testing.T) {
	name := rapid.StringMatching(`[a-e][a-c]`)
	rapid.Check(t, func(r *rapid.T) {
		rows := make([]data.Row, rapid.IntRange(0, 25).Draw(r, "rows"))
		for i := range rows {
			rows[i] = data.Row{TextID: name.Draw(r, "text"), Group: name.Draw(r, "group")}
		}
		got, err := Describe(rows, theories.Builtin(), nil)
		largest := 0
		sizes := data.ComponentSizes(rows)
		for _, n := range sizes {
			largest = max(largest, n)
		}
		if err != nil || got.Components != len(sizes) || got.Largest != largest {
			r.Fatalf("%d components, largest %d, want %d, %d: %v", got.Components, got.Largest, len(sizes), largest, err)
		}
	})
}
