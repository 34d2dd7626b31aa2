package serve

import (
	"context"
	"unicode/utf8"

	"google.golang.org/grpc"

	"hives/internal/fault"
	"hives/internal/serve/schedule"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
)

// The services of text-embeddings-inference, in its semantics: one text a message, refused if too long unless
// truncate is set, normalised unless normalize is false, prompts by name.
type (
	teiInfo struct {
		teiv1.UnimplementedInfoServer
		s *Server
	}
	teiEmbed struct {
		teiv1.UnimplementedEmbedServer
		s *Server
	}
	teiTokenize struct {
		teiv1.UnimplementedTokenizeServer
		s *Server
	}
)

// registerTEI adds the three services that have something to answer; upstream's others stay UNIMPLEMENTED.
func registerTEI(to grpc.ServiceRegistrar, s *Server) {
	teiv1.RegisterInfoServer(to, teiInfo{s: s})
	teiv1.RegisterEmbedServer(to, teiEmbed{s: s})
	teiv1.RegisterTokenizeServer(to, teiTokenize{s: s})
}

// Info implements the method for gRPC. Its fields are upstream's, filled with what comes nearest here: there are no
// workers to tokenise, so the engine's threads stand for them.
func (t teiInfo) Info(context.Context, *teiv1.InfoRequest) (*teiv1.InfoResponse, error) {
	g, release, err := t.s.Acquire()
	if err != nil {
		return nil, Status(err)
	}
	defer release()
	l, largest := t.s.opt.Limits, 0
	for _, shape := range g.Runner.Shapes() {
		largest = max(largest, shape.Tokens())
	}
	// TEI knows the types of weights only: operands of half precision over float32 weights are float32 there.
	dtype := map[string]string{"f32": "float32", "mixed": "float32", "mixed16": "float32",
		"bf16": "bfloat16"}[g.Version.Precision]
	return &teiv1.InfoResponse{
		Version: t.s.opt.Server, ModelId: g.Version.Name, ModelSha: &g.Version.WeightsSha256, ModelDtype: dtype,
		ModelType: teiv1.ModelType_MODEL_TYPE_EMBEDDING, MaxConcurrentRequests: uint32(l.Calls),
		MaxInputLength: uint32(g.MaxLength), MaxBatchTokens: uint32(largest), MaxClientBatchSize: uint32(l.Texts),
		TokenizationWorkers: g.Engine.Threads,
	}, nil
}

// Embed implements the method for gRPC.
func (t teiEmbed) Embed(ctx context.Context, r *teiv1.EmbedRequest) (*teiv1.EmbedResponse, error) {
	out, err := t.s.teiEmbed(ctx, r, nil)
	return out, Status(err)
}

// teiEmbed embeds one text; a flow marks it as part of a stream. What TEI means is translated into one request of
// ours, and everything else is as for it: the same limits, queue, cache and vectors.
func (s *Server) teiEmbed(ctx context.Context, r *teiv1.EmbedRequest, flow *schedule.Flow) (*teiv1.EmbedResponse,
	error) {
	g, release, err := s.Acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if r.TruncationDirection != teiv1.TruncationDirection_TRUNCATION_DIRECTION_RIGHT {
		return nil, Refuse(fault.Invalid, "TRUNCATION_DIRECTION", "texts are cut at their end only")
	}
	prompt, err := g.prompt(r.PromptName)
	if err != nil {
		return nil, err
	}
	o, err := g.output(&hivesv1.EmbedRequest{Dimensions: r.Dimensions, Normalize: r.Normalize})
	if err != nil {
		return nil, err
	}
	// TEI's default is to refuse, ours to cut.
	overlong := hivesv1.Overlong_OVERLONG_REFUSE
	if r.Truncate {
		overlong = hivesv1.Overlong_OVERLONG_TRUNCATE
	}
	v, err := g.Embed(ctx, s.opt.Limits,
		Texts{Texts: []string{r.Inputs}, Prompt: prompt, Overlong: overlong, Bulk: flow != nil, Flow: flow})
	if err != nil {
		return nil, err
	}
	return &teiv1.EmbedResponse{
		Embeddings: Cut(v.Raw[0], o.d, o.normalize),
		Metadata: &teiv1.Metadata{
			ComputeChars: uint32(utf8.RuneCountInString(r.Inputs)), ComputeTokens: uint32(v.Tokens[0]),
			TotalTimeNs: v.Timings.TotalNs, TokenizationTimeNs: v.Timings.TokenizeNs,
			QueueTimeNs: v.Timings.QueueNs, InferenceTimeNs: v.Timings.InferNs,
		},
	}, nil
}

// prompt finds one of the model's prompts; no name is no prompt. The error counts the prompts and quotes neither
// them nor the name: both are somebody's words.
func (g *Generation) prompt(name *string) (string, error) {
	if name == nil || *name == "" {
		return "", nil
	}
	if p, ok := g.Prompts[*name]; ok {
		return p, nil
	}
	return "", Refuse(fault.Invalid, "UNKNOWN_PROMPT", "the model has no prompt of this name; it has %d",
		len(g.Prompts))
}

// EmbedStream implements the method for gRPC. All messages of the stream are one flow: a stream of single texts is
// worth as much of the engine as one call.
func (t teiEmbed) EmbedStream(stream teiv1.Embed_EmbedStreamServer) error {
	flow := &schedule.Flow{Who: Caller(stream.Context())}
	return t.s.ordered(stream.Context(), func(ctx context.Context) error {
		return inOrder(ctx, t.s, stream.Recv, stream.Send, func(r *teiv1.EmbedRequest) (*teiv1.EmbedResponse, error) {
			return t.s.teiEmbed(ctx, r, flow)
		})
	})
}

// Tokenize implements the method for gRPC.
func (t teiTokenize) Tokenize(ctx context.Context, r *teiv1.EncodeRequest) (*teiv1.EncodeResponse, error) {
	out, err := t.s.teiTokenize(ctx, r)
	return out, Status(err)
}

// TokenizeStream implements the method for gRPC.
func (t teiTokenize) TokenizeStream(stream teiv1.Tokenize_TokenizeStreamServer) error {
	return t.s.ordered(stream.Context(), func(ctx context.Context) error {
		return inOrder(ctx, t.s, stream.Recv, stream.Send, func(r *teiv1.EncodeRequest) (*teiv1.EncodeResponse, error) {
			return t.s.teiTokenize(ctx, r)
		})
	})
}

// teiTokenize frames a text; special are the tokens of the frame alone. A text that is too long is refused: TEI's
// request has no way to ask for a cut here.
func (s *Server) teiTokenize(ctx context.Context, r *teiv1.EncodeRequest) (*teiv1.EncodeResponse, error) {
	g, release, err := s.Acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	prompt, err := g.prompt(r.PromptName)
	if err != nil {
		return nil, err
	}
	f, err := g.Tokens(ctx, s.opt.Limits,
		Texts{Texts: []string{r.Inputs}, Prompt: prompt, Overlong: hivesv1.Overlong_OVERLONG_REFUSE})
	if err != nil {
		return nil, err
	}
	return &teiv1.EncodeResponse{Tokens: tokens(g.Framed, f.ids[0], prompt+r.Inputs, r.AddSpecialTokens)}, nil
}
