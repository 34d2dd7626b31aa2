package llm

import "context"

// Metered counts what a local model reads and writes into a budget, so that a bound in tokens holds for it as for an
// endpoint, whose client counts by itself. It costs no money.
//
//	budget 1000, used 700, 8 questions of at most 50     set aside 400: refused, nobody is asked
//	budget 1100                                          asked; they took 280, and 980 are used
//
// Invariant: a call is asked only if the most that all its requests can take is still there. So a run ends by what one
// call might have taken before its bound, and never beyond it.
type Metered struct {
	Provider
	Budget *Budget
}

// Generate implements Provider.
func (m Metered) Generate(ctx context.Context, rs []Request) (replies []Reply, err error) {
	var most int64
	for _, r := range rs {
		most += estimate(r.Messages) + int64(r.Sampling.Length())
	}
	err = m.within(most, func() (used int64, err error) {
		replies, err = m.Provider.Generate(ctx, rs)
		for _, r := range replies {
			used += r.In + r.Out
		}
		return used, err
	})
	return replies, err
}

// Score implements Provider. A prompt counts once, as it is read once, and every option counts, as each is computed.
func (m Metered) Score(ctx context.Context, qs []ScoreRequest) (scores []Scores, err error) {
	var most int64
	for _, q := range qs {
		most += estimate(q.Messages)
		for _, option := range q.Options {
			most += EstimateTokens(option)
		}
	}
	err = m.within(most, func() (used int64, err error) {
		scores, err = m.Provider.Score(ctx, qs)
		for _, s := range scores {
			used += s.In + s.Out()
		}
		return used, err
	})
	return scores, err
}

// within asks if the budget bears it. What came is charged also where the call failed later: a stopped batch was
// computed.
func (m Metered) within(most int64, ask func() (used int64, err error)) error {
	if err := m.Budget.reserve(usage{tokens: most}); err != nil {
		return err
	}
	used, err := ask()
	m.Budget.settle(usage{tokens: most}, usage{tokens: used})
	return err
}

// estimate is the tokens that messages take, rather too many.
func estimate(messages []Message) (n int64) {
	for _, m := range messages {
		n += EstimateTokens(m.Content)
	}
	return n + overhead
}
