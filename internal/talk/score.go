package talk

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/model/lm"
)

// choice answers out of a list: at temperature 0 the option of best total, else a draw from
// softmax(total/temperature). An option's total sinks with its length, so options of like length are the caller's to
// choose. The options take the places of tokens in the same sampler, with the same draws: top-k, top-p and min-p have
// no meaning here and are left out.
func (m *Model) choice(ctx context.Context, r *Row) error {
	if r.gone() {
		r.end(llm.FinishCanceled)
		return nil
	}
	scores, err := m.score(ctx, []question{{r.shape.runner, r.prompt, r.job.Choices, r.steer}})
	m.steps.Add(1)
	if err != nil {
		return err
	}
	// float32 is what the sampler takes; totals that differ by less than that can tell are as good as equal.
	totals := make([]float32, len(r.job.Choices))
	for option, total := range scores[0].Total {
		totals[option] = float32(total)
	}
	s := sampler{llm.Sampling{Temperature: r.job.Sampling.Temperature}}
	option, err := s.next(totals, r.draw(0), nil)
	if err != nil {
		return err
	}
	r.say(r.job.Choices[option], nil)
	r.end(llm.FinishStop)
	r.reply.Out = int64(len(scores[0].Token[option]))
	return nil
}

// question is a prompt with the answers to be scored behind it.
type question struct {
	runner  *lm.Runner
	prompt  []int32
	options []string
	steer   []lm.Steer
}

// Score implements llm.Provider. An option's ids are its own encoding with the end of the turn behind, so that no
// option is the beginning of another: "no" would otherwise be at least as probable as "not at all".
//
// Logarithms are natural. Token holds those of the option's tokens and of the end of the turn, Total is their sum,
// Bytes the option's length, for callers who compare options of unlike length by byte.
//
//	option        ids behind the prompt      total
//	no            no end                     log p(no) + log p(end | no)
//	not at all    not at all end             log p(not) + log p(at | …) + log p(all | …) + log p(end | …)
func (m *Model) Score(ctx context.Context, qs []llm.ScoreRequest) ([]llm.Scores, error) {
	all := make([]question, len(qs))
	for at, q := range qs {
		if len(q.Options) == 0 {
			return nil, fault.New(fault.Invalid, "question %d has no options to score", at+1)
		}
		runner, err := m.adapted(q.Adapter)
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
		prompt, err := m.renderer.Render(q.Messages, q.Prefix)
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
		all[at] = question{runner, prompt, q.Options, steers(q.Steer)}
	}
	return m.score(ctx, all)
}

// score lays all options of all questions out as rows, computes them together, and deals the numbers back.
//
//	questions (yes, no) and (a, b, c)     rows 0 to 4; row 2 is option "a" of question 2
func (m *Model) score(ctx context.Context, qs []question) ([]llm.Scores, error) {
	var all scored
	for at, q := range qs {
		for n, option := range q.options {
			ids, err := m.optionRow(q.prompt, option)
			if err != nil {
				return nil, fmt.Errorf("question %d, option %d: %w", at+1, n+1, err)
			}
			all.add(q.runner, ids, len(q.prompt), q.steer)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tokens, err := all.score()
	if err != nil {
		return nil, err
	}
	out := make([]llm.Scores, len(qs))
	next := 0
	for at, q := range qs {
		out[at].In = int64(len(q.prompt))
		for _, option := range q.options {
			total := 0.
			// tokens has a row for each option of each question, in that order.
			for _, logp := range tokens[next] {
				total += logp
			}
			if math.IsNaN(total) || math.IsInf(total, 0) {
				return nil, fault.New(fault.Corrupt, "question %d, option %q: log-probability %v", at+1, option, total)
			}
			out[at].Token, out[at].Total = append(out[at].Token, tokens[next]), append(out[at].Total, total)
			out[at].Bytes = append(out[at].Bytes, len(option))
			next++
		}
	}
	return out, nil
}

// optionRow is a prompt with an answer and the end of the turn: a copy for each option, since appended to one array the
// last option would be all of them.
func (m *Model) optionRow(prompt []int32, option string) ([]int32, error) {
	ids, err := m.tok.EncodePlain(slices.Clone(prompt), option)
	if err != nil {
		return nil, err
	}
	ids = append(ids, m.renderer.TurnEnd())
	if m.most > 0 && len(ids) > m.most {
		return nil, fault.New(fault.Invalid, "%d tokens with its prompt, there are %d positions", len(ids), m.most)
	}
	return ids, nil
}

// checkOptions refuses options that could not be scored.
func (m *Model) checkOptions(prompt []int32, options []string) error {
	for at, option := range options {
		ids, err := m.optionRow(prompt, option)
		if err == nil {
			_, err = lm.Bucket(len(ids))
		}
		if err != nil {
			return fmt.Errorf("option %d: %w", at+1, err)
		}
	}
	return nil
}
