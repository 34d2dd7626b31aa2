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
		prompt, err := m.render(q.Messages, q.Prefix)
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
		all[at] = question{runner, prompt, q.Options, steers(q.Steer)}
	}
	m.busy.Lock() // the runner's cache is used, and holds one batch
	defer m.busy.Unlock()
	return m.score(ctx, all)
}

// score computes questions B at a time, those whose prompts share a bucket together, and deals the numbers back. A
// cancelled context ends the work between two batches: what was computed is returned beside the error, and a question
// that was not has no Total.
func (m *Model) score(ctx context.Context, qs []question) ([]llm.Scores, error) {
	batches, err := m.scoreBatches(qs)
	if err != nil {
		return nil, err
	}
	out := make([]llm.Scores, len(qs))
	for _, b := range batches {
		if ctx.Err() != nil {
			return out, fault.New(fault.Canceled, "stopped: %w", context.Cause(ctx))
		}
		tokens, err := b.runner.Score(b.rows, b.from, b.pushes)
		if err != nil {
			return out, err
		}
		for n, of := range b.of {
			if err := deal(&out[of.question], of.option, tokens[n]); err != nil {
				return out, fmt.Errorf("question %d: %w", of.question+1, err)
			}
			out[of.question].In = int64(b.from[n])
		}
	}
	return out, nil
}

// scoreBatch is the options of at most B questions as rows, and whose they are.
type scoreBatch struct {
	runner *lm.Runner
	rows   [][]int32
	from   []int // where each row's option begins
	pushes [][]lm.Steer
	of     []optionOf
}

// optionOf says where a row's numbers go.
type optionOf struct {
	question int
	option   string
}

// scoreBatches sorts questions by what decides which may share a batch. The runner would sort them too; here it is seen
// where one batch ends, so that the work can be stopped there.
func (m *Model) scoreBatches(qs []question) (batches []*scoreBatch, err error) {
	type kind struct {
		runner  *lm.Runner
		bucket  int
		steered bool
	}
	var kinds []kind // in the order they first come
	members := make(map[kind][]int)
	for at, q := range qs {
		bucket, err := lm.Bucket(len(q.prompt))
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
		k := kind{q.runner, bucket, lm.Steered(q.steer)}
		if members[k] == nil {
			kinds = append(kinds, k)
		}
		members[k] = append(members[k], at)
	}
	for _, k := range kinds {
		for few := range slices.Chunk(members[k], m.rows) {
			b := &scoreBatch{runner: k.runner}
			for _, at := range few {
				if err := b.add(m, at, qs[at]); err != nil {
					return nil, err
				}
			}
			batches = append(batches, b)
		}
	}
	return batches, nil
}

// add lays the options of one question out as rows. They share the prompt, so the runner reads it once for all of
// them.
func (b *scoreBatch) add(m *Model, at int, q question) error {
	for n, option := range q.options {
		ids, err := m.optionRow(q.prompt, option)
		if err != nil {
			return fmt.Errorf("question %d, option %d: %w", at+1, n+1, err)
		}
		b.rows, b.from = append(b.rows, ids), append(b.from, len(q.prompt))
		b.pushes, b.of = append(b.pushes, q.steer), append(b.of, optionOf{at, option})
	}
	return nil
}

// deal adds an option's numbers to its question's, in the order of the options. A sum that is no number would make a
// choice by accident: every comparison with NaN is false.
func deal(s *llm.Scores, option string, tokens []float64) error {
	total := 0.
	for _, logp := range tokens {
		total += logp
	}
	if math.IsNaN(total) || math.IsInf(total, 0) {
		return fault.New(fault.Corrupt, "log-probability %v", total)
	}
	s.Token, s.Total, s.Bytes = append(s.Token, tokens), append(s.Total, total), append(s.Bytes, len(option))
	return nil
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
