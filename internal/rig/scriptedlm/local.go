// Package scriptedlm is a local language model for tests: a llm.Provider that answers by script, in batches,
// without an engine.
//
// It stands for internal/talk as package scripted stands for an endpoint. What a test sees here and not there: how
// many requests were handed over at once (Batches), and log-probabilities (Score).
//
//	l := &scriptedlm.Local{Weigh: func(q llm.ScoreRequest, option string) float64 {
//	    return map[string]float64{"care": -1, "harm": -3}[option]   // logarithms: care is e² times as probable
//	}}
package scriptedlm

import (
	"context"
	"hash/fnv"
	"sync"

	"hives/internal/llm"
)

// Local is one such model. Its zero value answers with nothing, and scores by a hash of what it is asked: the same
// question has the same scores in every run, and another one others.
type Local struct {
	ID     llm.Identity
	Lacks  bool                                            // log-probabilities
	Write  func(llm.Request) llm.Reply                     // of Generate; nil: an empty answer
	Weigh  func(q llm.ScoreRequest, option string) float64 // of Score, the sum; nil: by a hash of all that is asked
	Before func(ctx context.Context, n int) error          // called with the size of each batch

	mu      sync.Mutex
	batches []int
	asked   int
	closed  bool
}

// Opener opens this model whatever is named. A test gives it where a program would open a folder.
func (l *Local) Opener(context.Context, string, llm.Local) (llm.Provider, error) { return l, nil }

// Identity implements llm.Provider.
func (l *Local) Identity() llm.Identity { return l.ID }

// Can implements llm.Provider. With Lacks it is a model that tells no log-probabilities, as most endpoints do not.
func (l *Local) Can() llm.Abilities {
	return llm.Abilities{Score: !l.Lacks, Choices: !l.Lacks, Seed: true, Prefix: true}
}

// Close implements llm.Provider, and is noted: whoever opens a model owes it.
func (l *Local) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return nil
}

// Closed tells whether Close was called.
func (l *Local) Closed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Batches are the sizes of what was handed over, and Asked is their sum.
func (l *Local) Batches() (sizes []int, asked int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]int(nil), l.batches...), l.asked
}

// count notes a batch and asks Before, which may wait, fail or end the context of a test.
func (l *Local) count(ctx context.Context, n int) error {
	l.mu.Lock()
	l.batches, l.asked = append(l.batches, n), l.asked+n
	l.mu.Unlock()
	if l.Before != nil {
		return l.Before(ctx, n)
	}
	return ctx.Err()
}

// Generate implements llm.Provider. Each reply counts 50 tokens in and 10 out, whatever was said: budgets can be
// computed.
func (l *Local) Generate(ctx context.Context, rs []llm.Request) ([]llm.Reply, error) {
	if err := l.count(ctx, len(rs)); err != nil {
		return nil, err
	}
	out := make([]llm.Reply, len(rs))
	for at, r := range rs {
		if l.Write != nil {
			out[at] = l.Write(r)
		}
		out[at].In, out[at].Out = 50, 10
		if out[at].Finish == "" {
			out[at].Finish = llm.FinishStop
		}
	}
	return out, nil
}

// Score implements llm.Provider. Each option is two tokens of equal log-probability, which add up to what Weigh
// says.
func (l *Local) Score(ctx context.Context, qs []llm.ScoreRequest) ([]llm.Scores, error) {
	if err := l.count(ctx, len(qs)); err != nil {
		return nil, err
	}
	out := make([]llm.Scores, len(qs))
	for at, q := range qs {
		out[at].In = 50
		for _, option := range q.Options {
			total := l.weigh(q, option)
			out[at].Total = append(out[at].Total, total)
			out[at].Token = append(out[at].Token, []float64{total / 2, total / 2})
			out[at].Bytes = append(out[at].Bytes, len(option))
		}
	}
	return out, nil
}

// weigh is the script's, or a number between −1 and −11 from a hash of messages, prefix and option.
func (l *Local) weigh(q llm.ScoreRequest, option string) float64 {
	if l.Weigh != nil {
		return l.Weigh(q, option)
	}
	h := fnv.New64a()
	for _, m := range q.Messages {
		h.Write([]byte(m.Content))
	}
	h.Write([]byte(q.Prefix + option))
	return -1 - float64(h.Sum64()%1000)/100
}
