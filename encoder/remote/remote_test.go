package remote_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"hives/encoder"
	"hives/encoder/remote"
	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// server answers with the length of prompt and text, or of the ids, and remembers what it was asked.
type server struct {
	hivesv1.UnimplementedEmbedServiceServer
	requests []*hivesv1.EmbedRequest
	swap     bool // serves another model from its second request on
}

func (s *server) model() *hivesv1.ModelVersion {
	m := &hivesv1.ModelVersion{Name: "n", WeightsSha256: "w1", TokenizerSha256: "t", Dimension: 3, MaxLength: 64,
		Pooling: "mean", Engine: "go"}
	if s.swap && len(s.requests) > 1 {
		m.WeightsSha256 = "w2"
	}
	return m
}

func (s *server) GetInfo(context.Context, *hivesv1.GetInfoRequest) (*hivesv1.GetInfoResponse, error) {
	return &hivesv1.GetInfoResponse{Model: s.model(), Limits: &hivesv1.Limits{MaxTexts: 100}}, nil
}

func (s *server) Embed(_ context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	s.requests = append(s.requests, r)
	out := &hivesv1.EmbedResponse{Model: s.model()}
	add := func(n int) {
		v := []float32{float32(n), 0, 0}
		if r.Dimensions != nil {
			v = v[:*r.Dimensions]
		}
		out.Embeddings = append(out.Embeddings, &hivesv1.Embedding{Values: v})
	}
	for _, text := range r.Texts {
		add(len(r.Prompt + text))
	}
	for _, ids := range r.TokenIds {
		add(1000 + len(ids.Ids))
	}
	return out, nil
}

func open(t *testing.T, s *server, dimensions int) (*remote.Remote, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	hivesv1.RegisterEmbedServiceServer(g, s)
	go g.Serve(l)
	t.Cleanup(g.Stop)
	return remote.Open(context.Background(), "grpc://"+l.Addr().String(), dimensions)
}

var mixed = []encoder.Input{{Text: "a"}, {IDs: []int32{5, 6}}, {Text: "bcd", Prompt: "p: "}, {Text: "ef"},
	{IDs: []int32{7}}}

func TestEncodeKeepsTheOrderOfMixedInputs(t *testing.T) {
	s := &server{}
	r, err := open(t, s, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out, id, err := r.Encode(context.Background(), mixed)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []float32{1, 1002, 6, 2, 1001} {
		if !slices.Equal(out[i], []float32{n, 0}) {
			t.Errorf("input %d: %v, want (%v, 0)", i, out[i], n)
		}
	}
	want := encoder.Identity{Name: "n", WeightsSHA256: "w1", TokenizerSHA256: "t", Dimension: 2, MaxLength: 64,
		Pooling: "mean", Engine: "go"}
	if id != want || r.Identity() != want || len(s.requests) != 3 {
		t.Errorf("identity %+v and %+v after %d requests, want %+v after 3", id, r.Identity(), len(s.requests), want)
	}
}

func TestRefuses(t *testing.T) {
	if _, err := open(t, &server{}, 4); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "4 dimensions") {
		t.Errorf("more dimensions than the model has: %v", err)
	}
	swapping := &server{swap: true}
	r, err := open(t, swapping, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, _, err := r.Encode(context.Background(), mixed); fault.Of(err) != fault.Mismatch ||
		!strings.Contains(err.Error(), "w1 and w2") {
		t.Errorf("a model that is swapped during a call: %v", err)
	}
	asked := len(swapping.requests)
	for _, in := range []encoder.Input{{}, {Text: "a", IDs: []int32{1}}, {IDs: []int32{1}, Prompt: "p"},
		{IDs: []int32{-1}}} {
		if _, _, err := r.Encode(context.Background(), []encoder.Input{{Text: "ok"}, in}); fault.Of(err) != fault.Invalid ||
			!strings.Contains(err.Error(), "input 1") {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if len(swapping.requests) != asked {
		t.Error("wrong inputs were sent")
	}
}
