package loadtest

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Plan is a load. Its requests depend on Seed alone: the same plan sends the same texts at the same moments, so two
// daemons can be compared. A daemon that is too slow does not change the plan, it only answers later.
type Plan struct {
	Rate    float64       // requests a second
	For     time.Duration // during which requests are sent
	Warm    time.Duration // at its beginning, of which nothing is counted
	Timeout time.Duration // each request's deadline
	Texts   int           // a request; 0 draws a mix
	MaxOpen int           // requests under way at most: what comes on top is not sent, and counted
	Seed    uint64

	// Tolerance is the difference from the text's own vector beyond which an answer counts as wrong.
	Tolerance float64
}

// Offer sends the load and waits for the last answer.
//
//	due      0.0   0.4   0.5   2.1 s      pauses are exponential with mean 1/Rate
//	sent     0.0   0.4   0.5   2.1        whether 0.0 was answered or not
//	late     of 0.5, sent at 0.7 since this program was busy, the time counts from 0.5
//
// Invariant: a request's time begins when it was due. A client that is late makes the daemon look slower, never
// quicker.
func Offer(ctx context.Context, p Plan, known *Known, embed Embed) *Tally {
	// The second number keeps these draws apart from those of package chaos with the same seed.
	random := rand.New(rand.NewPCG(p.Seed, 1))
	t := &Tally{counted: p.For - p.Warm, tolerance: p.Tolerance, errors: map[string]int{}}
	var wg sync.WaitGroup
	begin := time.Now()
	t.from, t.to = begin.Add(p.Warm), begin.Add(p.For)
	for due := begin; ; {
		due = due.Add(time.Duration(random.ExpFloat64() / p.Rate * float64(time.Second)))
		if due.After(t.to) || ctx.Err() != nil {
			break
		}
		time.Sleep(time.Until(due)) // when it is late already, at once
		which := known.Draw(random, p.Texts)
		if !t.enter(due, p.MaxOpen) {
			continue
		}
		wg.Go(func() {
			c, cancel := context.WithDeadline(ctx, due.Add(p.Timeout))
			defer cancel()
			r, err := embed(c, known.Request(which))
			if err != nil {
				t.failed(due, err)
				return
			}
			t.answered(due, r, known.Compare(which, r))
		})
	}
	// Answers after the end are waited for and compared; they no longer count into the rates.
	wg.Wait()
	return t
}
