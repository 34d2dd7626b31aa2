package values_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"hives/data/anchors"
	"hives/data/inventory"
	"hives/internal/fault"
	"hives/values"
)

// searchable is a set with both kinds of vector and anchors.
func searchable(t *testing.T) (*values.Set, *fake) {
	t.Helper()
	enc := newFake(8)
	s := build(t, randomRows(t, 80, 4), enc, values.Options{MinSide: 1, Sides: values.Pooled})
	if err := s.AddAnchors(context.Background(), enc, []*anchors.Bank{inventory.Bank()}); err != nil {
		t.Fatal(err)
	}
	return s, enc
}

func float64s(x []float32) []float64 {
	out := make([]float64, len(x))
	for k := range x {
		out[k] = float64(x[k])
	}
	return out
}

// plainCosine compares a text with a value as docs/VALUES.md defines it.
func plainCosine(s *values.Set, text []float32, v *values.Value) float64 {
	e := float64s(text)
	if v.Kind == values.Prototype {
		for _, th := range s.Theories {
			if th.Theory == v.Theory {
				e = unit(minus(e, float64s(th.Mean)))
			}
		}
	}
	return cosine(e, float64s(v.Vector))
}

func TestScores(t *testing.T) {
	s, enc := searchable(t)
	text := enc.vector("a text to score")
	all, err := s.Select(values.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	scores := s.Scores(text, all)
	seen := map[values.Kind]int{}
	for i, got := range scores {
		v := got.Value
		seen[v.Kind]++
		want := plainCosine(s, text, v)
		strength := want
		if v.Kind == values.Directional {
			strength = math.Abs(want)
		}
		if math.Abs(got.Cosine-want) > 1e-6 || math.Abs(got.Strength-strength) > 1e-6 {
			t.Errorf("%s: cosine %v and strength %v, want %v and %v", v.ID, got.Cosine, got.Strength, want, strength)
		}
		if i > 0 && got.Strength > scores[i-1].Strength {
			t.Errorf("place %d is stronger than the one before it", i)
		}
		margin := math.NaN()
		for _, next := range scores[i+1:] {
			if next.Value.Theory == v.Theory && next.Value.Level == v.Level {
				margin = got.Strength - next.Strength
				break
			}
		}
		if got.Margin != margin && !(math.IsNaN(got.Margin) && math.IsNaN(margin)) {
			t.Errorf("%s: margin %v, want %v", v.ID, got.Margin, margin)
		}
	}
	if seen[values.Directional] == 0 || seen[values.Prototype] == 0 || seen[values.Absent] > 0 {
		t.Errorf("scored %v", seen)
	}
}

func TestSelect(t *testing.T) {
	s, _ := searchable(t)
	for _, c := range []struct {
		name string
		f    values.Filter
		has  []string
		not  []string
	}{
		{"all", values.Filter{}, []string{"svt/conservation", "duty/fidelity"}, nil},
		{"a theory", values.Filter{Theories: []string{"mft"}}, []string{"mft/care-harm"}, []string{"duty/fidelity"}},
		{"a subtree, its root too", values.Filter{Subtrees: []string{"mft/care-harm"}}, []string{"mft/care-harm",
			"mft/care-harm/caring"}, []string{"mft/fairness-cheating"}},
		{"a name that begins like another", values.Filter{Subtrees: []string{"svt/openness-to-change/self-direction"}},
			[]string{"svt/openness-to-change/self-direction/self-direction-thought"}, []string{"svt/openness-to-change"}},
		{"two fields at once", values.Filter{Theories: []string{"svt"}, Levels: []int{2}},
			[]string{"svt/conservation/humility"}, []string{"svt/conservation", "mft/care-harm/caring"}},
		{"kinds", values.Filter{Kinds: []values.Kind{values.Directional}}, []string{"mft/care-harm"},
			[]string{"svt/conservation"}},
		{"ids", values.Filter{IDs: []string{"duty/fidelity"}}, []string{"duty/fidelity"}, []string{"duty/justice"}},
	} {
		got, err := s.Select(c.f)
		if err != nil {
			t.Fatal(err)
		}
		has := func(id string) bool {
			return slices.ContainsFunc(got, func(v *values.Value) bool { return v.ID == id })
		}
		for _, id := range c.has {
			if !has(id) {
				t.Errorf("%s: %s is missing", c.name, id)
			}
		}
		for _, id := range c.not {
			if has(id) {
				t.Errorf("%s: %s is there", c.name, id)
			}
		}
	}
	for _, f := range []values.Filter{{Theories: []string{"mtf"}}, {IDs: []string{"mft/kindness"}},
		{Subtrees: []string{strings.Repeat("x", 5000)}}, {IDs: []string{"My secret"}}} {
		if _, err := s.Select(f); fault.Of(err) != fault.NotFound || len(err.Error()) > 300 ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%.40v: %v", f, err)
		}
	}
}

func TestNeighbours(t *testing.T) {
	s, enc := searchable(t)
	all, _ := s.Select(values.Filter{})
	care := find(t, s, "mft/care-harm")
	text := enc.vector("a query")
	for _, c := range []struct {
		name string
		q    values.Query
		o    values.Search
	}{
		{"near a value", values.Query{Value: care}, values.Search{TopK: 5}},
		{"opposed to a value", values.Query{Value: care}, values.Search{TopK: 5, Opposing: true}},
		{"in other theories", values.Query{Value: care}, values.Search{TopK: 50, CrossTheory: true}},
		{"near a text", values.Query{Text: text}, values.Search{TopK: 3}},
		{"least like a text", values.Query{Text: text}, values.Search{TopK: 3, Opposing: true}},
	} {
		near, err := s.NearestValues(c.q, all, c.o)
		if err != nil {
			t.Fatal(err)
		}
		var cosines []float64
		for i := range near {
			cosines = append(cosines, near[i].Cosine)
			if near[i].Value == c.q.Value || (c.o.CrossTheory && near[i].Value.Theory == "mft") {
				t.Errorf("%s: %s is among them", c.name, near[i].Value.ID)
			}
		}
		var want []float64
		for _, v := range all {
			switch {
			case v.Kind == values.Absent || v == c.q.Value || (c.o.CrossTheory && v.Theory == "mft"):
			case c.q.Value != nil:
				want = append(want, cosine(float64s(care.Vector), float64s(v.Vector)))
			default:
				want = append(want, plainCosine(s, text, v))
			}
		}
		compareOrder(t, c.name, cosines, want, c.o)
	}
	if care.CommonLevels(find(t, s, "mft/care-harm/caring")) != 1 || care.CommonLevels(find(t, s, "duty/fidelity")) != 0 {
		t.Error("common levels are counted wrong")
	}
}

// compareOrder holds the answer to all cosines, sorted.
func compareOrder(t *testing.T, name string, got, want []float64, o values.Search) {
	t.Helper()
	slices.Sort(want)
	if !o.Opposing {
		slices.Reverse(want)
	}
	want = want[:min(o.TopK, len(want))]
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("%s: %d neighbours, want %d", name, len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-6 {
			t.Errorf("%s: cosine %d is %v, want %v", name, i, got[i], want[i])
		}
	}
}

func TestNearestAnchors(t *testing.T) {
	s, enc := searchable(t)
	hedonism := find(t, s, "svt/openness-to-change/hedonism") // a prototype
	text := enc.vector("a query")
	var toValue, toText []float64
	for i := range s.Anchors {
		a := &s.Anchors[i]
		if !slices.Contains(a.Theories(), "svt") {
			toValue = append(toValue, plainCosine(s, a.Vector, hedonism))
		}
		if a.Kind == anchors.KindDuty {
			toText = append(toText, cosine(float64s(text), float64s(a.Vector)))
		}
	}
	cosines := func(near []values.NearAnchor, err error) (out []float64) {
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range near {
			out = append(out, n.Cosine)
		}
		return out
	}
	o := values.Search{TopK: 20, CrossTheory: true}
	compareOrder(t, "to a value, in other theories", cosines(s.NearestAnchors(values.Query{Value: hedonism}, nil, o)),
		toValue, o)
	o = values.Search{TopK: 7, Opposing: true}
	duties := func(a *values.Anchor) bool { return a.Kind == anchors.KindDuty }
	compareOrder(t, "duties least like a text", cosines(s.NearestAnchors(values.Query{Text: text}, duties, o)), toText, o)
}

func TestQueriesWithoutAnAnswer(t *testing.T) {
	s, enc := searchable(t)
	for _, c := range []struct {
		name string
		q    values.Query
		o    values.Search
		kind fault.Kind
	}{
		{"other theories than a text's", values.Query{Text: enc.vector("x")}, values.Search{CrossTheory: true},
			fault.Invalid},
		{"an absent value", values.Query{Value: find(t, s, "duty/justice")}, values.Search{}, fault.Mismatch},
		{"a short vector", values.Query{Text: []float32{1, 0}}, values.Search{}, fault.Invalid},
	} {
		if _, err := s.NearestValues(c.q, nil, c.o); fault.Of(err) != c.kind {
			t.Errorf("%s: values: %v, want %v", c.name, err, c.kind)
		}
		if _, err := s.NearestAnchors(c.q, nil, c.o); fault.Of(err) != c.kind {
			t.Errorf("%s: anchors: %v, want %v", c.name, err, c.kind)
		}
	}
}
