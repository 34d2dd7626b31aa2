package llm

import (
	"context"
	"math"
	"strings"
	"testing"

	"hives/internal/rig/scripted"
)

func TestBadSamplingIsRefused(t *testing.T) {
	for _, s := range []Sampling{
		{Temperature: -1}, {Temperature: math.NaN()}, {Temperature: math.Inf(1)}, {TopK: -1}, {TopP: 1.1},
		{TopP: -.1}, {MinP: 2},
		{MinP: math.NaN()}, {MaxTokens: -1}, {MaxTokens: MostTokens + 1}, {Stop: []string{""}},
	} {
		if s.Validate() == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	if (Sampling{}).Validate() != nil || (Sampling{}).Length() != DefaultMaxTokens ||
		(Sampling{MaxTokens: 3}).Length() != 3 {
		t.Error("the zero value is no greedy sampling of the default length")
	}
}

// An ability that an endpoint lacks is refused before anything is sent.
func TestARemoteRefusesWhatItCannot(t *testing.T) {
	s := scripted.New(t, script(scripted.Reply{Content: "x"}))
	r, err := NewRemote(testClient(t, testEndpoint(s.URL), Limits{}), testRequest.Model)
	if err != nil {
		t.Fatal(err)
	}
	for says, request := range map[string]Request{
		"cannot choose": {Choices: []string{"a"}}, "beginning of an answer": {Prefix: "a"},
		"top_k": {Sampling: Sampling{TopK: 3}},
		"min_p": {Sampling: Sampling{MinP: .1}}, "cannot be steered": {Steer: make([]Steer, 1)}, "no adapter": {Adapter: "a"},
		"want one of them": {Choices: []string{"a"}, Schema: map[string]any{}},
		"temperature":      {Sampling: Sampling{Temperature: -1}},
	} {
		request.Messages = testRequest.Messages
		if _, err := r.Generate(context.Background(), []Request{request}); err == nil ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
	if _, err := r.Generate(context.Background(), []Request{{}}); err == nil {
		t.Error("a question without a message is sent")
	}
	if _, err := r.Score(context.Background(), nil); err == nil {
		t.Error("an endpoint scores")
	}
	if n := len(s.Calls()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	replies, err := r.Generate(context.Background(), []Request{{Messages: testRequest.Messages},
		{Messages: testRequest.Messages}})
	if err != nil || len(replies) != 2 || replies[1].Text != "x" {
		t.Errorf("%+v, %v", replies, err)
	}
}

func TestIdentitiesDiffer(t *testing.T) {
	seen := map[string]Identity{}
	for _, i := range []Identity{
		{}, {Kind: "local"}, {Model: "m"}, {Weights: "w"}, {Tokenizer: "w"}, {Template: "w"}, {Precision: "w"}, {Engine: "w"},
		{Rows: 1}, {Endpoint: "w"}, {Format: "w"},
	} {
		if other, is := seen[i.Hash()]; is {
			t.Errorf("%+v and %+v have one hash", i, other)
		}
		seen[i.Hash()] = i
	}
}
