package serve_test

import (
	"context"
	"math"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/rig/servetest"
	hivesv1 "hives/proto/hives/v1"
)

// ctx is a test's context with a limit that only a hanging server reaches.
func ctx(t testing.TB) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return c
}

// refusal checks an error's code and reason; every error carries ErrorInfo of our domain.
func refusal(t testing.TB, err error, code codes.Code, reason string) {
	t.Helper()
	s, _ := status.FromError(err)
	if s.Code() != code {
		t.Errorf("code %v (%q), want %v", s.Code(), s.Message(), code)
	}
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			if info.Reason != reason || info.Domain != "hives" {
				t.Errorf("reason %s of domain %s, want %s of hives", info.Reason, info.Domain, reason)
			}
			return
		}
	}
	t.Errorf("%v carries no ErrorInfo; want reason %s", err, reason)
}

// unitOf is a dumb twin of what Embed does to a raw vector.
func unitOf(raw []float32, d int) []float32 {
	norm := 0.0
	for i := 0; i < d; i++ {
		norm = math.Hypot(norm, float64(raw[i]))
	}
	out := make([]float32, d)
	for i := range out {
		out[i] = float32(float64(raw[i]) / norm)
	}
	return out
}

// want is the vector of a text under the fake model.
func want(t testing.TB, text string) []float32 {
	t.Helper()
	ids, _, err := servetest.Framed(t).Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return unitOf(servetest.Vector(ids), servetest.Dim)
}

func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range a {
		worst = math.Max(worst, math.Abs(float64(a[i])-float64(b[i])))
	}
	return worst
}

// same fails unless got holds the vectors of texts.
func same(t testing.TB, got *hivesv1.EmbedResponse, texts ...string) {
	t.Helper()
	if len(got.GetEmbeddings()) != len(texts) {
		t.Fatalf("%d vectors for %d texts", len(got.GetEmbeddings()), len(texts))
	}
	for i, text := range texts {
		if d := distance(got.Embeddings[i].Values, want(t, text)); !(d < 1e-6) {
			t.Errorf("vector %d differs by %g from its text's", i, d)
		}
	}
}

func start(t testing.TB) (*servetest.Fixture, hivesv1.EmbedServiceClient) {
	t.Helper()
	r := &servetest.Runner{}
	f := servetest.Start(t, servetest.Options(t, r), r)
	return f, hivesv1.NewEmbedServiceClient(f.Conn)
}

// eventually waits for what other goroutines bring about.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for range 4000 {
		if holds() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s", what)
}
