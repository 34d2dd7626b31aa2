package chatapi

import (
	"context"
	"math"
	"slices"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/talk"
)

// knownQuestion is asked at the start and at every self-check. Two tokens are one pass over the prompt and one step.
var knownQuestion = llm.Request{
	Messages: []llm.Message{{Role: llm.User, Content: "Hello"}}, Sampling: llm.Sampling{MaxTokens: 2}, LogProbs: true,
}

// sameLogProb is how far a log-probability may be from what it was. In the same shape the engine repeats it to the bit.
const sameLogProb = 1e-3

// Check asks the known question again and compares its answer with the first: an engine that has begun to compute
// otherwise gives wrong answers without any error. It is for serve.Options.Checks.
//
// While others are answered it asks nothing: its row would wait behind answers that take minutes, and be taken for a
// failure. That the engine moves then is what watch looks after.
func (a *API) Check(ctx context.Context) error {
	l := a.loaded.Load()
	if l == nil || l.queue.busy() {
		return nil
	}
	e := newEntry(make(chan struct{}, 1))
	var err error
	if e.row, err = l.Prepare(talk.Job{Request: knownQuestion, Context: ctx}); err != nil {
		return err
	}
	l.queue.add([]*entry{e})
	defer l.queue.leave([]*entry{e})
	select {
	case <-e.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	reply, err := e.answer()
	if err != nil {
		return err
	}
	return same(l.known, reply)
}

// same compares the tokens and their log-probabilities. A model that ends its turn at once has none of either.
func same(want, got llm.Reply) error {
	if !slices.Equal(want.IDs, got.IDs) {
		return fault.New(fault.Corrupt, "the language model answers the known question with other tokens than at the start")
	}
	for at := range want.LogProbs {
		// Written so that NaN fails too.
		if d := math.Abs(got.LogProbs[at].LogProb - want.LogProbs[at].LogProb); !(d <= sameLogProb) {
			return fault.New(fault.Corrupt, "a log-probability of the language model's known answer differs by %g", d)
		}
	}
	return nil
}
