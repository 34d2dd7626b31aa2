package client

import (
	"context"

	"golang.org/x/sync/errgroup"

	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// EmbedAll is Embed for any number of texts: it sends them by requests that the server takes, a few at once, and
// returns the vectors in the order of the texts. Timings are left out. All vectors are of one model, or it fails.
func (c *Client) EmbedAll(ctx context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	parts := split(r, c.info)
	answers := make([]*hivesv1.EmbedResponse, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.options.parallel)
	for i, p := range parts {
		group.Go(func() (err error) {
			answers[i], err = c.Embed(ctx, part(r, p.from, p.to))
			if err != nil && len(parts) > 1 {
				err = fault.New(fault.Of(err), "texts %d to %d: %w", p.from, p.to-1, err)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return join(answers, parts)
}

// join puts the answers behind each other. Servers of one target may be in the middle of an update: vectors of
// two models are an error, since nothing in the list would show where one ends.
func join(answers []*hivesv1.EmbedResponse, parts []span) (*hivesv1.EmbedResponse, error) {
	out := &hivesv1.EmbedResponse{}
	for i, a := range answers {
		if n := parts[i].to - parts[i].from; len(a.Embeddings) != n {
			return nil, fault.New(fault.Corrupt, "the server answered %d vectors for %d texts", len(a.Embeddings), n)
		}
		if i > 0 && !same(out.Model, a.Model) {
			return nil, fault.New(fault.Mismatch, "the servers' models differ, or one was replaced: weights %.12s and %.12s; "+
				"try again when all serve one",
				out.Model.GetWeightsSha256(), a.Model.GetWeightsSha256())
		}
		out.Model = a.Model
		out.Embeddings = append(out.Embeddings, a.Embeddings...)
	}
	return out, nil
}

// same tells whether two models' vectors may be compared.
func same(a, b *hivesv1.ModelVersion) bool {
	return a.GetWeightsSha256() == b.GetWeightsSha256() && a.GetTokenizerSha256() == b.GetTokenizerSha256() &&
		a.GetPooling() == b.GetPooling()
}

// span is a part of a request's texts.
type span struct{ from, to int }

// part is a request for some of another's texts.
func part(r *hivesv1.EmbedRequest, from, to int) *hivesv1.EmbedRequest {
	out := &hivesv1.EmbedRequest{Prompt: r.Prompt, Dimensions: r.Dimensions, Normalize: r.Normalize, Overlong: r.Overlong,
		Encoding: r.Encoding}
	if len(r.Texts) > 0 {
		out.Texts = r.Texts[from:to]
	}
	if len(r.TokenIds) > 0 {
		out.TokenIds = r.TokenIds[from:to]
	}
	return out
}

// slack is what a message holds beside texts or vectors: tags, lengths, the model's version, timings.
const slack = 4096

// perText is what a text or vector of a message takes beside its content.
const perText = 32

// split cuts a request by the server's limits on texts, bytes in and out, and tokens, of which a text has at most
// one a byte. A single text that is beyond a limit stays a request of its own, for the server to refuse. A
// request with both texts and ids, or neither, is left to the server too.
//
// With at most 3 texts and 16,000 bytes a request, 4,096 of them set aside, texts of 4,000, 4,000, 4,000, 100 and 100
// bytes go as 0–1 and 2–4: the third would make 12,000 bytes beside what is set aside. Sizes are bounds from above, so
// a request that is cut here is never refused for its size.
//
// Invariant: the parts are in order, none is empty and they cover every text once.
func split(r *hivesv1.EmbedRequest, info *hivesv1.GetInfoResponse) []span {
	n := max(len(r.Texts), len(r.TokenIds))
	if n == 0 || (len(r.Texts) > 0 && len(r.TokenIds) > 0) {
		return []span{{0, n}}
	}
	l := info.GetLimits()
	out := vectorBytes(r, info)
	var parts []span
	from, in, tokens := 0, len(r.Prompt), 0
	for i := range n {
		bytes, ids := sizeOf(r, i, int(l.GetMaxLength()))
		full := over(i+1-from, l.GetMaxTexts()) || over(in+bytes+slack, l.GetMaxRequestBytes()) ||
			over(tokens+ids, l.GetMaxRequestTokens()) || over((i+1-from)*out+slack, l.GetMaxReplyBytes())
		if full && i > from {
			parts = append(parts, span{from, i})
			from, in, tokens = i, len(r.Prompt), 0
		}
		in, tokens = in+bytes, tokens+ids
	}
	return append(parts, span{from, n})
}

// over tells whether n is beyond a limit; 0 is none.
func over(n int, limit uint32) bool { return limit > 0 && n > int(limit) }

// sizeOf bounds a text's bytes in the message and its tokens: a token stands for at least one byte, and the
// server cuts a text at maxLength.
func sizeOf(r *hivesv1.EmbedRequest, i, maxLength int) (bytes, tokens int) {
	if len(r.TokenIds) > 0 {
		tokens = len(r.TokenIds[i].GetIds())
		bytes = 5 * tokens // a varint of 32 bits
	} else {
		bytes = len(r.Texts[i])
		tokens = len(r.Prompt) + bytes + 1 // the end token
	}
	if maxLength > 0 {
		tokens = min(tokens, maxLength)
	}
	return bytes + perText, tokens
}

// vectorBytes bounds one vector of the reply: 4 bytes a number, or 2, 1 or a bit as the encoding has it.
func vectorBytes(r *hivesv1.EmbedRequest, info *hivesv1.GetInfoResponse) int {
	d := int(info.GetModel().GetDimension())
	if r.Dimensions != nil {
		d = min(d, int(*r.Dimensions))
	}
	switch r.Encoding {
	case hivesv1.Encoding_ENCODING_FLOAT16:
		d *= 2
	case hivesv1.Encoding_ENCODING_INT8:
	case hivesv1.Encoding_ENCODING_BINARY:
		d = (d + 7) / 8
	default:
		d *= 4
	}
	return d + perText
}
