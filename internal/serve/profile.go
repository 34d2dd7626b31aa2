package serve

import (
	"context"

	"google.golang.org/grpc"

	"hives/internal/fault"
	"hives/internal/figure"
	"hives/profiles"
	hivesv1 "hives/proto/hives/v1"
	pb "hives/proto/hives/v1alpha1"
)

// profileService is hives.v1alpha1.ProfileService.
type profileService struct {
	pb.UnimplementedProfileServiceServer
	s *Server
}

// RegisterProfiles adds ProfileService; it is for Options.Register. Texts take the path that Embed's take, in the same
// queue under the same limits.
func RegisterProfiles(s *Server, to grpc.ServiceRegistrar) {
	pb.RegisterProfileServiceServer(to, profileService{s: s})
}

// ProfileTexts implements the method for gRPC. Model and profile model belong to one generation: a swap in the middle
// of a call changes neither under it. Nothing of a text outlives the call.
func (p profileService) ProfileTexts(ctx context.Context, r *pb.ProfileTextsRequest) (*pb.ProfileTextsResponse, error) {
	g, release, err := p.s.Acquire()
	if err != nil {
		return nil, Status(err)
	}
	defer release()
	if g.Profile == nil {
		return nil, Status(Refuse(fault.Mismatch, "NO_PROFILE", "this server has no profile model: make one with hives "+
			"profile fit and start it with --profile"))
	}
	out, err := g.profile(ctx, p.s.opt.Limits, r)
	if err != nil {
		return nil, Status(err)
	}
	return out, nil
}

// profile embeds the texts that have words, as hives profile text does, and pools what they say.
func (g *Generation) profile(ctx context.Context, limits Limits, r *pb.ProfileTextsRequest) (*pb.ProfileTextsResponse,
	error) {
	texts := make([]profiles.AuthorText, len(r.Texts))
	var words []string
	for i, text := range r.Texts {
		texts[i] = profiles.NewAuthorText(i+1, text)
		if !texts[i].Wordless() {
			words = append(words, texts[i].Text)
		}
	}
	vectors := make([][]float32, len(texts))
	timings := &hivesv1.Timings{}
	// Without any words there is no text to embed, unless there is no text at all: that is refused as everywhere.
	if len(words) > 0 || len(texts) == 0 {
		embedded, err := g.Embed(ctx, limits, Texts{Texts: words, Overlong: r.Overlong})
		if err != nil {
			return nil, err
		}
		timings = embedded.Timings
		for i := range texts {
			if !texts[i].Wordless() {
				vectors[i] = Cut(embedded.Raw[0], len(embedded.Raw[0]), true)
				embedded.Raw = embedded.Raw[1:]
			}
		}
	}
	return profileProto(g, g.Model.Profile.Profile("", texts, vectors, false), timings), nil
}

// profileProto is a profile as clients see it. Rows of the input are numbered from 1, places in a request from 0.
func profileProto(g *Generation, p profiles.TextProfile, timings *hivesv1.Timings) *pb.ProfileTextsResponse {
	out := &pb.ProfileTextsResponse{
		Texts: uint32(p.Texts), Duplicates: uint32(p.Duplicates), Wordless: uint32(p.Wordless), Model: g.Version,
		Profile: &pb.ProfileVersion{Sha256: g.Model.Profile.SHA256, VidbSha256: g.Model.Profile.VIDB.SHA256,
			Counted: string(p.Counted)},
		Timings: timings,
	}
	for _, v := range p.Values {
		one := &pb.ValueProfile{
			ValueId: v.ValueID, Name: v.Name, Score: told64(v.Score), Lo: told64(v.Lo), Hi: told64(v.Hi),
			Answered: uint32(v.N), Effective: v.Effective, Unsure: uint32(v.Unsure), NotAbout: uint32(v.Beside),
			Reason: v.Why, Neutral: told64(v.Neutral), Side: string(v.Side),
		}
		for _, e := range v.Evidence {
			one.Evidence = append(one.Evidence, &pb.Evidence{Text: uint32(e.Row - 1), Share: e.Share})
		}
		out.Values = append(out.Values, one)
	}
	return out
}

// told64 is a number, or nil where there is none.
func told64(x figure.Number) *float64 {
	if !x.Known() {
		return nil
	}
	y := float64(x)
	return &y
}
