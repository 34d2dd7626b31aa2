package talk

import (
	"context"
	"fmt"
	"slices"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/model/lm"
)

// Answered is a conversation with an answer by its tokens, as Generate chose them: nothing is encoded a second time,
// which could cut the words elsewhere. Prefix is the part of the answer that was given and not chosen; it counts
// among the prompt.
type Answered struct {
	Messages []llm.Message
	Prefix   string
	IDs      []int32
	Ended    bool // the model ended its turn behind them
}

// States are what an answer looks like between the layers of the model without steering: layer 0 after the embedding,
// layer l after l blocks, before the final norm.
type States struct {
	Answer     lm.Mean // over the answer's tokens
	Prompt     lm.Mean // over the prompt's
	PromptLast lm.Mean // of the token whose state makes the first of the answer
}

// States reads conversations of at least one answered token. The error of one without names it by its place, from 1.
//
//	prompt of 5 tokens, answer of 3     Answer over 5 … 7, Prompt over 0 … 4, PromptLast at 4
//
// The last token of an answer has a state too, although nothing was chosen from it.
func (m *Model) States(ctx context.Context, as []Answered) ([]States, error) {
	rows, from, err := m.rowsOf(as)
	if err != nil {
		return nil, err
	}
	spans := make([][]lm.Span, len(rows))
	for at, n := range from {
		spans[at] = []lm.Span{{From: n, To: n + len(as[at].IDs)}, {From: 0, To: n}, {From: n - 1, To: n}}
	}
	out := make([]States, len(rows))
	// By the batch, so that a stop is heard; a row's numbers do not depend on its company.
	for at := 0; at < len(rows); at += m.rows {
		if ctx.Err() != nil {
			return nil, fault.New(fault.Canceled, "stopped: %w", context.Cause(ctx))
		}
		end := min(at+m.rows, len(rows))
		means, err := m.runner.Means(rows[at:end], spans[at:end])
		if err != nil {
			return nil, err
		}
		for n, of := range means {
			out[at+n] = States{of[0], of[1], of[2]}
		}
	}
	return out, nil
}

// LogProbs returns the log-probability of each token of the answers under the model without steering, and of the end
// of the turn where the model ended it. Of an answer that was written under steering they tell how strange it is to
// the model left alone. Shape: [i][len(IDs)], one more where Ended.
func (m *Model) LogProbs(ctx context.Context, as []Answered) ([][]float64, error) {
	rows, from, err := m.rowsOf(as)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, fault.New(fault.Canceled, "stopped: %w", context.Cause(ctx))
	}
	for at, a := range as {
		if a.Ended {
			rows[at] = append(rows[at], m.renderer.TurnEnd())
		}
	}
	m.busy.Lock() // the runner's cache is used, and holds one batch
	defer m.busy.Unlock()
	return m.runner.Score(rows, from, nil)
}

// rowsOf are prompts with their answers behind them, and where the answers begin.
func (m *Model) rowsOf(as []Answered) (rows [][]int32, from []int, err error) {
	for at, a := range as {
		prompt, err := m.render(a.Messages, a.Prefix)
		if err != nil {
			return nil, nil, fmt.Errorf("answer %d: %w", at+1, err)
		}
		if len(a.IDs) == 0 {
			return nil, nil, fault.New(fault.Invalid, "answer %d has no token", at+1)
		}
		rows, from = append(rows, slices.Concat(prompt, a.IDs)), append(from, len(prompt))
	}
	return rows, from, nil
}

// Tokens are a prompt and an answer to it, with the end of the turn behind: what training and scoring see.
func (m *Model) Tokens(messages []llm.Message, answer string) (prompt, ids []int32, err error) {
	if prompt, err = m.render(messages, ""); err != nil {
		return nil, nil, err
	}
	ids, err = m.tok.EncodePlain(nil, answer)
	return prompt, append(ids, m.renderer.TurnEnd()), err
}

// Decoder is the model in its engine's memory, for graphs of one's own, and how its runner computes.
func (m *Model) Decoder() (*lm.Model, lm.Options, error) {
	w, err := m.graph()
	return w, m.options, err
}
