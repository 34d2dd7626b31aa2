package llm

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// gate lets requests to one endpoint through: so many at once, so many a minute, none before a given time. A slot is
// held while waiting for the other two, so that never more wait than may ask at once.
//
// Worked example, parallel 2, 60 a minute, at second 0 the endpoint asks for a pause of 7 s:
//
//	request   slot      pause over   rate       sent at
//	A         at once   7 s          at once    7 s
//	B         at once   7 s          1 s more   8 s
//	C         when A or B is answered           a second after the last at the earliest
type gate struct {
	slots chan struct{}
	rate  *rate.Limiter

	mu    sync.Mutex
	until time.Time // the endpoint asked for a pause
}

// newGate has a burst of one: a limiter that saved up a minute's requests would send them at once, and be refused.
func newGate(parallel int, perMinute float64) *gate {
	limit := rate.Inf
	if perMinute > 0 {
		limit = rate.Limit(perMinute / 60)
	}
	return &gate{slots: make(chan struct{}, parallel), rate: rate.NewLimiter(limit, 1)}
}

// enter waits for a slot, for the end of a pause and for the rate, in this order; leave frees the slot. It may be
// broken off at any of the three, before anything is sent.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	leave = func() { <-g.slots }
	for wait := g.left(); wait > 0; wait = g.left() {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			leave()
			return nil, context.Cause(ctx)
		}
	}
	if err := g.rate.Wait(ctx); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// left is how long the pause still lasts. It is asked anew after each wait: another answer may have made it longer.
func (g *gate) left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Until(g.until)
}

// pause holds every request of the endpoint back, not only the one that was told to wait. It never shortens a pause
// that is longer.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := time.Now().Add(d); t.After(g.until) {
		g.until = t
	}
}
