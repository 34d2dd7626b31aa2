package talk

import (
	"context"
	"math"
	"slices"
	"testing"

	"hives/internal/llm"
)

// A coefficient of 0 gives the bits of a model that nobody steers, also beside rows that are steered, and another one
// does not.
func TestNoCoefficientIsNoSteering(t *testing.T) {
	m := answerer(t, 3)
	push := func(c float64) []llm.Steer {
		v := make([]float32, m.Hidden())
		for k := range v {
			v[k] = float32(math.Cos(float64(k)))
		}
		return []llm.Steer{{Layer: 1, Vector: v, Coefficient: c, Positions: "response"}}
	}
	score := func(c ...float64) (out [][]float64) {
		var qs []llm.ScoreRequest
		for _, x := range c {
			q := llm.ScoreRequest{Messages: ask("Is it right?", llm.Sampling{}).Messages, Options: []string{"yes, it is"}}
			if !math.IsNaN(x) {
				q.Steer = push(x)
			}
			qs = append(qs, q)
		}
		scores, err := m.Score(context.Background(), qs)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range scores {
			out = append(out, s.Token[0])
		}
		return out
	}
	plain := score(math.NaN())[0]
	mixed := score(0, 2, math.NaN())
	if !slices.Equal(plain, mixed[0]) || !slices.Equal(plain, mixed[2]) {
		t.Errorf("at coefficient 0 %v, beside a steered row %v, alone %v", mixed[0], mixed[2], plain)
	}
	if slices.Equal(plain, mixed[1]) {
		t.Error("at coefficient 2 nothing moves: the comparison sees nothing")
	}
	say := func(steer ...[]llm.Steer) (out [][]int32) {
		var rs []llm.Request
		for _, s := range steer {
			r := ask("Tell me.", llm.Sampling{Temperature: 1, Seed: 5, MaxTokens: 10})
			r.Steer = s
			rs = append(rs, r)
		}
		replies, err := m.Generate(context.Background(), rs)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range replies {
			out = append(out, r.IDs)
		}
		return out
	}
	alone := say(nil)[0]
	together := say(push(0), push(3), nil)
	if !slices.Equal(alone, together[0]) || !slices.Equal(alone, together[2]) || slices.Equal(alone, together[1]) {
		t.Errorf("said %v alone, %v at 0, %v at 3, %v beside it", alone, together[0], together[1], together[2])
	}
}

// States and log-probabilities of an answer are those of its tokens, whoever stands beside it.
func TestStatesOfAnswers(t *testing.T) {
	m := answerer(t, 2)
	ctx := context.Background()
	var as []Answered
	for _, text := range []string{"Why?", "Is it right to share what one has with a stranger?", "Tell me."} {
		r := ask(text, llm.Sampling{MaxTokens: 6})
		replies, err := m.Generate(ctx, []llm.Request{r})
		if err != nil {
			t.Fatal(err)
		}
		as = append(as, Answered{Messages: r.Messages, IDs: replies[0].IDs})
	}
	together, err := m.States(ctx, as)
	if err != nil {
		t.Fatal(err)
	}
	for at := range as {
		alone, err := m.States(ctx, as[at:at+1])
		if err != nil {
			t.Fatal(err)
		}
		for l, state := range alone[0].Answer.State {
			if !slices.Equal(state, together[at].Answer.State[l]) {
				t.Errorf("answer %d, layer %d: another state in company", at, l)
			}
			// The mean of a length is at least the length of the mean.
			var square float64
			for _, x := range state {
				square += float64(x) * float64(x)
			}
			if norm := float64(alone[0].Answer.Norm[l]); !(norm >= math.Sqrt(square)*(1-1e-5)) {
				t.Errorf("answer %d, layer %d: mean length %v, length of the mean %v", at, l, norm, math.Sqrt(square))
			}
		}
		if n := len(alone[0].Answer.State); n != m.Layers()+1 {
			t.Errorf("%d layers, want %d", n, m.Layers()+1)
		}
		if slices.Equal(alone[0].Prompt.State[1], alone[0].PromptLast.State[1]) {
			t.Errorf("answer %d: the prompt's mean is its last token", at)
		}
	}
	logp, err := m.LogProbs(ctx, as)
	if err != nil {
		t.Fatal(err)
	}
	as[0].Ended = true
	ended, err := m.LogProbs(ctx, as[:1])
	if err != nil || len(logp[0]) != len(as[0].IDs) || len(ended[0]) != len(as[0].IDs)+1 {
		t.Errorf("%d log-probabilities of %d tokens, %d with the end: %v", len(logp[0]), len(as[0].IDs), len(ended[0]), err)
	}
	if _, err := m.States(ctx, []Answered{{Messages: as[0].Messages}}); err == nil {
		t.Error("an answer without a token has a state")
	}
}
