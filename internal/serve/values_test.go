package serve_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"hives/data"
	"hives/data/anchors"
	"hives/data/inventory"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/rig/servetest"
	"hives/internal/serve"
	hivesv1 "hives/proto/hives/v1"
	"hives/values"
)

// formula embeds as the fake engine does, without a server.
type formula struct{ t testing.TB }

func (f formula) Encode(_ context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(in))
	for i := range in {
		out[i] = want(f.t, in[i].Text)
	}
	return out, encoder.Identity{Name: "fake", WeightsSHA256: "weights0", TokenizerSHA256: "tokenizer",
		Dimension: servetest.Dim, MaxLength: servetest.MaxLength, Pooling: "last"}, nil
}

// valueRows put one value of each kind into the set.
func valueRows(t testing.TB) []data.Row {
	t.Helper()
	var rows []data.Row
	for i := range 40 {
		id, direction := "mft/care-harm", int32(1-2*(i%2))
		switch {
		case i >= 30:
			id, direction = "svt/self-enhancement/power", 0
		case i >= 20:
			id, direction = "svt/openness-to-change/hedonism", 0
		case i >= 10:
			id = "mft/fairness-cheating"
		}
		theory, p, err := theories.Builtin().ParseID(id)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("promise %d is kept", i)
		rows = append(rows, data.Row{Text: text, Theory: theory, Level1: p[0], Level2: p[1], Level3: p[2],
			Direction: direction, TextID: data.TextID(text), Group: fmt.Sprint(i / 2), Corpus: "c"})
	}
	return rows
}

// valueSet builds the vectors and takes them through their file.
func valueSet(t testing.TB, banks ...*anchors.Bank) *values.Set {
	t.Helper()
	s, err := values.Build(ctx(t), valueRows(t), nil, formula{t}, values.Options{Seed: 1, Resamples: 20, MinSide: 1,
		Sides: values.Pooled})
	if err == nil {
		err = s.AddAnchors(ctx(t), formula{t}, banks)
	}
	path := filepath.Join(t.TempDir(), "values.db")
	if err == nil {
		err = s.Write(path)
	}
	if err == nil {
		s, err = values.Open(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// startValues runs a server with ValueService over a set, nil for none.
func startValues(t testing.TB, set *values.Set) (hivesv1.ValueServiceClient, *servetest.Runner) {
	t.Helper()
	f, r := startWith(t, set)
	return hivesv1.NewValueServiceClient(f.Conn), r
}

func startWith(t testing.TB, set *values.Set) (*servetest.Fixture, *servetest.Runner) {
	t.Helper()
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Register = append(o.Register, func(s *serve.Server, to grpc.ServiceRegistrar) { serve.RegisterValues(s, to) })
	o.Load = func(context.Context) (*serve.Model, error) {
		m := servetest.Model(t, r)
		m.Values = set
		return m, nil
	}
	return servetest.Start(t, o, r), r
}

func TestListValues(t *testing.T) {
	set := valueSet(t)
	c, _ := startValues(t, set)
	got, err := c.ListValues(ctx(t), &hivesv1.ListValuesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Values) != len(set.Values) || got.Vectors.Sha256 != set.SHA256 || got.Vectors.WeightsSha256 != "weights0" ||
		got.Vectors.Provenance["rows"] != "40" {
		t.Errorf("%d values of %v, want %d", len(got.Values), got.Vectors, len(set.Values))
	}
	got, err = c.ListValues(ctx(t),
		&hivesv1.ListValuesRequest{Filter: &hivesv1.ValueFilter{Subtrees: []string{"mft/care-harm"}, Levels: []uint32{1}}})
	if err != nil || len(got.Values) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	v := got.Values[0]
	if v.ValueId != "mft/care-harm" || v.Kind != hivesv1.VectorKind_VECTOR_KIND_DIRECTIONAL || v.Counts.Supporting != 5 ||
		v.Counts.Opposing != 5 ||
		v.Definition == "" || len(v.Works) == 0 || v.Spread.GetDraws() == 0 || v.Reason != "" ||
		!slices.Equal(v.Path, []string{"care/harm"}) {
		t.Errorf("%v", v)
	}
}

func TestGetValueVector(t *testing.T) {
	set := valueSet(t)
	c, _ := startValues(t, set)
	care, _ := set.Find("mft/care-harm")
	for _, k := range []struct {
		name string
		r    *hivesv1.GetValueVectorRequest
		want []float32
	}{
		{"whole", &hivesv1.GetValueVectorRequest{ValueId: care.ID}, care.Vector},
		{"shortened and of length one again", &hivesv1.GetValueVectorRequest{ValueId: care.ID, Dimensions: proto.Uint32(3)},
			unitOf(care.Vector, 3)},
		{"none", &hivesv1.GetValueVectorRequest{ValueId: "duty/fidelity"}, nil},
	} {
		got, err := c.GetValueVector(ctx(t), k.r)
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(got.Vector.GetValues(), k.want); d > 1e-6 || (k.want == nil) != (got.Vector == nil) {
			t.Errorf("%s: %v, want %v", k.name, got.Vector, k.want)
		}
	}
	if _, err := c.GetValueVector(ctx(t), &hivesv1.GetValueVectorRequest{ValueId: "mft/kindness"}); err != nil {
		refusal(t, err, codes.NotFound, "NOT_FOUND")
	} else {
		t.Error("a value that does not exist was found")
	}
}

// TestScoreTexts holds the service to package values, which its own tests hold to the formula.
func TestScoreTexts(t *testing.T) {
	set := valueSet(t)
	c, _ := startValues(t, set)
	texts := []string{"a promise", "another text, and longer"}
	got, err := c.ScoreTexts(ctx(t), &hivesv1.ScoreTextsRequest{Texts: texts, TopK: 1000})
	if err != nil {
		t.Fatal(err)
	}
	all, _ := set.Select(values.Filter{})
	for i, text := range texts {
		expected := set.Scores(want(t, text), all)
		if len(got.Results[i].Scores) != len(expected) || got.Results[i].Tokens == 0 {
			t.Fatalf("text %d: %d scores, want %d", i, len(got.Results[i].Scores), len(expected))
		}
		for k, s := range got.Results[i].Scores {
			e := expected[k]
			if s.ValueId != e.Value.ID || math.Abs(float64(s.Cosine)-e.Cosine) > 1e-6 ||
				math.Abs(float64(s.Strength)-e.Strength) > 1e-6 || (s.Margin == nil) != math.IsNaN(e.Margin) {
				t.Errorf("text %d: place %d is %v, want %v", i, k, s, e)
			}
			checkStance(t, s)
		}
	}
	if got, err = c.ScoreTexts(ctx(t), &hivesv1.ScoreTextsRequest{Texts: texts[:1], TopK: 2}); err != nil ||
		len(got.Results[0].Scores) != 2 {
		t.Errorf("two best: %v, %v", got, err)
	}
}

func checkStance(t *testing.T, s *hivesv1.ValueScore) {
	t.Helper()
	want := hivesv1.Stance_STANCE_UNSIGNED
	if s.Kind == hivesv1.VectorKind_VECTOR_KIND_DIRECTIONAL {
		want = hivesv1.Stance_STANCE_SUPPORTS
		if s.Cosine < 0 {
			want = hivesv1.Stance_STANCE_OPPOSES
		}
	}
	if s.Stance != want {
		t.Errorf("%s with cosine %v has stance %v, want %v", s.ValueId, s.Cosine, s.Stance, want)
	}
}

func TestSignsAreRefusedWhereThereAreNone(t *testing.T) {
	c, engine := startValues(t, valueSet(t))
	r := &hivesv1.ScoreTextsRequest{Texts: []string{"a promise"}, RequireSign: true}
	_, err := c.ScoreTexts(ctx(t), r)
	refusal(t, err, codes.FailedPrecondition, "UNSIGNED")
	if n := engine.Batches(); n != 0 {
		t.Errorf("%d batches were run before the refusal", n)
	}
	r.Filter = &hivesv1.ValueFilter{Kinds: []hivesv1.VectorKind{hivesv1.VectorKind_VECTOR_KIND_DIRECTIONAL}}
	got, err := c.ScoreTexts(ctx(t), r)
	if err != nil || len(got.Results[0].Scores) != 2 {
		t.Errorf("the directional ones alone: %v, %v", got, err)
	}
}

func TestNearestValuesAndAnchors(t *testing.T) {
	set := valueSet(t, inventory.Bank())
	c, _ := startValues(t, set)
	care, _ := set.Find("mft/care-harm")
	byValue := &hivesv1.Query{Of: &hivesv1.Query_ValueId{ValueId: care.ID}}
	all, _ := set.Select(values.Filter{})
	for _, k := range []struct {
		name   string
		r      *hivesv1.NearestValuesRequest
		q      values.Query
		search values.Search
	}{
		{"opposed to a value in other theories", &hivesv1.NearestValuesRequest{Query: byValue,
			Relation: hivesv1.Relation_RELATION_OPPOSING, CrossTheory: true}, values.Query{Value: care},
			values.Search{TopK: 10, Opposing: true, CrossTheory: true}},
		{"near a text", &hivesv1.NearestValuesRequest{Query: &hivesv1.Query{Of: &hivesv1.Query_Text{Text: "b"}, Prompt: "a "},
			TopK: 3}, values.Query{Text: want(t, "a b")}, values.Search{TopK: 3}},
		{"near a vector",
			&hivesv1.NearestValuesRequest{Query: &hivesv1.Query{Of: &hivesv1.Query_Vector{
				Vector: &hivesv1.Vector{Values: []float32{2, 0, 0, 0, 0, 0}}}}, TopK: 3},
			values.Query{Text: []float32{1, 0, 0, 0, 0, 0}}, values.Search{TopK: 3}},
		{"near a packed vector",
			&hivesv1.NearestValuesRequest{Query: &hivesv1.Query{Of: &hivesv1.Query_Vector{
				Vector: &hivesv1.Vector{Packed: []byte{0, 128, 0, 0, 0, 0}, Scale: .5, Encoding: hivesv1.Encoding_ENCODING_INT8}}},
				TopK: 3}, values.Query{Text: []float32{0, -1, 0, 0, 0, 0}}, values.Search{TopK: 3}},
	} {
		got, err := c.NearestValues(ctx(t), k.r)
		if err != nil {
			t.Fatal(err)
		}
		expected, err := set.NearestValues(k.q, all, k.search)
		if err != nil || len(got.Neighbours) != len(expected) || len(expected) == 0 {
			t.Fatalf("%s: %d neighbours, want %d (%v)", k.name, len(got.Neighbours), len(expected), err)
		}
		for i, n := range got.Neighbours {
			if n.Value.ValueId != expected[i].Value.ID || math.Abs(float64(n.Cosine)-expected[i].Cosine) > 1e-6 {
				t.Errorf("%s: place %d is %s at %v, want %v", k.name, i, n.Value.ValueId, n.Cosine, expected[i])
			}
		}
	}
	near, err := c.NearestAnchors(ctx(t), &hivesv1.NearestAnchorsRequest{Query: byValue, Theories: []string{"duty"},
		Banks: []hivesv1.AnchorBank{hivesv1.AnchorBank_ANCHOR_BANK_INDIVIDUAL}, CrossTheory: true, TopK: 4})
	if err != nil || len(near.Neighbours) != 4 {
		t.Fatalf("%v, %v", near, err)
	}
	for _, n := range near.Neighbours {
		if n.Anchor.Kind != anchors.KindDuty || n.Anchor.Text == "" {
			t.Errorf("%v stands for no duty", n.Anchor)
		}
	}
}

func TestValueServiceRefuses(t *testing.T) {
	c, _ := startValues(t, valueSet(t))
	query := func(q *hivesv1.Query) error {
		_, err := c.NearestValues(ctx(t), &hivesv1.NearestValuesRequest{Query: q})
		return err
	}
	vector := func(v *hivesv1.Vector) error {
		return query(&hivesv1.Query{Of: &hivesv1.Query_Vector{Vector: v}})
	}
	score := func(r *hivesv1.ScoreTextsRequest) error {
		_, err := c.ScoreTexts(ctx(t), r)
		return err
	}
	text := []string{"x"}
	_, crossText := c.NearestValues(ctx(t),
		&hivesv1.NearestValuesRequest{Query: &hivesv1.Query{Of: &hivesv1.Query_Text{Text: "x"}}, CrossTheory: true})
	_, relation := c.NearestValues(ctx(t), &hivesv1.NearestValuesRequest{Relation: 9})
	_, noAnchors := c.NearestAnchors(ctx(t), &hivesv1.NearestAnchorsRequest{})
	_, top := c.NearestValues(ctx(t),
		&hivesv1.NearestValuesRequest{Query: &hivesv1.Query{Of: &hivesv1.Query_Text{Text: "x"}}, TopK: 5000})
	for _, k := range []struct {
		name   string
		err    error
		code   codes.Code
		reason string
	}{
		{"no texts", score(&hivesv1.ScoreTextsRequest{}), codes.InvalidArgument, "NO_TEXTS"},
		{"too many texts", score(&hivesv1.ScoreTextsRequest{Texts: make([]string, 17)}), codes.InvalidArgument,
			"TOO_MANY_TEXTS"},
		{"a theory nobody has", score(&hivesv1.ScoreTextsRequest{Texts: text,
			Filter: &hivesv1.ValueFilter{Theories: []string{"x"}}}), codes.NotFound, "NOT_FOUND"},
		{"a kind nobody has", score(&hivesv1.ScoreTextsRequest{Texts: text,
			Filter: &hivesv1.ValueFilter{Kinds: []hivesv1.VectorKind{0}}}), codes.InvalidArgument, "UNKNOWN_KIND"},
		{"no query", query(nil), codes.InvalidArgument, "NO_QUERY"},
		{"an empty text", query(&hivesv1.Query{Of: &hivesv1.Query_Text{}}), codes.InvalidArgument, "EMPTY_TEXT"},
		{"no ids", query(&hivesv1.Query{Of: &hivesv1.Query_TokenIds{}}), codes.InvalidArgument, "EMPTY_TEXT"},
		{"a prompt before a value", query(&hivesv1.Query{Of: &hivesv1.Query_ValueId{ValueId: "mft/care-harm"}, Prompt: "p"}),
			codes.InvalidArgument, "PROMPT_WITHOUT_TEXT"},
		{"a value without a vector", query(&hivesv1.Query{Of: &hivesv1.Query_ValueId{ValueId: "duty/fidelity"}}),
			codes.FailedPrecondition, "MISMATCH"},
		{"a value nobody has", query(&hivesv1.Query{Of: &hivesv1.Query_ValueId{ValueId: "x"}}), codes.NotFound, "NOT_FOUND"},
		{"no vector", vector(nil), codes.InvalidArgument, "DIMENSIONS"},
		{"a short vector", vector(&hivesv1.Vector{Values: []float32{1}}), codes.InvalidArgument, "DIMENSIONS"},
		{"a short packed vector", vector(&hivesv1.Vector{Packed: []byte{1}, Encoding: hivesv1.Encoding_ENCODING_FLOAT16}),
			codes.InvalidArgument, "DIMENSIONS"},
		{"no such encoding", vector(&hivesv1.Vector{Encoding: 9}), codes.InvalidArgument, "UNKNOWN_ENCODING"},
		{"zeros", vector(&hivesv1.Vector{Values: make([]float32, servetest.Dim)}), codes.InvalidArgument, "NOT_A_DIRECTION"},
		{"no number", vector(&hivesv1.Vector{Values: []float32{0, 0, 0, 0, 0, float32(math.NaN())}}), codes.InvalidArgument,
			"NOT_A_DIRECTION"},
		{"infinite scale", vector(&hivesv1.Vector{Packed: make([]byte, servetest.Dim), Scale: float32(math.Inf(1)),
			Encoding: hivesv1.Encoding_ENCODING_INT8}), codes.InvalidArgument, "NOT_A_DIRECTION"},
		{"other theories than a text's", crossText, codes.InvalidArgument, "CROSS_THEORY"},
		{"no such relation", relation, codes.InvalidArgument, "UNKNOWN_RELATION"},
		{"too many neighbours", top, codes.InvalidArgument, "TOP_K"},
		{"no anchors", noAnchors, codes.FailedPrecondition, "NO_ANCHORS"},
	} {
		t.Run(k.name, func(t *testing.T) { refusal(t, k.err, k.code, k.reason) })
	}
	none, _ := startValues(t, nil)
	_, err := none.ListValues(ctx(t), &hivesv1.ListValuesRequest{})
	refusal(t, err, codes.FailedPrecondition, "NO_VECTORS")
}
