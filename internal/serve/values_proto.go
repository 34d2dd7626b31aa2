package serve

import (
	"math"
	"strconv"

	"hives/data/anchors"
	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
	"hives/values"
)

// Two enums for one thing: values' own, which files hold, and the interface's, which clients see. They are
// translated here and nowhere else.
var kinds = map[values.Kind]hivesv1.VectorKind{
	values.Directional: hivesv1.VectorKind_VECTOR_KIND_DIRECTIONAL,
	values.Prototype:   hivesv1.VectorKind_VECTOR_KIND_PROTOTYPE,
	values.Absent:      hivesv1.VectorKind_VECTOR_KIND_ABSENT,
	values.Unsupported: hivesv1.VectorKind_VECTOR_KIND_UNSUPPORTED,
}

var answers = map[values.Answer]hivesv1.Answer{
	values.Supports: hivesv1.Answer_ANSWER_SUPPORTS,
	values.Opposes:  hivesv1.Answer_ANSWER_OPPOSES,
	values.About:    hivesv1.Answer_ANSWER_ABOUT,
	values.Unsure:   hivesv1.Answer_ANSWER_UNSURE,
}

// selected returns the values that pass a request's filter. A kind that this version does not know is refused, not
// passed over: the filter would let through what it was meant to keep out.
func (g valued) selected(f *hivesv1.ValueFilter) ([]*values.Value, error) {
	out := values.Filter{Theories: f.GetTheories(), IDs: f.GetValueIds(), Subtrees: f.GetSubtrees()}
	for _, level := range f.GetLevels() {
		out.Levels = append(out.Levels, int(level))
	}
	for _, kind := range f.GetKinds() {
		known := false
		for own, named := range kinds {
			if named == kind {
				out.Kinds, known = append(out.Kinds, own), true
			}
		}
		if !known {
			return nil, Refuse(fault.Invalid, "UNKNOWN_KIND",
				"kind %d is none of DIRECTIONAL, PROTOTYPE, ABSENT and UNSUPPORTED", kind)
		}
	}
	return g.Values.Select(out)
}

// value finds one by its id; that there is none is said with the nearest id (values.Select).
func (g valued) value(id string) (*values.Value, error) {
	among, err := g.Values.Select(values.Filter{IDs: []string{id}})
	if err != nil {
		return nil, err
	}
	return among[0], nil
}

// valueProto is a value as the interface tells it: where it stands, what its vector is, and what that rests on.
func valueProto(v *values.Value) *hivesv1.Value {
	out := &hivesv1.Value{
		ValueId: v.ID, Theory: v.Theory, Path: v.Path, Level: uint32(v.Level), Definition: v.Definition, Works: v.Works,
		Kind: kinds[v.Kind], Reason: v.Note,
		Counts: &hivesv1.Counts{Supporting: uint32(v.Supports), Opposing: uint32(v.Opposes),
			Undirected: uint32(v.Neither)},
	}
	if v.Spread != nil {
		out.Spread = &hivesv1.Spread{Draws: uint32(v.Spread.Draws), MeanCosine: float32(v.Spread.Cosine),
			LowCosine: float32(v.Spread.Low)}
	}
	for _, r := range v.Rests {
		out.RestsOn = append(out.RestsOn,
			&hivesv1.CorpusSides{Corpus: r.Corpus, Supporting: uint32(r.Supports), Opposing: uint32(r.Opposes),
				Weight: float32(r.Weight)})
	}
	out.Evidence = evidenceProto(v)
	return out
}

// evidenceProto gathers the figures of the vector and of what scores texts. Evidence and probabilities come from
// different fits, and a value may have either without the other.
func evidenceProto(v *values.Value) *hivesv1.Evidence {
	if v.Evidence == nil && v.About == nil && v.Support == nil {
		return nil
	}
	out := &hivesv1.Evidence{}
	if e := v.Evidence; e != nil {
		out.Sides, out.Corpora, out.Prototype = aucProto(e.Sides), aucProto(e.Corpora), aucProto(e.About)
	}
	if v.About != nil {
		out.About = aucProto(&v.About.AUC)
	}
	if v.Support != nil {
		out.Supports = aucProto(&v.Support.AUC)
	}
	return out
}

// aucProto leaves a figure out that is not known, with its interval and its counts.
func aucProto(f *values.Figure) *hivesv1.Auc {
	if f == nil {
		return nil
	}
	return &hivesv1.Auc{Value: float32(f.AUC), Low: float32(f.Low), High: float32(f.High),
		Positives: uint32(f.Positives), Negatives: uint32(f.Negatives), Groups: uint32(f.Groups)}
}

// scoreProto leaves the stance of a prototype open, whatever the sign of its cosine. A value without a vector has no
// cosine, and 0 would say "neither side": the fields are left out.
//
//	care, directional, cosine .31     stance SUPPORTS, cosine and strength
//	caring, a prototype, cosine .31   stance UNSIGNED, cosine and strength
//	absent                            stance UNSIGNED, neither
func scoreProto(s values.Score) *hivesv1.ValueScore {
	v := s.Value
	out := &hivesv1.ValueScore{
		ValueId: v.ID, Theory: v.Theory, Path: v.Path, Level: uint32(v.Level), Kind: kinds[v.Kind],
		Stance: hivesv1.Stance_STANCE_UNSIGNED, Answer: answers[s.Answer],
		About: probabilityProto(s.About), Supports: probabilityProto(s.Support),
		Margin: present(s.Margin), Percentile: present(s.Percentile),
	}
	if v.Vector != nil {
		out.Cosine, out.Strength = float32(s.Cosine), float32(s.Strength)
	}
	if v.Kind == values.Directional {
		out.Stance = stance(s.Cosine)
	}
	return out
}

// present is absent for NaN. NaN means "not defined for this text"; on the wire an absent field says that without a
// number that clients would have to know.
func present(x float64) *float32 {
	if math.IsNaN(x) {
		return nil
	}
	out := float32(x)
	return &out
}

// probabilityProto leaves out what is not known. An absent probability is not 0: the value has no regression, or
// the text makes no sense.
func probabilityProto(p *values.Probability) *hivesv1.Probability {
	if p == nil {
		return nil
	}
	return &hivesv1.Probability{Value: float32(p.P), Low: float32(p.Low), High: float32(p.High)}
}

// stance is unspecified for a text that stands exactly between the sides.
func stance(cosine float64) hivesv1.Stance {
	switch {
	case cosine > 0:
		return hivesv1.Stance_STANCE_SUPPORTS
	case cosine < 0:
		return hivesv1.Stance_STANCE_OPPOSES
	}
	return hivesv1.Stance_STANCE_UNSPECIFIED
}

// anchorProto tells which of the two banks a sentence is from, since their ids are numbered apart.
func anchorProto(a *values.Anchor) *hivesv1.Anchor {
	bank := hivesv1.AnchorBank_ANCHOR_BANK_INDIVIDUAL
	if a.Bank == anchors.Theory {
		bank = hivesv1.AnchorBank_ANCHOR_BANK_THEORY
	}
	return &hivesv1.Anchor{AnchorId: a.ID, Bank: bank, Kind: a.Kind, Text: a.Text, ValueIds: a.ValueIDs,
		Count: uint32(a.Count)}
}

// vectors says which file answers and what it rests on. It goes with every reply: a client that keeps cosines can
// see later which file and which rows they came from.
func (g valued) vectors() *hivesv1.VectorsVersion {
	s := g.Values
	return &hivesv1.VectorsVersion{
		Sha256: s.SHA256, WeightsSha256: s.Model.WeightsSHA256, TokenizerSha256: s.Model.TokenizerSHA256,
		Dimension: uint32(s.Model.Dimension), MinRows: uint32(s.MinSide), Sides: string(s.SidesFrom()),
		Provenance: map[string]string{
			"model": s.Model.Name, "data_file": s.Source.File, "data_sha256": s.Source.SHA256,
			"rows": strconv.Itoa(s.Source.Rows), "texts": strconv.Itoa(s.Source.Texts),
			"seed": strconv.FormatUint(s.Seed, 10), "resamples": strconv.Itoa(s.Resamples),
		},
	}
}
