package schedule

import (
	"time"

	"hives/pack"
)

// Batch tells of one batch that the engine has run.
type Batch struct {
	Shape   pack.Shape
	Texts   int
	Tokens  int // of texts; Shape.Tokens() with padding
	Flows   int // requests and streams that it served
	Began   time.Time
	Run     time.Duration
	Wait    time.Duration // of the text that waited longest
	Waiting int           // tokens that wait for the next ones
}

// Stats are counters since the start, and what waits now.
type Stats struct {
	Texts        uint64 // asked for
	Joined       uint64 // of them found in flight, in the cache or twice in a request
	CacheHits    uint64
	Refused      uint64 // requests, for want of room
	Dropped      uint64 // texts that nobody waited for any more
	NonFinite    uint64 // vectors withheld
	EngineErrors uint64 // batches that the engine could not run
	Batches      uint64
	Tokens       uint64 // of texts, computed
	Padded       uint64 // tokens computed, padding included

	TokensPerSecond float64 // of texts, while the engine runs; a moving average over about ten batches
	Waiting         int     // tokens in the queue
	Held            int     // these, and those admitted that are not yet counted exactly
	MaxTokens       int
}

// Stats returns a copy of the counters.
func (s *Scheduler) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Waiting, out.Held, out.MaxTokens = s.waiting, s.held, s.opt.MaxTokens
	return out
}

// count files a batch. The caller holds mu. TokensPerSecond is an exponential average in which a batch weighs a
// tenth; the first batch sets it. It answers "when is there room again" for those who are refused, so it counts only
// the engine's time, not its idle time.
func (s *Scheduler) count(b *pack.Batch, members []*item, began time.Time, took time.Duration) Batch {
	flows := map[*line]bool{}
	out := Batch{Shape: b.Shape, Texts: len(members), Tokens: b.Tokens(), Began: began, Run: took, Waiting: s.waiting}
	for _, it := range members {
		flows[it.line] = true
		out.Wait = max(out.Wait, began.Sub(it.entered))
	}
	out.Flows = len(flows)
	s.stats.Batches++
	s.stats.Tokens += uint64(out.Tokens)
	s.stats.Padded += uint64(b.Shape.Tokens())
	rate := float64(out.Tokens) / max(took.Seconds(), 1e-9)
	if s.stats.TokensPerSecond == 0 {
		s.stats.TokensPerSecond = rate
	}
	s.stats.TokensPerSecond += (rate - s.stats.TokensPerSecond) / 10
	return out
}
