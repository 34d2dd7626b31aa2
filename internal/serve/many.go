package serve

import (
	"context"

	"hives/internal/fault"
	"hives/internal/serve/schedule"
	hivesv1 "hives/proto/hives/v1"
)

// EmbedMany answers a request of more texts than a call of gRPC may have, for companions whose clients know no stream:
// part by part, each as large as a call's. The first part is refused where there is no room; the others wait, since the
// work on those before them would be lost. All parts are answered by one model.
func (s *Server) EmbedMany(ctx context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	g, release, err := s.Acquire()
	if err != nil {
		return nil, Status(err)
	}
	defer release()
	out, err := g.embedMany(ctx, s.opt.Limits, r)
	return out, Status(err)
}

// embedMany cuts a request into parts and embeds them one after another.
//
//	300 texts, at most 256 a call     parts [0, 256) and [256, 300)
//	part 1 finds no room              the whole request is refused: nothing was spent
//	part 2 finds no room              it waits: part 1's vectors exist already
//
// All parts share one flow, so a large request gets no more of the engine than a small one beside it. The exact
// tokens of the parts before are taken off what the next may have, so the whole keeps to HTTPTokens.
func (g *Generation) embedMany(ctx context.Context, l Limits, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	o, err := g.output(r)
	if err != nil {
		return nil, err
	}
	// The whole is checked against HTTP's limit of texts, each part against a call's.
	all, whole := textsOf(r), l
	whole.Texts = l.HTTPTexts
	if err := g.validate(whole, &all); err != nil {
		return nil, err
	}
	if n := g.estimate(&all); n > l.HTTPTokens {
		return nil, Refuse(fault.Invalid, "TOO_MANY_TOKENS", "about %d tokens, a request takes at most %d", n,
			l.HTTPTokens)
	}
	out := &hivesv1.EmbedResponse{Model: g.Version}
	flow, tokens := &schedule.Flow{Who: Caller(ctx)}, 0
	for first := 0; first < all.count(); {
		part := all.part(first, g.partEnd(&all, first, l))
		// Only the first part may be refused for want of room.
		part.Flow, part.Bulk = flow, first > 0
		each := l
		each.RequestTokens = min(l.RequestTokens, l.HTTPTokens-tokens)
		v, err := g.Embed(ctx, each, part)
		if err != nil {
			return nil, err
		}
		encoded, err := o.response(g, v, 0, len(v.Raw))
		if err != nil {
			return nil, err
		}
		out.Embeddings = append(out.Embeddings, encoded.Embeddings...)
		for _, n := range v.Tokens {
			tokens += n
		}
		first += part.count()
	}
	return out, nil
}

// part is the texts from first up to end. An error of it counts from the whole's first text.
func (t Texts) part(first, end int) Texts {
	t.First = first
	if len(t.Texts) > 0 {
		t.Texts = t.Texts[first:end]
	} else {
		t.TokenIDs = t.TokenIDs[first:end]
	}
	return t
}

// partEnd is how far a part from first goes that surely keeps to a call's limits: a text has no more tokens than
// bytes, the frame's apart. One text that alone exceeds the limit is a part of its own, and is refused by it with
// the right words.
//
//	limits 256 texts, 65,536 tokens; texts of 1,000 bytes, MaxLength 512
//	each counts min(1,002, 512) = 512: 128 texts fit, so the part ends at first + 128
func (g *Generation) partEnd(t *Texts, first int, l Limits) int {
	tokens := 0
	for i := first; i < t.count() && i < first+l.Texts; i++ {
		n := 0
		if len(t.Texts) > 0 {
			n = min(len(t.Prompt)+len(t.Texts[i])+2, g.MaxLength)
		} else {
			n = min(len(t.TokenIDs[i].GetIds()), g.MaxLength)
		}
		if tokens += n; tokens > l.RequestTokens && i > first {
			return i
		}
	}
	return min(t.count(), first+l.Texts)
}
