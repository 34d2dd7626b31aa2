package talk

import (
	"math"
	"testing"

	"hives/internal/llm"
	"hives/internal/rig/goldentest"
)

func TestGoldenSamplers(t *testing.T) {
	var file struct {
		Cases []struct {
			Logits      []float64
			Temperature float64
			TopK        int     `json:"top_k"`
			TopP        float64 `json:"top_p"`
			MinP        float64 `json:"min_p"`
			P           []float64
		}
	}
	goldentest.ReadJSON(t, &file, "h_vcai", "c_model", "samplers.json")
	for at, c := range file.Cases {
		logits := make([]float32, len(c.Logits))
		for id, logit := range c.Logits {
			logits[id] = float32(logit)
		}
		s := sampler{llm.Sampling{Temperature: c.Temperature, TopK: c.TopK, TopP: c.TopP, MinP: c.MinP}}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		got := make([]float64, len(c.P))
		for _, left := range s.candidates(logits, nil) {
			got[left.id] = left.p
		}
		for id, want := range c.P {
			if math.Abs(got[id]-want) > 1e-6 { // logits come in float32
				t.Errorf("case %d, token %d: %v, want %v", at, id, got[id], want)
			}
		}
	}
}

func TestNextFollowsTheProbabilities(t *testing.T) {
	logits := []float32{0, 2, 1, 2}
	greedy, err := sampler{}.next(logits, .99, nil)
	if err != nil || greedy != 1 {
		t.Errorf("greedy took %d, %v: want the lower of two equal tokens", greedy, err)
	}
	s := sampler{llm.Sampling{Temperature: 1, TopK: 3}}
	counts := make([]float64, len(logits))
	const n = 10000
	for i := range n {
		id, err := s.next(logits, (float64(i)+.5)/n, nil)
		if err != nil {
			t.Fatal(err)
		}
		counts[id] += 1. / n
	}
	for _, c := range s.candidates(logits, nil) {
		if math.Abs(counts[c.id]-c.p) > 2./n {
			t.Errorf("token %d: share %v, want %v", c.id, counts[c.id], c.p)
		}
	}
	if counts[0] != 0 {
		t.Error("a token beyond the top three was taken")
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		if _, err := s.next([]float32{1, bad}, .5, nil); err == nil {
			t.Errorf("a logit of %v is taken", bad)
		}
	}
}

func TestDrawsHangOnTheRequestAlone(t *testing.T) {
	a, again := sampler{llm.Sampling{Seed: 1}}.draws([]int32{1, 2}), sampler{llm.Sampling{Seed: 1}}.draws([]int32{1, 2})
	other, seed := sampler{llm.Sampling{Seed: 1}}.draws([]int32{1, 3}), sampler{llm.Sampling{Seed: 2}}.draws([]int32{1, 2})
	late := again(5) // asked out of order
	for token := range 6 {
		if u := a(token); u != again(token) || u < 0 || u >= 1 {
			t.Errorf("token %d: %v and %v", token, u, again(token))
		}
	}
	if late != a(5) || a(0) == a(1) || a(0) == other(0) || a(0) == seed(0) {
		t.Error("draws are shared, or depend on the order they are asked in")
	}
}
