package ask

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	hivesv1 "hives/proto/hives/v1"
)

// daemon embeds every text as (3, 4) and scores it against one value of each kind, unless it has no vectors.
type daemon struct {
	hivesv1.UnimplementedEmbedServiceServer
	hivesv1.UnimplementedValueServiceServer
	empty bool
}

func (d *daemon) GetInfo(context.Context, *hivesv1.GetInfoRequest) (*hivesv1.GetInfoResponse, error) {
	return &hivesv1.GetInfoResponse{Model: &hivesv1.ModelVersion{Name: "n"}, Limits: &hivesv1.Limits{MaxTexts: 8}}, nil
}

func (d *daemon) Embed(_ context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	out := &hivesv1.EmbedResponse{Model: &hivesv1.ModelVersion{Name: "n"}}
	for range r.Texts {
		out.Embeddings = append(out.Embeddings, &hivesv1.Embedding{Values: []float32{3, 4}})
	}
	return out, nil
}

func (d *daemon) ScoreTexts(_ context.Context, r *hivesv1.ScoreTextsRequest) (*hivesv1.ScoreTextsResponse, error) {
	if d.empty {
		return nil, status.Error(codes.FailedPrecondition, "no vectors")
	}
	score := &hivesv1.ValueScore{ValueId: "mft/care-harm", Cosine: -.25, Stance: hivesv1.Stance_STANCE_OPPOSES}
	if r.Filter.Kinds[0] == hivesv1.VectorKind_VECTOR_KIND_PROTOTYPE {
		score = &hivesv1.ValueScore{ValueId: "svt/conservation", Cosine: .5, Stance: hivesv1.Stance_STANCE_UNSIGNED}
	}
	out := &hivesv1.ScoreTextsResponse{}
	for range r.Texts {
		out.Results = append(out.Results, &hivesv1.TextScores{Scores: []*hivesv1.ValueScore{score}})
	}
	return out, nil
}

// serve starts d and returns what reaches it.
func serve(t *testing.T, d *daemon) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	hivesv1.RegisterEmbedServiceServer(s, d)
	hivesv1.RegisterValueServiceServer(s, d)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return "grpc://" + l.Addr().String()
}

func TestRunPrintsVectorsAndBothKindsOfValues(t *testing.T) {
	var out strings.Builder
	err := Run(t.Context(), Options{Endpoint: serve(t, &daemon{}), Texts: []string{"one", "two"}, TopK: 1}, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one\n", "two\n", "+3.000 +4.000 … (2 numbers)", "mft/care-harm", "-0.250", "opposes", "svt/conservation", "without a side"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the answer lacks %q:\n%s", want, out.String())
		}
	}
}

func TestRunWithoutValueVectors(t *testing.T) {
	var out strings.Builder
	if err := Run(t.Context(), Options{Endpoint: serve(t, &daemon{empty: true}), Texts: []string{"one"}, JSON: true}, &out); err != nil {
		t.Fatal(err)
	}
	var a struct {
		Vectors [][]float32
		Signed  []any
	}
	if err := json.Unmarshal([]byte(out.String()), &a); err != nil || len(a.Vectors) != 1 || a.Signed != nil {
		t.Errorf("answer %s, error %v; want one vector and no scores", out.String(), err)
	}
}

func TestRunRefuses(t *testing.T) {
	if err := Run(t.Context(), Options{Endpoint: "grpc://127.0.0.1:1"}, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "no text") {
		t.Errorf("without a text: %v", err)
	}
}
