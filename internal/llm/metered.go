package llm

import "context"

// Metered counts what a local model reads and writes into a budget, so that a bound in tokens holds for it as for an
// endpoint, whose client counts by itself.
type Metered struct {
	Provider
	Budget *Budget
}

// Generate implements Provider.
func (m Metered) Generate(ctx context.Context, rs []Request) ([]Reply, error) {
	var most usage
	for _, r := range rs {
		most.tokens += estimate(r.Messages) + int64(r.Sampling.Length())
	}
	if err := m.Budget.reserve(most); err != nil {
		return nil, err
	}
	replies, err := m.Provider.Generate(ctx, rs)
	var used usage
	for _, r := range replies {
		used.tokens += r.In + r.Out
	}
	m.Budget.settle(most, used)
	return replies, err
}

// Score implements Provider.
func (m Metered) Score(ctx context.Context, qs []ScoreRequest) ([]Scores, error) {
	var most usage
	for _, q := range qs {
		most.tokens += estimate(q.Messages)
		for _, option := range q.Options {
			most.tokens += EstimateTokens(option)
		}
	}
	if err := m.Budget.reserve(most); err != nil {
		return nil, err
	}
	scores, err := m.Provider.Score(ctx, qs)
	var used usage
	for _, s := range scores {
		used.tokens += s.In + s.Out()
	}
	m.Budget.settle(most, used)
	return scores, err
}

// estimate is the tokens that messages take, rather too many.
func estimate(messages []Message) (n int64) {
	for _, m := range messages {
		n += EstimateTokens(m.Content)
	}
	return n + overhead
}
