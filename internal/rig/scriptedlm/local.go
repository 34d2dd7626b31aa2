// Package scriptedlm is a local language model for tests: a llm.Provider that answers by script, in batches, without an
// engine.
package scriptedlm

import (
	"context"
	"hash/fnv"
	"sync"

	"hives/internal/llm"
)

// Local is one such model. Its zero value answers with nothing, and scores by a hash of what it is asked.
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

// Opener opens this model whatever is named.
func (l *Local) Opener(context.Context, string, llm.Local) (llm.Provider, error) { return l, nil }

// Identity implements llm.Provider.
func (l *Local) Identity() llm.Identity { return l.ID }

// Can implements llm.Provider.
func (l *Local) Can() llm.Abilities {
	return llm.Abilities{Score: !l.Lacks, Choices: !l.Lacks, Seed: true, Prefix: true}
}

// Close implements llm.Provider.
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

func (l *Local) count(ctx context.Context, n int) error {
	l.mu.Lock()
	l.batches, l.asked = append(l.batches, n), l.asked+n
	l.mu.Unlock()
	if l.Before != nil {
		return l.Before(ctx, n)
	}
	return ctx.Err()
}

// Generate implements llm.Provider.
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

// Score implements llm.Provider.
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
