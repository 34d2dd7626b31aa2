package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"hives/encoder"
	"hives/intensity"
	"hives/internal/rig/servetest"
	"hives/internal/serve"
	"hives/profiles"
	hivesv1 "hives/proto/hives/v1"
	pb "hives/proto/hives/v1alpha1"
)

// profileModel is one of two values of the formula's vectors, through its file: one answers, the other is unsupported.
func profileModel(t testing.TB) *profiles.TextModel {
	t.Helper()
	_, id, err := formula{t}.Encode(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &profiles.TextModel{Model: id, VIDB: profiles.TextSource{File: "vidb.db", SHA256: "v"},
		Rules: profiles.TextDefaults()}
	fit := &profiles.TextFit{Ridge: intensity.Ridge{Intercept: 1}, Lambda: 1, R2: .5, Rank: 9, Q: 1.5}
	care := profiles.TextValue{ID: "mft/care-harm", Name: "care/harm", Fit: fit,
		Relevance: profiles.Relevance{W: [3]float64{4, 0, 1}}, Many: &profiles.ManyFit{Texts: 200, Slope: .5, Spread: 3,
			Other: 2, Choice: 4, Factor: 1.1}}
	for i := range 30 {
		x := want(t, fmt.Sprint("training text ", i))
		m.Texts, m.IDs = append(m.Texts, nil), append(m.IDs, fmt.Sprintf("%02d", i))
		for _, v := range x {
			m.Texts[i] = append(m.Texts[i], float64(v))
		}
		care.Rows, fit.Misses = append(care.Rows, i), append(fit.Misses, float64(i)/10)
	}
	for d := range servetest.Dim {
		fit.Ridge.W = append(fit.Ridge.W, float64(d)-1.5)
	}
	for i, name := range []string{"mft/care-harm", "mft/fairness-cheating"} {
		node := profiles.TextNode{ID: name, Theory: "mft", Level: 1, Vector: make([]float64, servetest.Dim)}
		node.Vector[i] = 1
		m.Nodes = append(m.Nodes, node)
	}
	m.Values = []profiles.TextValue{care, {ID: "mft/fairness-cheating", Name: "fairness/cheating", Why: "too few texts"}}
	path := filepath.Join(t.TempDir(), "profile.db")
	if err := m.Write(path); err != nil {
		t.Fatal(err)
	}
	if m, err = profiles.OpenTextModel(path); err != nil {
		t.Fatal(err)
	}
	return m
}

// startProfiles runs a server with ProfileService over a model, nil for none.
func startProfiles(t testing.TB, m *profiles.TextModel) (*servetest.Fixture, *sink) {
	t.Helper()
	r, log := &servetest.Runner{}, &sink{}
	o := servetest.Options(t, r)
	o.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Limits.Texts, o.Limits.RequestTokens, o.Limits.QueueTokens = 64, 4096, 16384
	o.Register = append(o.Register, func(s *serve.Server, to grpc.ServiceRegistrar) { serve.RegisterProfiles(s, to) })
	o.Load = func(context.Context) (*serve.Model, error) {
		served := servetest.Model(t, r)
		served.Profile = m
		return served, nil
	}
	return servetest.Start(t, o, r), log
}

// overEmbed embeds as hives profile text --endpoint does: by Embed of the same server.
type overEmbed struct {
	c  hivesv1.EmbedServiceClient
	id encoder.Identity
}

func (e overEmbed) Encode(ctx context.Context, in []encoder.Input) (out [][]float32, _ encoder.Identity, _ error) {
	r := &hivesv1.EmbedRequest{}
	for _, i := range in {
		r.Texts = append(r.Texts, i.Text)
	}
	got, err := e.c.Embed(ctx, r)
	if err != nil {
		return nil, e.id, err
	}
	for _, v := range got.Embeddings {
		out = append(out, v.Values)
	}
	return out, e.id, nil
}

// TestProfileTextsEqualsTheCommand: the server's numbers are those of hives profile text for the same texts, to the
// last bit, whatever their order; with another text they are others.
func TestProfileTextsEqualsTheCommand(t *testing.T) {
	m := profileModel(t)
	f, _ := startProfiles(t, m)
	c := pb.NewProfileServiceClient(f.Conn)
	var texts []string
	for i := range 50 {
		texts = append(texts, fmt.Sprintf("text number %d", i))
	}
	texts = append(texts, "!!!", texts[3], " "+texts[4]+" ")
	path := filepath.Join(t.TempDir(), "texts.txt")
	if err := os.WriteFile(path, []byte(strings.Join(texts, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var command profiles.TextProfile
	job := profiles.ReadJob{In: profiles.TextFile{Path: path}, Model: m,
		Each: func(p profiles.TextProfile) error { command = p; return nil }}
	if _, err := profiles.Read(ctx(t), job, overEmbed{hivesv1.NewEmbedServiceClient(f.Conn), m.Model}); err != nil {
		t.Fatal(err)
	}
	got, err := c.ProfileTexts(ctx(t), &pb.ProfileTextsRequest{Texts: texts})
	if err != nil {
		t.Fatal(err)
	}
	v, w := got.Values[0], command.Values[0]
	if got.Texts != 53 || got.Duplicates != 2 || got.Wordless != 1 || got.Profile.Sha256 != m.SHA256 || w.N < 5 ||
		got.Profile.Counted != "all" {
		t.Errorf("%v; the command has %+v", got, command)
	}
	bits := math.Float64bits
	if !w.Score.Known() || bits(v.GetScore()) != bits(float64(w.Score)) || bits(v.GetLo()) != bits(float64(w.Lo)) ||
		bits(v.GetHi()) != bits(float64(w.Hi)) || bits(v.Effective) != bits(w.Effective) || int(v.Answered) != w.N ||
		int(v.Unsure) != w.Unsure || int(v.NotAbout) != w.Beside {
		t.Errorf("%v; the command has %+v", v, w)
	}
	for k, e := range w.Evidence {
		if int(v.Evidence[k].Text)+1 != e.Row || bits(v.Evidence[k].Share) != bits(e.Share) {
			t.Errorf("evidence %v; the command has %+v", v.Evidence[k], e)
		}
	}
	if u := got.Values[1]; u.Score != nil || u.Lo != nil || u.Reason != "unsupported: too few texts" {
		t.Errorf("an unsupported value: %v", u)
	}
	slices.Reverse(texts)
	again, err := c.ProfileTexts(ctx(t), &pb.ProfileTextsRequest{Texts: texts})
	if err != nil || bits(again.Values[0].GetScore()) != bits(v.GetScore()) {
		t.Errorf("in another order: %v, %v", again, err)
	}
	texts[0] = "quite another text"
	if again, err = c.ProfileTexts(ctx(t), &pb.ProfileTextsRequest{Texts: texts}); err != nil ||
		again.Values[0].GetScore() == v.GetScore() && again.Values[0].NotAbout == v.NotAbout {
		t.Errorf("control: another text changes nothing: %v, %v", again, err)
	}
	// A text's numbers do not hang on what is embedded beside it: alone it abstains or answers as among others.
	few, err := c.ProfileTexts(ctx(t), &pb.ProfileTextsRequest{Texts: texts[:2]})
	if err != nil || few.Values[0].Score != nil || few.Values[0].Reason == "" {
		t.Errorf("two texts: %v, %v", few, err)
	}
}

func TestProfileTextsRefuses(t *testing.T) {
	f, log := startProfiles(t, profileModel(t))
	c := pb.NewProfileServiceClient(f.Conn)
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprint(canary, " text ", i)
	}
	overlong := canary + strings.Repeat(" "+canary+" more", 40)
	for _, k := range []struct {
		name   string
		r      *pb.ProfileTextsRequest
		code   codes.Code
		reason string
	}{
		{"no text", &pb.ProfileTextsRequest{}, codes.InvalidArgument, "NO_TEXTS"},
		{"too many", &pb.ProfileTextsRequest{Texts: many}, codes.InvalidArgument, "TOO_MANY_TEXTS"},
		{"too long", &pb.ProfileTextsRequest{Texts: []string{overlong}, Overlong: 1}, codes.InvalidArgument, "TEXT_TOO_LONG"},
	} {
		_, err := c.ProfileTexts(ctx(t), k.r)
		refusal(t, err, k.code, k.reason)
		if strings.Contains(fmt.Sprint(err), canary) {
			t.Errorf("%s: %v quotes a text", k.name, err)
		}
	}
	got, err := c.ProfileTexts(ctx(t), &pb.ProfileTextsRequest{Texts: []string{canary + " is here", "!!!"}})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(got)
	if bytes.Contains(raw, []byte(canary)) || strings.Contains(log.String(), canary) {
		t.Error("a text was sent back or logged")
	}
	if got, err = c.ProfileTexts(ctx(t), &pb.ProfileTextsRequest{Texts: []string{"...", "42"}}); err != nil ||
		got.Wordless != 2 || got.Values[0].Score != nil {
		t.Errorf("texts without words: %v, %v", got, err)
	}
	none, _ := startProfiles(t, nil)
	_, err = pb.NewProfileServiceClient(none.Conn).ProfileTexts(ctx(t), &pb.ProfileTextsRequest{Texts: many[:1]})
	refusal(t, err, codes.FailedPrecondition, "NO_PROFILE")
}
