package serve_test

import (
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	"hives/data/inventory"
	hivesv1 "hives/proto/hives/v1"
)

// valueSeeds are messages of every method of ValueService, each a strange one to the other methods.
func valueSeeds(f *testing.F) {
	f.Helper()
	filter := &hivesv1.ValueFilter{Theories: []string{"mft"}, Levels: []uint32{1, 2}, Subtrees: []string{"mft/care-harm"},
		Kinds: []hivesv1.VectorKind{1}}
	byValue := &hivesv1.Query{Of: &hivesv1.Query_ValueId{ValueId: "mft/care-harm"}}
	for _, m := range []proto.Message{
		&hivesv1.ListValuesRequest{Filter: filter},
		&hivesv1.ListValuesRequest{Filter: &hivesv1.ValueFilter{ValueIds: []string{"duty/fidelity", "x"}}},
		&hivesv1.GetValueVectorRequest{ValueId: "mft/care-harm", Dimensions: proto.Uint32(3), Encoding: 3},
		&hivesv1.GetValueVectorRequest{ValueId: "duty/fidelity", Dimensions: proto.Uint32(math.MaxUint32)},
		&hivesv1.ScoreTextsRequest{Texts: []string{"a promise", ""}, Filter: filter, TopK: 3},
		&hivesv1.ScoreTextsRequest{Texts: []string{"a promise"}, RequireSign: true, TopK: math.MaxUint32},
		&hivesv1.ScoreTextsRequest{TokenIds: []*hivesv1.TokenIds{{Ids: []uint32{1, 2}}}, Prompt: "x"},
		&hivesv1.NearestValuesRequest{Query: byValue, Relation: 1, CrossTheory: true, TopK: 4},
		&hivesv1.NearestValuesRequest{Query: &hivesv1.Query{Of: &hivesv1.Query_Text{Text: "b"}, Prompt: "a "}},
		&hivesv1.NearestValuesRequest{Query: &hivesv1.Query{Of: &hivesv1.Query_Vector{
			Vector: &hivesv1.Vector{Values: []float32{2, 0, float32(math.NaN()), 0, 0, 0}}}}},
		&hivesv1.NearestValuesRequest{Query: &hivesv1.Query{Of: &hivesv1.Query_Vector{
			Vector: &hivesv1.Vector{Packed: []byte{0, 128, 0, 0, 0, 0}, Scale: .5, Encoding: 3}}}},
		&hivesv1.NearestAnchorsRequest{Query: byValue, Theories: []string{"duty"}, Banks: []hivesv1.AnchorBank{1, 2},
			CrossTheory: true, TopK: 4},
	} {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("\x0a\xff\xff\xff\xff\x0f"))
	f.Add([]byte{})
}

func fuzzValues[R any, P interface {
	*R
	proto.Message
}](f *testing.F, method string, check func(*testing.T, P)) {
	valueSeeds(f)
	s, _ := startWith(f, valueSet(f, inventory.Bank()))
	fuzzCalls(f, s.Conn, hivesv1.NewEmbedServiceClient(s.Conn), method, check)
}

// cosine checks that x is one.
func cosine(t *testing.T, x float32) {
	t.Helper()
	if !(math.Abs(float64(x)) <= 1+1e-6) {
		t.Errorf("a cosine of %v", x)
	}
}

func FuzzListValues(f *testing.F) {
	fuzzValues(f, hivesv1.ValueService_ListValues_FullMethodName, func(t *testing.T, r *hivesv1.ListValuesResponse) {
		for _, v := range r.Values {
			if v.ValueId == "" || v.Theory == "" || len(v.Path) != int(v.Level) || v.Kind == 0 {
				t.Errorf("half a value: %v", v)
			}
		}
	})
}

func FuzzGetValueVector(f *testing.F) {
	fuzzValues(f, hivesv1.ValueService_GetValueVector_FullMethodName,
		func(t *testing.T, r *hivesv1.GetValueVectorResponse) {
			numbers, bytes := len(r.Vector.GetValues()), len(r.Vector.GetPacked())
			finite(t, r.Vector.GetValues())
			if (numbers+bytes == 0) != (r.Value.Kind == hivesv1.VectorKind_VECTOR_KIND_ABSENT) {
				t.Errorf("a vector of %d numbers and %d bytes for %v", numbers, bytes, r.Value)
			}
		})
}

func FuzzScoreTexts(f *testing.F) {
	fuzzValues(f, hivesv1.ValueService_ScoreTexts_FullMethodName, func(t *testing.T, r *hivesv1.ScoreTextsResponse) {
		if len(r.Results) == 0 {
			t.Error("an answer without results")
		}
		for _, text := range r.Results {
			for _, s := range text.Scores {
				cosine(t, s.Cosine)
				signed := s.Stance == hivesv1.Stance_STANCE_SUPPORTS || s.Stance == hivesv1.Stance_STANCE_OPPOSES
				if signed && s.Kind != hivesv1.VectorKind_VECTOR_KIND_DIRECTIONAL {
					t.Errorf("a sign where there is none: %v", s)
				}
				if s.Answer == 0 || !text.Sense && s.Answer != hivesv1.Answer_ANSWER_UNSURE {
					t.Errorf("sense is %v, and the answer %v", text.Sense, s.Answer)
				}
			}
		}
	})
}

func FuzzNearestValues(f *testing.F) {
	fuzzValues(f, hivesv1.ValueService_NearestValues_FullMethodName, func(t *testing.T, r *hivesv1.NearestValuesResponse) {
		for _, n := range r.Neighbours {
			cosine(t, n.Cosine)
		}
	})
}

func FuzzNearestAnchors(f *testing.F) {
	name := hivesv1.ValueService_NearestAnchors_FullMethodName
	fuzzValues(f, name, func(t *testing.T, r *hivesv1.NearestAnchorsResponse) {
		for _, n := range r.Neighbours {
			if cosine(t, n.Cosine); n.Anchor.GetText() == "" {
				t.Errorf("an anchor without a text: %v", n)
			}
		}
	})
}
