package serve

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// embedService is hives.v1.EmbedService.
type embedService struct {
	hivesv1.UnimplementedEmbedServiceServer
	s *Server
}

// Embed implements the method for gRPC.
func (e embedService) Embed(ctx context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	return e.s.Embed(ctx, r)
}

// Embed answers a request as the RPC does, for callers in this process. Its errors are gRPC statuses.
//
// All that needs no work is checked first: dimensions and encoding, then whether the reply will fit, then (in
// Generation.Embed) the texts themselves.
//
// Vectors come in the order of the texts, [N][d]. Reasons of a refusal: NO_TEXTS, TOO_MANY_TEXTS, EMPTY_TEXT,
// DIMENSIONS and the others of docs/EMBEDD.md; QUEUE_FULL with a time to come again.
func (s *Server) Embed(ctx context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	g, release, err := s.Acquire()
	if err != nil {
		return nil, Status(err)
	}
	defer release()
	o, err := g.output(r)
	if err == nil {
		err = o.fits(s.opt.Limits, max(len(r.Texts), len(r.TokenIds)))
	}
	if err != nil {
		return nil, Status(err)
	}
	v, err := g.Embed(ctx, s.opt.Limits, textsOf(r))
	if err != nil {
		return nil, Status(err)
	}
	began := time.Now()
	out, err := o.response(g, v, 0, len(v.Raw))
	s.opt.Observe.stage(ctx, StageEncode, began, time.Since(began))
	return out, Status(err)
}

// textsOf takes the texts out of a request; how their vectors leave is output's business.
func textsOf(r *hivesv1.EmbedRequest) Texts {
	return Texts{Texts: r.Texts, TokenIDs: r.TokenIds, Prompt: r.Prompt, Overlong: r.Overlong}
}

// output says how vectors leave: their first d numbers, divided by their norm or not, in which encoding.
type output struct {
	d         int
	normalize bool
	encoding  hivesv1.Encoding
}

// output reads how the vectors of a request are to leave, and refuses what is not meant: 0 dimensions, more than
// there are, an encoding of a later version. Normalising is the default where a request says nothing.
//
//	nothing said                     all numbers, normalised, float32
//	dimensions 256                   the first 256, normalised again
//	dimensions 256, normalize false  the first 256 as they are
//	dimensions 0                     DIMENSIONS: 0 was said, and is not the same as nothing
func (g *Generation) output(r *hivesv1.EmbedRequest) (output, error) {
	o := output{d: g.Runner.Dim(), normalize: r.Normalize == nil || *r.Normalize, encoding: r.Encoding}
	if r.Dimensions != nil {
		if *r.Dimensions < 1 || uint64(*r.Dimensions) > uint64(o.d) {
			return o, Refuse(fault.Invalid, "DIMENSIONS", "%d dimensions asked for, the model has 1 to %d",
				*r.Dimensions, o.d)
		}
		o.d = int(*r.Dimensions)
	}
	if _, known := hivesv1.Encoding_name[int32(r.Encoding)]; !known {
		return o, Refuse(fault.Invalid, "UNKNOWN_ENCODING", "encoding %d is not known", r.Encoding)
	}
	return o, nil
}

// Both are upper bounds, with room: a reply that was let in must never be refused by gRPC for its size afterwards.
const (
	embeddingBytes = 32   // a vector's fields beside its numbers: tags, lengths, scale, tokens, truncated
	replyBytes     = 1024 // a reply's fields beside its vectors: the model's version, timings
)

// perReply is how many vectors surely fit one message. With the defaults, 4 MiB a reply and 1,024 numbers of 4
// bytes: (4,194,304 − 1,024) / (4,096 + 32) = 1,015 vectors.
func (o output) perReply(l Limits) int {
	return max(0, (l.ReplyBytes-replyBytes)/(encodedBytes(o.d, o.encoding)+embeddingBytes))
}

// fits refuses a reply that would be too large, before any work. A stream need not ask: it sends as many replies as
// it takes.
func (o output) fits(l Limits, texts int) error {
	if most := o.perReply(l); texts > most {
		return Refuse(fault.Invalid, "REPLY_TOO_LARGE", "%d vectors of %d numbers do not fit a reply of %d bytes: "+
			"ask for at most %d, for fewer dimensions or a smaller encoding, or use EmbedStream",
			texts, o.d, l.ReplyBytes, most)
	}
	return nil
}

// response encodes the vectors from first up to end.
// The only error is that of an encoding that cannot hold a number (FLOAT16_OVERFLOW). v is shared with other
// requests and stays as it is: Cut copies.
func (o output) response(g *Generation, v *Vectors, first, end int) (*hivesv1.EmbedResponse, error) {
	out := &hivesv1.EmbedResponse{Model: g.Version, Timings: v.Timings}
	for i := first; i < end; i++ {
		e := &hivesv1.Embedding{Tokens: uint32(v.Tokens[i]), Truncated: v.Truncated[i]}
		var err error
		if e.Values, e.Packed, e.Scale, err = EncodeVector(Cut(v.Raw[i], o.d, o.normalize), o.encoding); err != nil {
			return nil, err
		}
		out.Embeddings = append(out.Embeddings, e)
	}
	return out, nil
}

// Tokenize implements the method for gRPC. It takes no room in the queue, as nothing is embedded, but its texts are
// paid for: tokenising costs too.
func (e embedService) Tokenize(ctx context.Context, r *hivesv1.TokenizeRequest) (*hivesv1.TokenizeResponse, error) {
	g, release, err := e.s.Acquire()
	if err != nil {
		return nil, Status(err)
	}
	defer release()
	f, err := g.Tokens(ctx, e.s.opt.Limits, Texts{Texts: r.Texts, Prompt: r.Prompt, Overlong: r.Overlong})
	if err != nil {
		return nil, Status(err)
	}
	out := &hivesv1.TokenizeResponse{Model: g.Version}
	for i, ids := range f.ids {
		text := &hivesv1.TokenizedText{Truncated: f.truncated[i]}
		for _, id := range ids {
			text.Ids = append(text.Ids, uint32(id))
		}
		out.Results = append(out.Results, text)
	}
	return out, nil
}

// GetInfo implements the method for gRPC.
func (e embedService) GetInfo(context.Context, *hivesv1.GetInfoRequest) (*hivesv1.GetInfoResponse, error) {
	g, release, err := e.s.Acquire()
	if err != nil {
		return nil, Status(err)
	}
	defer release()
	// A copy: shapes would otherwise be appended to what all replies share.
	engine := proto.CloneOf(g.Engine)
	for _, shape := range g.Runner.Shapes() {
		engine.Shapes = append(engine.Shapes,
			&hivesv1.Shape{Rows: uint32(shape.Rows), Length: uint32(shape.Length), Texts: uint32(shape.Texts)})
	}
	return &hivesv1.GetInfoResponse{
		Model: g.Version, Limits: e.s.opt.Limits.proto(g.MaxLength), Engine: engine,
		Prompts: g.Prompts, Server: e.s.opt.Server, VectorsSha256: g.vectorsSHA256(),
	}, nil
}
