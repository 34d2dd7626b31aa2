package serve

import (
	"context"

	"google.golang.org/grpc"

	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
	"hives/values"
)

// valueService is hives.v1.ValueService.
type valueService struct {
	hivesv1.UnimplementedValueServiceServer
	s *Server
}

// RegisterValues adds ValueService; it is for Options.Register. Texts take the path that Embed's take, in the
// same queue under the same limits.
func RegisterValues(s *Server, to grpc.ServiceRegistrar) {
	hivesv1.RegisterValueServiceServer(to, valueService{s: s})
}

// valued is a generation that has value vectors. Model and vectors belong together for as long as it is held: a
// swap in the middle of a call changes neither under it.
type valued struct {
	*Generation
	limits Limits
}

// acquire is Acquire for calls that need value vectors. Whoever gets a generation owes the release.
func (v valueService) acquire() (valued, func(), error) {
	g, release, err := v.s.Acquire()
	if err != nil {
		return valued{}, nil, err
	}
	if g.Values == nil {
		release()
		return valued{}, nil, Refuse(fault.Mismatch, "NO_VECTORS",
			"this server has no value vectors: make them with hives vectors build and start it with --vectors")
	}
	return valued{g, v.s.opt.Limits}, release, nil
}

// withValues runs one method on the generation that serves now; its errors become gRPC statuses. Every method goes
// through it, so none can forget the release.
func withValues[T any](v valueService, do func(valued) (*T, error)) (*T, error) {
	g, release, err := v.acquire()
	if err != nil {
		return nil, Status(err)
	}
	defer release()
	out, err := do(g)
	if err != nil {
		return nil, Status(err)
	}
	return out, nil
}

// ListValues implements the method for gRPC.
func (v valueService) ListValues(_ context.Context, r *hivesv1.ListValuesRequest) (*hivesv1.ListValuesResponse, error) {
	return withValues(v, func(g valued) (*hivesv1.ListValuesResponse, error) {
		among, err := g.selected(r.Filter)
		if err != nil {
			return nil, err
		}
		out := &hivesv1.ListValuesResponse{Vectors: g.vectors()}
		for _, value := range among {
			out.Values = append(out.Values, valueProto(value))
		}
		return out, nil
	})
}

// GetValueVector implements the method for gRPC.
func (v valueService) GetValueVector(_ context.Context,
	r *hivesv1.GetValueVectorRequest) (*hivesv1.GetValueVectorResponse, error) {
	return withValues(v, func(g valued) (*hivesv1.GetValueVectorResponse, error) {
		value, err := g.value(r.ValueId)
		if err != nil {
			return nil, err
		}
		o, err := g.output(&hivesv1.EmbedRequest{Dimensions: r.Dimensions, Encoding: r.Encoding})
		if err != nil {
			return nil, err
		}
		out := &hivesv1.GetValueVectorResponse{Value: valueProto(value), Model: g.Version, Vectors: g.vectors()}
		// An absent value has no vector. It is no error: its kind and the reason are the answer.
		if value.Vector == nil {
			return out, nil
		}
		out.Vector = &hivesv1.Vector{Encoding: r.Encoding}
		out.Vector.Values, out.Vector.Packed, out.Vector.Scale, err = EncodeVector(Cut(value.Vector, o.d, true),
			o.encoding)
		return out, err
	})
}

// ScoreTexts implements the method for gRPC. The steps: which values (filter), whether the reply will fit
// (scorable), the texts' vectors, and then for each text its scores against those values. Only the vectors need the
// engine.
func (v valueService) ScoreTexts(ctx context.Context, r *hivesv1.ScoreTextsRequest) (*hivesv1.ScoreTextsResponse,
	error) {
	return withValues(v, func(g valued) (*hivesv1.ScoreTextsResponse, error) {
		among, err := g.selected(r.Filter)
		if err == nil {
			err = g.scorable(r, among)
		}
		if err != nil {
			return nil, err
		}
		texts := Texts{Texts: r.Texts, TokenIDs: r.TokenIds, Prompt: r.Prompt, Overlong: r.Overlong}
		embedded, err := g.Embed(ctx, g.limits, texts)
		if err != nil {
			return nil, err
		}
		out := &hivesv1.ScoreTextsResponse{Model: g.Version, Vectors: g.vectors(), Timings: embedded.Timings}
		for i, raw := range embedded.Raw {
			text := &hivesv1.TextScores{Tokens: uint32(embedded.Tokens[i]), Truncated: embedded.Truncated[i]}
			// Cosines are of unit vectors, whatever the request wants to see.
			unit := Cut(raw, len(raw), true)
			scores := g.Values.Scores(unit, among)
			text.Sense = g.Values.Sense(unit)
			if len(r.Texts) > 0 { // of ids the words are not known
				scores = g.Values.ScoreText(r.Texts[i], unit, among)
				text.Sense = text.Sense && !values.Wordless(r.Texts[i])
			}
			// Scores come in the order of their strength, so the first k are the top k.
			for _, score := range scores[:min(topK(r.TopK), len(scores))] {
				text.Scores = append(text.Scores, scoreProto(score))
			}
			out.Results = append(out.Results, text)
		}
		return out, nil
	})
}

// scorable refuses, before any work, a sign that nobody can give and a reply that is too large. The size is bounded
// by the largest value's, since which of them a text will score highest is not known yet.
//
//	10 values of at most 200 bytes for each of 256 texts     256 × (2,000 + 32) = 520 kB: fits 4 MiB
//	all 500 values for each of 256                           25.6 MB: REPLY_TOO_LARGE, with what to lower
func (g valued) scorable(r *hivesv1.ScoreTextsRequest, among []*values.Value) error {
	largest := 0
	for _, value := range among {
		if r.RequireSign && value.Kind != values.Directional {
			return Refuse(fault.Mismatch, "UNSIGNED", "value %s is %s, not directional, so a score has no sign "+
				"(%s): filter by kind, or do without require_sign", value.ID, value.Kind, value.Note)
		}
		largest = max(largest, scoreBytes(value))
	}
	texts, k := max(len(r.Texts), len(r.TokenIds)), min(topK(r.TopK), len(among))
	if most := g.limits.ReplyBytes - replyBytes; texts*(k*largest+embeddingBytes) > most {
		return Refuse(fault.Invalid, "REPLY_TOO_LARGE", "%d values for each of %d texts do not fit a reply of %d "+
			"bytes: lower top_k or send fewer texts", k, texts, g.limits.ReplyBytes)
	}
	return nil
}

// scoreBytes bounds one ValueScore on the wire, in bytes. It counts too much rather than too little: a reply that
// gRPC refuses for its size comes after the work.
func scoreBytes(v *values.Value) int {
	n := len(v.ID) + len(v.Theory) + 128 // the numbers, tags and lengths
	for _, name := range v.Path {
		n += len(name) + 4
	}
	return n
}

// topK is 10 where a request does not say. More than a million is a million: there are never as many values, and
// products with it stay far from an overflow.
func topK(asked uint32) int {
	if asked == 0 {
		return 10
	}
	return int(min(asked, 1<<20))
}
