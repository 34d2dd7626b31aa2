package intensityapi

import (
	"sync"
	"sync/atomic"

	pb "hives/proto/hives/v1alpha1"
)

// Figures are for telemetry. They count from the start of the process, but for the budget, which counts all starts.
type Figures struct {
	Calls, MaxCalls int               // questions that wait or are under way, and that may
	Asked, Kept     uint64            // questions put to judges, and those whose answers were there
	Unusable        uint64            // windows without a usable answer
	Scores          map[string]uint64 // by status
	Tokens          int64             // that the judges have used of their budget
	MostTokens      int64             // 0: no bound
	Money           float64           // in the budget's currency
	MostMoney       float64
	Values          int // of the database
}

// counts are the figures that calls move.
type counts struct {
	asked, kept, unusable atomic.Uint64
	mu                    sync.Mutex
	scores                map[string]uint64
}

// call files a call that was answered.
func (c *counts) call(out *pb.ScoreResponse, err error) {
	if err != nil {
		return
	}
	for _, s := range out.Summaries {
		c.unusable.Add(uint64(s.WindowsAsked - s.WindowsUsed))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.scores == nil {
		c.scores = map[string]uint64{}
	}
	for _, s := range out.Scores {
		c.scores[label(s.Status)]++
	}
}

// label is a status as figures name it.
func label(s pb.Status) string {
	for word, number := range statuses {
		if number == s {
			return string(word)
		}
	}
	return ""
}

// tally counts the answers of one call as they come, for its reply and for the figures: those of a call that is broken
// off were paid for, too.
type tally struct {
	api         *API
	asked, kept atomic.Uint32
}

// Add implements vidb.Bar.
func (t *tally) Add(n int64) {
	t.asked.Add(uint32(n))
	t.api.counts.asked.Add(uint64(n))
}

// Replay implements vidb.Bar.
func (t *tally) Replay(n int64) {
	t.kept.Add(uint32(n))
	t.api.counts.kept.Add(uint64(n))
}

// Suffix implements vidb.Bar.
func (t *tally) Suffix(string) {}

// Close implements vidb.Bar.
func (t *tally) Close() {}

// Figures tells how things stand; false before the judges are seated.
func (a *API) Figures() (f Figures, ok bool) {
	judges, base, err := a.ready()
	if err != nil {
		return f, false
	}
	tokens, micro, limits := judges.Budget()
	f = Figures{Calls: a.places.Used(), MaxCalls: a.places.Size(), Asked: a.counts.asked.Load(),
		Kept: a.counts.kept.Load(), Unusable: a.counts.unusable.Load(), Scores: map[string]uint64{}, Tokens: tokens,
		MostTokens: limits.Tokens, Money: float64(micro) / 1e6, MostMoney: limits.Money, Values: len(base.IDs())}
	a.counts.mu.Lock()
	defer a.counts.mu.Unlock()
	for word := range statuses { // a rate over a series that is born at 1 would miss the first
		f.Scores[string(word)] = a.counts.scores[string(word)]
	}
	return f, true
}
