package vidb

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"hives/internal/judge"
	"hives/internal/llm"
)

const (
	briefAnswer  = 10 // tokens of {"more": "A"}
	sampledTexts = 50 // whose lengths stand for a pool's
)

// bill is what a job's calls would take, before anybody is asked.
type bill struct {
	cfg    Config
	noun   string       // what is asked about: windows, texts
	here   []judge.Item // of the job; nil: every answer of the run counts as its own
	course judge.Course // its questions are counted by who fills in the bill
	hours  float64
}

// add counts calls to one judge that read and write so many tokens each.
// No answer is longer than the judge may write, whatever the question would want.
func (b *bill) add(v judge.Voter, calls, in, out int64) {
	b.course.Ask(v, calls, calls*in, calls*min(out, int64(v.MaxTokens)))
	b.hours += b.cfg.Wait(v, calls).Hours()
}

// agree prints the bill, and stops unless it fits the budget, or yes says so, or all of it is answered already.
// What other jobs of the same run have used counts towards its budget, so it is added to what this one needs.
//
//	needs 5,000 tokens, 3,000 used elsewhere, budget 7,000     refused without --yes
//	every answer is stored                                     goes on, whatever the budget
func (b *bill) agree(ctx context.Context, votes string, run judge.Run, out io.Writer, yes, dryRun bool) (bool, error) {
	f := judge.Forecast{
		Items: int(b.course.Questions), Noun: b.noun, Budget: b.cfg.Budget, Courses: []judge.Course{b.course},
	}
	all, elsewhere, err := judge.Before(ctx, votes, run.ID, b.here)
	if err != nil {
		return true, err
	}
	f.Stored = all
	if b.here != nil {
		f.Elsewhere = elsewhere
	}
	out = cmp.Or(out, io.Discard)
	if err := f.Write(out); err != nil {
		return true, err
	}
	fmt.Fprintf(out, "about %.1f hours, if a call takes %v and the endpoints' rates hold\n", b.hours, judge.GuessedWait)
	if dryRun || yes {
		return dryRun, nil
	}
	if b.here != nil && f.Stored.Requests-f.Elsewhere.Requests >= b.course.Requests {
		return false, nil // all of it is answered; where some answers were asked for again, only a few are not
	}
	total := b.course.Estimate
	total.Tokens, total.Micro = total.Tokens+f.Elsewhere.Tokens, total.Micro+f.Elsewhere.Micro
	err = judge.Afford(total, b.cfg.Budget, "lower --m")
	return err != nil, err
}

// meanTokens is a text's mean length in tokens, over some of the pool. Every so-many-th of the texts by id, which is
// a hash: a sample as good as any.
func (v *Value) meanTokens() int64 {
	step := max(1, len(v.Texts)/sampledTexts)
	var sum, n int64
	for i := 0; i < len(v.Texts); i += step {
		sum, n = sum+llm.EstimateTokens(v.Texts[i].Text), n+1
	}
	return sum / n
}
