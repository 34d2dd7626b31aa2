package main

import (
	"context"
	"math"
	"slices"
	"sort"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	hivesv1 "hives/baselines/hugot/hives/v1"
)

// maxTexts of one request, as embedd's default: clients then cut their requests alike.
const maxTexts = 256

// embedder makes raw vectors of texts. It is an interface so that tests of the service need no model of 91 MB.
type embedder interface {
	Tokens(texts []string) []int
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// service answers Embed and GetInfo; other methods are unimplemented.
type service struct {
	hivesv1.UnimplementedEmbedServiceServer
	model   embedder
	version *hivesv1.ModelVersion
}

// newService serves a model under the version that replies name.
func newService(m embedder, v *hivesv1.ModelVersion) *service { return &service{model: m, version: v} }

// GetInfo implements the method.
func (s *service) GetInfo(context.Context, *hivesv1.GetInfoRequest) (*hivesv1.GetInfoResponse, error) {
	// Of limits only those that a client must keep to here; 0 means that there is none.
	return &hivesv1.GetInfoResponse{
		Model: s.version, Limits: &hivesv1.Limits{MaxTexts: maxTexts, MaxLength: s.version.MaxLength},
		Engine: &hivesv1.Engine{Name: "hugot", Choice: "hugot's pure-Go session"}, Server: "baseline hugot 0.7.5",
	}, nil
}

// Embed implements the method for texts, in float32. The steps: refuse, put the prompt before each text, cut, embed
// in batches of like length, and give the vectors back in the request's order.
func (s *service) Embed(ctx context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	if err := s.check(r); err != nil {
		return nil, err
	}
	texts := make([]string, len(r.Texts))
	for i, text := range r.Texts {
		texts[i] = r.Prompt + text
	}
	// fit cuts texts in place, so texts is a copy of the request's.
	tokens, truncated, err := s.fit(texts, r.Overlong)
	if err != nil {
		return nil, err
	}
	// Batches of like length are padded least, so the order of the work is not that of the request.
	out := make([]*hivesv1.Embedding, len(texts))
	// out is filled in the request's order; at is a text's place there.
	for batch := range slices.Chunk(byLength(tokens), batchTexts) {
		some := make([]string, len(batch))
		for i, at := range batch {
			some[i] = texts[at]
		}
		vectors, err := s.model.Embed(ctx, some)
		// A client that went away is told so; the engine's own error would blame the wrong one.
		if ctx.Err() != nil {
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		if err != nil || len(vectors) != len(batch) {
			return nil, status.Errorf(codes.Internal, "%d vectors of %d texts: %v", len(vectors), len(batch), err)
		}
		for i, at := range batch {
			out[at] = &hivesv1.Embedding{Values: s.cut(vectors[i], r), Tokens: uint32(tokens[at]), Truncated: truncated[at]}
		}
	}
	return &hivesv1.EmbedResponse{Embeddings: out, Model: s.version}, nil
}

// check refuses what this server cannot do, rather than do something else.
func (s *service) check(r *hivesv1.EmbedRequest) error {
	refuse := func(format string, args ...any) error { return status.Errorf(codes.InvalidArgument, format, args...) }
	switch {
	// Ids would need the vocabulary of this model's tokenizer, which no reply tells.
	case len(r.Texts) == 0 || len(r.TokenIds) > 0:
		return refuse("give texts; token_ids are not served here")
	case len(r.Texts) > maxTexts:
		return refuse("%d texts, a request takes at most %d", len(r.Texts), maxTexts)
	case r.Encoding != hivesv1.Encoding_ENCODING_FLOAT32:
		return refuse("encoding %v is not served here", r.Encoding)
	case r.Dimensions != nil && (*r.Dimensions < 1 || *r.Dimensions > s.version.Dimension):
		return refuse("%d dimensions asked for, the model has 1 to %d", *r.Dimensions, s.version.Dimension)
	}
	if at := slices.Index(r.Texts, ""); at >= 0 {
		return refuse("text %d is empty", at)
	}
	return nil
}

// fit cuts, in place, texts that are too long to the longest beginning that is not. That is where a WordPiece's ids are
// cut: the beginning of a word has the same first pieces as the word.
//
// How the cut is found: the number of tokens of a beginning never falls as it grows, so a binary search over its
// characters finds the longest that fits. Of a text of 4,096 characters that is 12 tokenisations.
func (s *service) fit(texts []string, overlong hivesv1.Overlong) (tokens []int, truncated []bool, err error) {
	tokens, truncated = s.model.Tokens(texts), make([]bool, len(texts))
	most := int(s.version.MaxLength)
	for i, text := range texts {
		if tokens[i] <= most {
			continue
		}
		if overlong == hivesv1.Overlong_OVERLONG_REFUSE {
			return nil, nil, status.Errorf(codes.InvalidArgument, "text %d: more than %d tokens", i, most)
		}
		// Characters and not bytes: half a character would be another token.
		runes := []rune(text)
		// The least n whose n+1 characters are too many tokens: n characters are the most that fit.
		keep := sort.Search(len(runes), func(n int) bool { return s.model.Tokens([]string{string(runes[:n+1])})[0] > most })
		texts[i], truncated[i] = string(runes[:keep]), true
		tokens[i] = s.model.Tokens(texts[i : i+1])[0]
	}
	return tokens, truncated, nil
}

// byLength returns the places of texts, short ones first: a batch is padded to its longest.
//
//	tokens [30, 5, 12]     places [1, 2, 0]
func byLength(tokens []int) []int {
	order := make([]int, len(tokens))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return tokens[a] - tokens[b] })
	return order
}

// cut keeps the first numbers and divides them by their L2 norm, as the request asks. Normalising is the default,
// as in embedd. A vector of zeros stays one.
func (s *service) cut(v []float32, r *hivesv1.EmbedRequest) []float32 {
	if r.Dimensions != nil {
		v = v[:*r.Dimensions]
	}
	if r.Normalize != nil && !*r.Normalize {
		return v
	}
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return v
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / math.Sqrt(sum))
	}
	return out
}
