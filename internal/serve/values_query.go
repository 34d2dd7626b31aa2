package serve

import (
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/x448/float16"

	"hives/data/anchors"
	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
	"hives/values"
)

// NearestValues implements the method for gRPC. What can be refused is refused before a text is embedded: the
// filter, then the search, then the query itself.
func (v valueService) NearestValues(ctx context.Context,
	r *hivesv1.NearestValuesRequest) (*hivesv1.NearestValuesResponse, error) {
	return withValues(v, func(g valued) (*hivesv1.NearestValuesResponse, error) {
		among, err := g.selected(r.Filter)
		if err != nil {
			return nil, err
		}
		search, err := searchOf(r.Query, r.Relation, r.CrossTheory, r.TopK)
		if err != nil {
			return nil, err
		}
		q, err := g.query(ctx, r.Query)
		if err != nil {
			return nil, err
		}
		// Every value that passes the filter is looked at: they are few, so a plain scan is quick and exact.
		near, err := g.Values.NearestValues(q, among, search)
		if err != nil {
			return nil, err
		}
		out := &hivesv1.NearestValuesResponse{Model: g.Version, Vectors: g.vectors()}
		for _, n := range near {
			found := &hivesv1.ValueNeighbour{Value: valueProto(n.Value), Cosine: float32(n.Cosine)}
			// Only a value has a place in a tree, so only then is there a common ancestor.
			if q.Value != nil {
				found.CommonLevels = uint32(n.Value.CommonLevels(q.Value))
			}
			out.Neighbours = append(out.Neighbours, found)
		}
		return out, nil
	})
}

// NearestAnchors implements the method for gRPC.
func (v valueService) NearestAnchors(ctx context.Context,
	r *hivesv1.NearestAnchorsRequest) (*hivesv1.NearestAnchorsResponse, error) {
	return withValues(v, func(g valued) (*hivesv1.NearestAnchorsResponse, error) {
		keep, err := g.anchorFilter(r)
		if err != nil {
			return nil, err
		}
		search, err := searchOf(r.Query, r.Relation, r.CrossTheory, r.TopK)
		if err != nil {
			return nil, err
		}
		q, err := g.query(ctx, r.Query)
		if err != nil {
			return nil, err
		}
		near, err := g.Values.NearestAnchors(q, keep, search)
		if err != nil {
			return nil, err
		}
		out := &hivesv1.NearestAnchorsResponse{Model: g.Version, Vectors: g.vectors()}
		for _, n := range near {
			out.Neighbours = append(out.Neighbours,
				&hivesv1.AnchorNeighbour{Anchor: anchorProto(n.Anchor), Cosine: float32(n.Cosine)})
		}
		return out, nil
	})
}

// maxNeighbours bounds a reply: a neighbour takes a definition or a sentence, some hundreds of bytes.
const maxNeighbours = 1000

// searchOf refuses a search that has no meaning, before any text is embedded. relation OPPOSING turns the query
// round: the nearest to its opposite.
//
//	value_id of care, cross_theory        values of other theories that are near care
//	a text, cross_theory                  CROSS_THEORY: a text belongs to no theory
//	a text, OPPOSING                      values whose vectors point away from the text
//	top_k 0                               10
func searchOf(q *hivesv1.Query, relation hivesv1.Relation, crossTheory bool, k uint32) (values.Search, error) {
	_, byValue := q.GetOf().(*hivesv1.Query_ValueId)
	if _, known := hivesv1.Relation_name[int32(relation)]; !known {
		return values.Search{}, Refuse(fault.Invalid, "UNKNOWN_RELATION", "relation %d is not known", relation)
	}
	switch {
	case crossTheory && !byValue:
		return values.Search{}, Refuse(fault.Invalid, "CROSS_THEORY",
			"cross_theory needs a query by value_id: a text belongs to no theory")
	case k > maxNeighbours:
		return values.Search{}, Refuse(fault.Invalid, "TOP_K", "top_k is %d, at most %d are returned", k, maxNeighbours)
	}
	return values.Search{TopK: topK(k), Opposing: relation == hivesv1.Relation_RELATION_OPPOSING,
		CrossTheory: crossTheory}, nil
}

// query finds or embeds what neighbours are asked of. The query is one of four; only two of them need the engine.
func (g valued) query(ctx context.Context, q *hivesv1.Query) (values.Query, error) {
	texts := Texts{Prompt: q.GetPrompt()}
	switch of := q.GetOf().(type) {
	case *hivesv1.Query_Text:
		texts.Texts = []string{of.Text}
	case *hivesv1.Query_TokenIds:
		texts.TokenIDs = []*hivesv1.TokenIds{of.TokenIds}
	// A value's own vector is the query; nothing is embedded, so a prompt would have no effect.
	case *hivesv1.Query_ValueId:
		value, err := g.value(of.ValueId)
		return values.Query{Value: value}, g.unprompted(q, err)
	case *hivesv1.Query_Vector:
		vector, err := decodeVector(of.Vector, g.Values.Model.Dimension)
		return values.Query{Text: vector}, g.unprompted(q, err)
	default:
		return values.Query{}, Refuse(fault.Invalid, "NO_QUERY", "give a value_id, a text, token_ids or a vector")
	}
	embedded, err := g.Embed(ctx, g.limits, texts)
	if err != nil {
		return values.Query{}, err
	}
	return values.Query{Text: Cut(embedded.Raw[0], len(embedded.Raw[0]), true)}, nil
}

// unprompted refuses a prompt that nothing would be done with.
func (g valued) unprompted(q *hivesv1.Query, err error) error {
	if err == nil && q.Prompt != "" {
		return Refuse(fault.Invalid, "PROMPT_WITHOUT_TEXT", "a prompt goes before a text, and the query has none")
	}
	return err
}

// decodeVector reads a vector in any of the encodings and makes it one of length 1. A vector that came out of
// GetValueVector, or that a client kept, may come back as a query in the encoding it was sent in. Its length is
// free, its direction must be one.
//
//	FLOAT32, 3 numbers, d = 3        itself, made unit
//	BINARY, 1 byte 101……, d = 3      [1, −1, 1]/√3
//	FLOAT16, 4 bytes, d = 3          DIMENSIONS: 6 are wanted
//	[0, 0, 0]                        NOT_A_DIRECTION
func decodeVector(v *hivesv1.Vector, d int) ([]float32, error) {
	if _, known := hivesv1.Encoding_name[int32(v.GetEncoding())]; !known {
		return nil, Refuse(fault.Invalid, "UNKNOWN_ENCODING", "encoding %d is not known", v.GetEncoding())
	}
	e := v.GetEncoding()
	// The length is compared before anything is read: unpack indexes as far as d asks for.
	got, want, unit := len(v.GetPacked()), encodedBytes(d, e), "bytes"
	if e == hivesv1.Encoding_ENCODING_FLOAT32 {
		got, want, unit = len(v.GetValues()), d, "numbers"
	}
	if got != want {
		return nil, Refuse(fault.Invalid, "DIMENSIONS", "the vector has %d %s, one of %d dimensions has %d", got,
			unit, d, want)
	}
	out := unpack(v, d)
	var squares float64
	for _, x := range out {
		squares += float64(x) * float64(x)
	}
	if math.IsNaN(squares) || math.IsInf(squares, 0) || squares == 0 {
		return nil, Refuse(fault.Invalid, "NOT_A_DIRECTION", "the vector is zero or not finite")
	}
	return Cut(out, d, true), nil
}

// unpack undoes EncodeVector; BINARY gives ±1. Its caller has checked that the bytes are as many as d asks for.
func unpack(v *hivesv1.Vector, d int) []float32 {
	out := make([]float32, d)
	for i := range out {
		switch v.GetEncoding() {
		case hivesv1.Encoding_ENCODING_FLOAT16:
			out[i] = float16.Frombits(binary.LittleEndian.Uint16(v.Packed[2*i:])).Float32()
		case hivesv1.Encoding_ENCODING_INT8:
			out[i] = float32(int8(v.Packed[i])) * v.Scale
		case hivesv1.Encoding_ENCODING_BINARY:
			out[i] = float32(int(v.Packed[i/8]>>(7-i%8)&1)*2 - 1)
		default:
			out[i] = v.Values[i]
		}
	}
	return out
}

// anchorFilter says which anchors a request is about.
func (g valued) anchorFilter(r *hivesv1.NearestAnchorsRequest) (func(*values.Anchor) bool, error) {
	if len(g.Values.Anchors) == 0 {
		return nil, Refuse(fault.Mismatch, "NO_ANCHORS", "the value vectors were made without anchors: build them "+
			"with hives vectors build --anchors")
	}
	if _, err := g.Values.Select(values.Filter{Theories: r.Theories}); err != nil {
		return nil, err
	}
	var banks []string
	for _, b := range r.Banks {
		switch b {
		case hivesv1.AnchorBank_ANCHOR_BANK_INDIVIDUAL:
			banks = append(banks, anchors.Individual)
		case hivesv1.AnchorBank_ANCHOR_BANK_THEORY:
			banks = append(banks, anchors.Theory)
		default:
			return nil, Refuse(fault.Invalid, "UNKNOWN_BANK", "bank %d is neither INDIVIDUAL nor THEORY", b)
		}
	}
	return func(a *values.Anchor) bool {
		// An anchor may belong to several theories; one of them is enough.
		ofTheory := len(r.Theories) == 0 ||
			slices.ContainsFunc(a.Theories(), func(t string) bool { return slices.Contains(r.Theories, t) })
		return ofTheory && (len(banks) == 0 || slices.Contains(banks, a.Bank))
	}, nil
}
