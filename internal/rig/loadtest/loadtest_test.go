package loadtest

import (
	"context"
	"math"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	hivesv1 "hives/proto/hives/v1"
)

// fake knows two texts and answers after a while.
func fake(wait time.Duration, change func(*hivesv1.EmbedResponse) error) (*Known, Embed) {
	known := NewKnown([]string{"a", "b"}, [][]float32{{1, 0}, {0, 1}})
	return known, func(_ context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
		time.Sleep(wait)
		out := &hivesv1.EmbedResponse{}
		for _, text := range r.Texts {
			out.Embeddings = append(out.Embeddings, &hivesv1.Embedding{Values: known.vectors[text[0]-'a'], Tokens: 3})
		}
		return out, change(out)
	}
}

func plan() Plan {
	return Plan{Rate: 400, For: 250 * time.Millisecond, Timeout: time.Minute, Seed: 7, Tolerance: 1e-5}
}

// TestTheLoadIsOpen offers more than a daemon with one worker can do. Its answers come late and later; a client that
// waited for each would see them all take as long as the first.
func TestTheLoadIsOpen(t *testing.T) {
	worker := make(chan struct{}, 1)
	known, embed := fake(0, func(*hivesv1.EmbedResponse) error {
		worker <- struct{}{}
		time.Sleep(10 * time.Millisecond)
		<-worker
		return nil
	})
	r := Offer(t.Context(), plan(), known, embed).Result()
	if r.Requests < 50 || r.Answered != r.Requests || len(r.Errors) > 0 {
		t.Fatalf("%d requests, %d answered, errors %v", r.Requests, r.Answered, r.Errors)
	}
	// Request i waits for those before it: 10 ms · i − 2.5 ms · i.
	if least := 5 * float64(r.Requests); r.MaxMs < least {
		t.Errorf("the last of %d requests took %.0f ms, at least %.0f were to be waited", r.Requests, r.MaxMs, least)
	}
}

func TestWrongAnswersAreSeen(t *testing.T) {
	for name, change := range map[string]func(*hivesv1.EmbedResponse) error{
		"a vector of another text": func(r *hivesv1.EmbedResponse) error {
			r.Embeddings[0].Values = []float32{.6, .8}
			return nil
		},
		"not a number": func(r *hivesv1.EmbedResponse) error {
			r.Embeddings[0].Values = []float32{float32(math.NaN()), 0}
			return nil
		},
		"one too few": func(r *hivesv1.EmbedResponse) error { r.Embeddings = r.Embeddings[1:]; return nil },
		"a short one": func(r *hivesv1.EmbedResponse) error { r.Embeddings[0].Values = []float32{1}; return nil },
	} {
		known, embed := fake(0, change)
		if r := Offer(t.Context(), plan(), known, embed).Result(); r.Wrong() != r.Requests || r.Answered > 0 {
			t.Errorf("%s: %d of %d answers were called wrong, %d right", name, r.Wrong(), r.Requests, r.Answered)
		}
	}
	known, embed := fake(0, func(*hivesv1.EmbedResponse) error { return nil })
	if r := Offer(t.Context(), plan(), known, embed).Result(); r.Wrong() > 0 || r.MaxDifference != 0 {
		t.Errorf("right answers: %d wrong, difference %g", r.Wrong(), r.MaxDifference)
	}
}

func TestErrorsAndUnsentAreCounted(t *testing.T) {
	known, embed := fake(0, func(*hivesv1.EmbedResponse) error { return status.Error(codes.ResourceExhausted, "full") })
	r := Offer(t.Context(), plan(), known, embed).Result()
	if r.Errors["ResourceExhausted"] != r.Requests || r.Requests == 0 {
		t.Errorf("%d requests, errors %v", r.Requests, r.Errors)
	}
	known, embed = fake(300*time.Millisecond, func(*hivesv1.EmbedResponse) error { return nil })
	p := plan()
	p.MaxOpen = 1
	if r := Offer(t.Context(), p, known, embed).Result(); r.Answered != 1 || r.Errors[unsent] != r.Requests-1 {
		t.Errorf("one at a time: %d requests, %d answered, errors %v", r.Requests, r.Answered, r.Errors)
	}
}

func TestQuantile(t *testing.T) {
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(i+1)*time.Millisecond)
	}
	for q, want := range map[float64]float64{0: 1, .5: 51, .99: 100, 1: 100} {
		if got := quantile(times, q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %g of 1…100 ms: %g, want %g", q, got, want)
		}
	}
	if quantile(nil, .5) != 0 {
		t.Error("of nothing")
	}
}

func TestSampleSpreadsOverLengths(t *testing.T) {
	got := Sample([]string{"dddd", "a", "ccc", "bb", "eeeee"}, 3)
	if len(got) != 3 || got[0] != "a" || got[1] != "ccc" || got[2] != "eeeee" {
		t.Errorf("%q", got)
	}
}
