package vidb

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"hives/internal/judge"
	"hives/internal/llm"
)

const (
	briefAnswer   = 10              // tokens of {"more": "A"}
	guessedWait   = 2 * time.Second // of one call, where nobody knows the endpoint
	sampledTexts  = 50              // whose lengths stand for a pool's
	minuteSeconds = 60
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
	b.hours += wait(b.cfg, v, calls).Hours()
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
	fmt.Fprintf(out, "about %.1f hours, if a call takes %v and the endpoints' rates hold\n", b.hours, guessedWait)
	if dryRun || yes {
		return dryRun, nil
	}
	if b.here != nil && f.Stored.Requests-f.Elsewhere.Requests >= b.course.Requests {
		return false, nil // all of it is answered; where some answers were asked for again, only a few are not
	}
	total := b.course.Estimate
	total.Tokens, total.Micro = total.Tokens+f.Elsewhere.Tokens, total.Micro+f.Elsewhere.Micro
	err = afford(total, b.cfg.Budget)
	return err != nil, err
}

// afford refuses calls that nobody has agreed to pay for: the budget bears them, or --yes says so.
//
//	no budget                  refused
//	budget beyond the calls    goes on
//	budget below               refused: it would be spent before the end
func afford(e judge.Estimate, b llm.Limits) error {
	if b.Tokens == 0 && b.Money == 0 {
		return invalid("%d calls and no budget: look at the estimate, and say --yes or give [budget]", e.Requests)
	}
	if (b.Tokens > 0 && e.Tokens > b.Tokens) || (b.Money > 0 && float64(e.Micro)/1e6 > b.Money) {
		return invalid("%d calls take about %d tokens and %.2f %s, the budget is %d and %.2f: raise it, lower --m, or say "+
			"--yes to ask until it is spent", e.Requests, e.Tokens, float64(e.Micro)/1e6, b.Currency, b.Tokens, b.Money)
	}
	return nil
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

// wait is how long a judge's calls take at the least: by its endpoint's rate, and by what it answers beside each other.
//
//	1,000 calls, 4 beside each other, 60 a minute     500 s by the calls, 1,000 s by the rate: 1,000 s
func wait(cfg Config, v judge.Voter, calls int64) time.Duration {
	beside, perMinute := 1, 0.
	for _, e := range cfg.Endpoints {
		if e.Name == v.Endpoint {
			beside, perMinute = max(1, e.Parallel), float64(e.RequestsPerMinute)
		}
	}
	took := time.Duration(calls) * guessedWait / time.Duration(beside)
	if perMinute > 0 {
		took = max(took, time.Duration(float64(calls)/perMinute*minuteSeconds*float64(time.Second)))
	}
	return took
}
