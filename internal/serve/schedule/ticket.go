package schedule

import (
	"context"
	"fmt"
	"time"

	"hives/internal/fault"
	"hives/internal/serve/share"
)

// FullError says that the queue has no room now.
type FullError struct {
	Held, Max int           // tokens
	Part      bool          // there is room, but not for this caller, who holds three times as much
	Retry     time.Duration // after which room is likely
}

// Error says which of two bounds was met, since they ask for different things: wait, or ask for less at a time.
func (e *FullError) Error() string {
	if e.Part {
		return fmt.Sprintf("%d tokens of yours are waiting already, and what is left of %d is kept for others; "+
			"try again in %v", e.Held, e.Max, e.Retry)
	}
	return fmt.Sprintf("%d of %d tokens are waiting already; try again in %v", e.Held, e.Max, e.Retry)
}

// Ticket is room in the queue, kept for one request. It comes before tokenising, since a refusal must cost nothing.
// Whoever has one owes it exactly one of two ends: Embed, or Release. A ticket that is lost holds its room for good,
// so callers defer Release, which does nothing after Embed.
type Ticket struct {
	s      *Scheduler
	who    share.Who
	tokens int
	bulk   bool
}

// Admit keeps room for about so many tokens, before they are counted exactly. If there is none, a call gets
// *FullError; bulk waits for room instead, and may fill half of the queue only, so that it never shuts calls out. A
// caller who holds room already gets a part of it, three quarters of the queue when alone (package share). The loop
// is for bulk alone: it waits on the channel that it was given with the refusal, under the same lock, so that no
// room that falls free in between is missed.
func (s *Scheduler) Admit(ctx context.Context, who share.Who, tokens int, bulk bool) (*Ticket, error) {
	for {
		room, err := s.tryAdmit(who, tokens, bulk)
		if err == nil && room == nil {
			return &Ticket{s, who, tokens, bulk}, nil
		}
		if err != nil {
			return nil, err
		}
		select {
		case <-room:
		case <-s.failed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryAdmit returns neither channel nor error if there is room, and the channel to wait for if bulk may wait. Bulk
// larger than its half is let in when nothing else is held: it could otherwise wait for ever.
func (s *Scheduler) tryAdmit(who share.Who, tokens int, bulk bool) (<-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := s.opt.MaxTokens
	if bulk {
		limit /= 2
	}
	switch {
	case s.err != nil:
		return nil, s.err
	case s.closing:
		return nil, fault.New(fault.Unavailable, "the model is being replaced or the server ends")
	case s.held+tokens <= limit && !s.beyondPart(who, tokens, limit) || bulk && s.held == 0:
		s.hold(who, tokens)
		return nil, nil
	case bulk:
		return s.room, nil
	}
	return nil, s.full(who, tokens)
}

// beyondPart tells whether tokens more are more than a caller's part of limit. Who calls it holds mu.
func (s *Scheduler) beyondPart(who share.Who, tokens, limit int) bool {
	return who.Beyond(tokens, s.heldBy[who.Caller], s.heldOver[who], limit-s.held)
}

// full counts and describes a refusal. Who calls it holds mu. Room is likely when what is held has been computed:
// held ÷ tokens a second, between 0.1 and 30 s. With no batch run yet the guess is a second. Part tells apart who is
// at fault: with room left in the queue the caller's own part is what is used up.
func (s *Scheduler) full(who share.Who, tokens int) error {
	s.stats.Refused++
	retry := time.Second
	if s.stats.TokensPerSecond > 0 {
		retry = time.Duration(float64(s.held) / s.stats.TokensPerSecond * float64(time.Second))
	}
	retry = min(max(retry, 100*time.Millisecond), 30*time.Second).Round(time.Millisecond)
	full := &FullError{Held: s.held, Max: s.opt.MaxTokens, Retry: retry}
	if s.held+tokens <= s.opt.MaxTokens {
		full.Held, full.Part = s.heldBy[who.Caller], true
	}
	return fault.New(fault.Exhausted, "the queue is full: %w", full)
}

// Release gives the room back. After Embed it does nothing.
func (t *Ticket) Release() {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	t.s.release(t.who, t.tokens)
	t.tokens = 0
}

// Embed turns the ticket into texts that wait in flow f, and returns their vectors in order. It uses the ticket
// up. When ctx ends, texts that no other request wants leave the queue at once.
//
// It waits text by text, in the order of the request. That is no slower than waiting for all at once, as it needs
// all of them; and the first error ends it, after it has withdrawn the rest.
func (t *Ticket) Embed(ctx context.Context, f *Flow, texts []Text) ([]Result, error) {
	items, err := t.enter(f, texts)
	if err != nil {
		return nil, err
	}
	out := make([]Result, len(items))
	for i, it := range items {
		select {
		case <-it.closed:
		case <-ctx.Done():
			t.s.leave(f, items)
			return nil, ctx.Err()
		}
		if out[i] = it.out; it.out.Err != nil {
			t.s.leave(f, items)
			return nil, fmt.Errorf("text %d: %w", i, it.out.Err)
		}
	}
	t.s.mu.Lock()
	t.s.queue.leave(f, items) // those that were taken in another flow
	t.s.mu.Unlock()
	return out, nil
}

// enter finds or makes an item for each text. Room beyond the ticket's is asked for once more; a request that
// the queue cannot hold leaves nothing behind.
//
// The guess of 4 bytes a token is too low for texts whose tokens have fewer bytes. What such a request lacks is
// asked for here, once; if it is refused now, tokenising was in vain. The ticket is given back first and the exact
// number taken afterwards, both under one lock, so nobody slips in between.
func (t *Ticket) enter(f *Flow, texts []Text) ([]*item, error) {
	s, now := t.s, time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	items, fresh, tokens := s.match(texts, now)
	// What held will be once the guess is replaced by the count.
	over := s.held - t.tokens + tokens - s.opt.MaxTokens
	s.release(t.who, t.tokens)
	granted := t.tokens
	t.tokens = 0
	switch {
	case s.err != nil:
		return nil, s.err
	case over > 0 && tokens > granted && !t.bulk: // bulk is bounded by its half
		return nil, s.full(t.who, tokens)
	}
	s.hold(t.who, tokens)
	s.waiting += tokens
	for _, it := range fresh {
		s.inFlight[it.key], it.who = it, t.who
	}
	for _, it := range items {
		if it.waiters++; it.state == waiting {
			s.queue.push(f, it)
		}
	}
	s.stats.Texts += uint64(len(texts))
	s.stats.Joined += uint64(len(texts) - len(fresh))
	s.nudge()
	return items, nil
}

// match returns an item for each text, and which of them are new, with their tokens. Nothing is changed but the
// cache's order. The caller holds mu. The order of the questions: twice in this request, in flight for another, in
// the cache, new.
func (s *Scheduler) match(texts []Text, now time.Time) (items, fresh []*item, tokens int) {
	made := map[Key]*item{}
	for _, text := range texts {
		it := made[text.Key]
		if it == nil {
			it = s.known(text.Key)
		}
		if it == nil {
			it = &item{key: text.Key, ids: text.IDs, fresh: text.Fresh, entered: now, closed: make(chan struct{})}
			fresh = append(fresh, it)
			tokens += len(text.IDs)
		}
		made[text.Key] = it
		items = append(items, it)
	}
	return items, fresh, tokens
}

// known returns the item in flight, or a finished one of the cache, or nil. The item made for a vector of the cache
// is done from the start: whoever waits for it goes on at once, and its empty ids cost nothing in any sum.
func (s *Scheduler) known(key Key) *item {
	if it := s.inFlight[key]; it != nil || s.cache == nil {
		return it
	}
	v, ok := s.cache.Get(key)
	if !ok {
		return nil
	}
	s.stats.CacheHits++
	it := &item{key: key, state: done, out: Result{Vector: v}, closed: make(chan struct{})}
	close(it.closed)
	return it
}

// leave takes a request's items out of its flow, and its interest off them; what nobody else wants is dropped. Texts
// that the engine is computing are left to it: the vector goes to the cache.
func (s *Scheduler) leave(f *Flow, items []*item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.leave(f, items)
	for _, it := range items {
		if it.waiters--; it.waiters == 0 && it.state == waiting {
			it.state = dropped
			s.forget(it)
			s.unqueue(it)
			s.stats.Dropped++
		}
	}
}

// Privileged is a ticket that is never refused, for the server's own checks. A self-check that the queue could
// refuse would take the health down under load, just when balancers must not believe it.
func (s *Scheduler) Privileged() *Ticket { return &Ticket{s: s, bulk: true} }
