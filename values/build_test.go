package values_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/values"
)

// pooled is the paper's way with the least rows that make a side: what these tests count is plain in it.
func pooled() values.Options {
	return values.Options{Seed: 1, Resamples: 20, MinSide: 1, Sides: values.Pooled}
}

func TestKinds(t *testing.T) {
	const id = "mft/loyalty-betrayal"
	side := func(direction int32, n int) (rows []data.Row) {
		for i := range n {
			rows = append(rows, row(t, id, fmt.Sprintf("%d of %d", i, direction), direction, fmt.Sprint(i)))
		}
		return rows
	}
	other := row(t, "mft/care-harm", "another value", 1, "o")
	for _, c := range []struct {
		name    string
		rows    []data.Row
		minSide int
		kind    values.Kind
		note    string
	}{
		{"both sides", append(side(1, 2), side(-1, 1)...), 1, values.Directional, ""},
		{"both sides, one of them too small", append(side(1, 3), side(-1, 1)...), 2, values.Prototype,
			"3 supporting and 1 opposing rows; a direction needs 2"},
		{"supporting rows only", side(1, 3), 1, values.Prototype, "0 opposing"},
		{"opposing rows only", side(-1, 3), 1, values.Prototype, "0 supporting"},
		{"rows that nobody judged", side(0, 3), 1, values.Prototype, "0 supporting and 0 opposing"},
		{"no rows", nil, 1, values.Absent, "no rows"},
	} {
		s := build(t, append(c.rows, other), newFake(8), values.Options{MinSide: c.minSide, Sides: values.Pooled})
		v := find(t, s, id)
		if v.Kind != c.kind || !strings.Contains(v.Note, c.note) || (v.Note == "") != (c.note == "") {
			t.Errorf("%s: %s (%q), want %s (%q)", c.name, v.Kind, v.Note, c.kind, c.note)
		}
		if (v.Vector == nil) != (c.kind == values.Absent) {
			t.Errorf("%s: a vector of %d numbers", c.name, len(v.Vector))
		}
	}
	same := []data.Row{row(t, id, "one text", 1, "a"), row(t, id, "one text", -1, "a")}
	if v := find(t, build(t, same, newFake(8), pooled()), id); v.Kind != values.Absent ||
		!strings.Contains(v.Note, "no direction") {
		t.Errorf("the same text on both sides and nowhere else: %s (%q), want absent", v.Kind, v.Note)
	}
}

// TestTwoParents puts rows on hedonism's canonical path and looks at both of its nodes and both parents.
func TestTwoParents(t *testing.T) {
	const home, twin = "svt/openness-to-change/hedonism", "svt/self-enhancement/hedonism"
	rows := []data.Row{
		row(t, home, "a", 0, "1"), row(t, home, "b", 0, "2"),
		row(t, "svt/openness-to-change/stimulation", "c", 0, "3"), row(t, "svt/conservation/tradition", "d", 0, "4"),
	}
	s := build(t, rows, newFake(8), pooled())
	for id, want := range map[string]int{
		home: 2, twin: 2, "svt/openness-to-change": 3, "svt/self-enhancement": 2, "svt/conservation": 1,
		"svt/self-enhancement/power": 0,
	} {
		if v := find(t, s, id); v.Neither != want {
			t.Errorf("%s: %d rows, want %d", id, v.Neither, want)
		}
	}
	if a, b := find(t, s, home), find(t, s, twin); !slices.Equal(a.Vector, b.Vector) || a.Definition != b.Definition ||
		a.ID == b.ID {
		t.Error("the two nodes of one value differ in vector or definition")
	}
}

func TestEveryNodeIsListedWithItsDefinition(t *testing.T) {
	s := build(t, randomRows(t, 20, 3), newFake(8), values.Options{MinSide: 1, Sides: values.Pooled})
	var want, got []string
	for _, theory := range theories.Builtin().Names() {
		tree, _ := theories.Builtin().Get(theory)
		for _, p := range tree.Nodes() {
			want = append(want, theories.ValueID(theory, p))
		}
	}
	for i := range s.Values {
		v := &s.Values[i]
		got = append(got, v.ID)
		if v.Definition == "" || len(v.Works) == 0 || len(v.Path) != v.Level {
			t.Errorf("%s: definition %q, works %v, path %v at level %d", v.ID, v.Definition, v.Works, v.Path, v.Level)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// shifty answers as another model from its second call on.
type shifty struct {
	*fake
	calls int
}

func (s *shifty) Encode(ctx context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	out, id, err := s.fake.Encode(ctx, in)
	if s.calls++; s.calls > 1 {
		id.WeightsSHA256 = strings.Repeat("ef", 32)
	}
	return out, id, err
}

// short answers one vector too few.
type short struct{ *fake }

func (s short) Encode(ctx context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	out, id, err := s.fake.Encode(ctx, in)
	return out[1:], id, err
}

func TestBuildRefuses(t *testing.T) {
	var many []data.Row
	for i := range encoder.Chunk + 1 {
		many = append(many, row(t, "duty/fidelity", fmt.Sprint("t", i), 1, "g"))
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	good := pooled()
	for _, c := range []struct {
		name string
		ctx  context.Context
		rows []data.Row
		enc  encoder.Encoder
		o    values.Options
		kind fault.Kind
		says string
	}{
		{"no rows", context.Background(), nil, newFake(4), good, fault.Invalid, "no rows"},
		{"no row a side", context.Background(), many, newFake(4), values.Options{}, fault.Invalid, "0 rows a side"},
		{"a model that changes", context.Background(), many, &shifty{fake: newFake(4)}, good, fault.Mismatch,
			"abababababab and efefefefefef"},
		{"vectors missing", context.Background(), many, short{newFake(4)}, good, fault.Mismatch,
			"1023 vectors for 1024 texts"},
		{"cancelled", cancelled, many, newFake(4), good, fault.Canceled, "canceled"},
	} {
		_, err := values.Build(c.ctx, c.rows, nil, c.enc, c.o)
		if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%v), want %v that says %q", c.name, err, fault.Of(err), c.kind, c.says)
		}
	}
}
