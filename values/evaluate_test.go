package values_test

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/internal/fault"
	"hives/values"
)

func TestEvaluationCounts(t *testing.T) {
	s := worldSet(t, worldRows(t, 0, 120), worldRows(t, 1000, 40), worldOptions())
	rows := worldRows(t, 2000, 30)
	got, err := s.Evaluate(context.Background(), rows, newWorld(), worldOptions())
	if err != nil {
		t.Fatal(err)
	}
	// Each text has one row, so a text and a value are a pair if both are of this theory.
	v := find(t, s, care)
	var want struct{ pairs, answered, about, sidedPairs, sided, right, given, givenRight int }
	for i := range rows {
		r := &rows[i]
		score := s.Scores(newWorld().vector(r.Text), []*values.Value{v})[0]
		own := r.Level1 == v.Path[0]
		want.pairs++
		if score.Answer != values.Unsure {
			want.answered++
			if own {
				want.about++
			}
		}
		if !own || r.Corpus != "A" && r.Corpus != "B" {
			continue
		}
		want.sidedPairs++
		side := map[values.Answer]int32{values.Supports: 1, values.Opposes: -1}[score.Answer]
		if side != 0 {
			want.sided++
			if side == r.Direction {
				want.right++
			}
		}
		if p := score.Support; s.Sense(newWorld().vector(r.Text)) && (p.Low > .5 && p.P >= .75 || p.High < .5 && p.P <= .25) {
			want.given++
			if (p.P > .5) == (r.Direction == 1) {
				want.givenRight++
			}
		}
	}
	var f values.ValueFigures
	for _, one := range got.Values {
		if one.ID == care {
			f = one
		}
	}
	if f.Answers.Pairs != want.pairs || f.Answers.Answered != want.answered || f.Sides.Pairs != want.sidedPairs ||
		f.Sides.Answered != want.sided || f.Sides.Given != want.given {
		t.Fatalf("%+v, want %+v", f, want)
	}
	for name, c := range map[string]struct {
		got  values.Share
		n, m int
	}{"about": {f.Answers.About, want.about, want.answered}, "right": {f.Sides.Right, want.right, want.sided},
		"given": {f.Sides.GivenOK, want.givenRight, want.given}} {
		if c.m == 0 || math.Abs(*c.got.Share-float64(c.n)/float64(c.m)) > 1e-12 || *c.got.Low > *c.got.Share ||
			*c.got.High < *c.got.Share {
			t.Errorf("%s: %v, want %d of %d", name, c.got, c.n, c.m)
		}
	}
	if got.Answers.Pairs < 3*want.pairs || got.Sides.Pairs < 2*want.sidedPairs {
		t.Errorf("all values together: %+v and %+v", got.Answers, got.Sides)
	}
	n := 0
	for _, tenth := range got.AboutCurve {
		n += tenth.Rows
	}
	if n != got.Answers.Pairs {
		t.Errorf("the reliability counts %d pairs of %d", n, got.Answers.Pairs)
	}
	if got.Nonsense.Texts != 200 || got.Nonsense.Answered > 10 || got.Sense < .5 {
		t.Errorf("nonsense %+v, and %.2f of the texts pass", got.Nonsense, got.Sense)
	}
	var shown strings.Builder
	if err := got.WriteText(&shown); err != nil || !strings.Contains(shown.String(), care) ||
		strings.Contains(shown.String(), "%!") {
		t.Errorf("%v\n%s", err, shown.String())
	}
}

// TestEvaluationOfChance: on permuted labels hardly anything is answered, and no side is right more often than by
// chance.
func TestEvaluationOfChance(t *testing.T) {
	permuted := func(rows []data.Row, seed uint64) []data.Row { return data.PermuteLabels(rows, seed) }
	s := worldSet(t, permuted(worldRows(t, 0, 120), 1), permuted(worldRows(t, 1000, 40), 2), worldOptions())
	got, err := s.Evaluate(context.Background(), worldRows(t, 2000, 30), newWorld(), worldOptions())
	if err != nil {
		t.Fatal(err)
	}
	if got.Answers.Answered*20 > got.Answers.Pairs || got.Sides.Answered > 0 && *got.Sides.Right.Low > .5 {
		t.Errorf("%+v, %+v", got.Answers, got.Sides)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	s := worldSet(t, worldRows(t, 0, 120), worldRows(t, 1000, 40), worldOptions())
	if _, err := s.Evaluate(context.Background(), nil, newWorld(), worldOptions()); fault.Of(err) != fault.Invalid {
		t.Errorf("no rows: %v", err)
	}
	other := newWorld()
	other.id.WeightsSHA256 = "other"
	if _, err := s.Evaluate(context.Background(), worldRows(t, 2000, 2), other,
		worldOptions()); fault.Of(err) != fault.Mismatch {
		t.Errorf("another model: %v", err)
	}
	train, held := filepath.Join(t.TempDir(), "train.parquet"), filepath.Join(t.TempDir(), "held.parquet")
	for path, rows := range map[string][]data.Row{train: worldRows(t, 0, 120), held: worldRows(t, 1000, 40)} {
		if err := data.Write(path, rows); err != nil {
			t.Fatal(err)
		}
	}
	s, err := values.BuildFile(context.Background(), train, held, nil, newWorld(), worldOptions())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{train, held} {
		if _, err := s.EvaluateFile(context.Background(), path, newWorld(), worldOptions()); fault.Of(err) != fault.Invalid ||
			!strings.Contains(err.Error(), path) {
			t.Errorf("the file that it was made with: %v", err)
		}
	}
	if _, err := values.BuildFile(context.Background(), train, train, nil, newWorld(),
		worldOptions()); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "row 1 shares") {
		t.Errorf("validation rows that are training rows: %v", err)
	}
}

// TestBuildHoldsRowsOutItself where nobody gives any, and says so.
func TestBuildHoldsRowsOutItself(t *testing.T) {
	o := worldOptions()
	said := ""
	o.Log = func(format string, a ...any) { said += format }
	all := worldRows(t, 0, 160)
	parts, err := data.Split(all, data.SplitOptions{Fractions: [data.NumParts]float64{.65, .1, .25}, Seed: o.Seed})
	if err != nil {
		t.Fatal(err)
	}
	// The training part of an earlier split with the same seed: its hashes all lie in the first .65.
	s := worldSet(t, parts[0], nil, o)
	if share := float64(s.Held.Rows) / float64(len(parts[0])); !s.OwnSplit || share < .15 || share > .35 ||
		s.Source.Rows+s.Held.Rows != len(parts[0]) {
		t.Errorf("%d rows to train and %+v held out of %d", s.Source.Rows, s.Held, len(parts[0]))
	}
	if !strings.Contains(said, "no validation rows") {
		t.Errorf("it says %q", said)
	}
	together := worldRows(t, 0, 30)
	for i := range together {
		together[i].Group = "one"
	}
	one := worldSet(t, together, nil, o)
	if v := find(t, one, care); one.Held != nil || v.Kind != values.Unsupported || !strings.Contains(v.Note, "unknown") ||
		!strings.Contains(said, "too few groups") {
		t.Errorf("one group: held out %v, %s is %s (%s); it says %q", one.Held, care, v.Kind, v.Note, said)
	}
	if v := find(t, s, care); !v.CanTell() {
		t.Errorf("it can tell nothing of %s: %+v", care, v.About)
	}
}
