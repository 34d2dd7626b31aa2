package share

import (
	"context"
	"slices"
	"sync"
)

// Who is one who calls: whose calls they are, and over which connection. Nobody's calls have no Caller.
type Who struct{ Caller, Connection string }

// largestPart is how many times what is free one caller may hold.
const largestPart = 3

// Beyond tells whether n more are more than a caller's part, where so many are held by the caller, so many of these over
// the connection that asks, and so many are free. A connection that holds nothing gets in beyond the part, if as much is
// left then: callers of one host without tokens cannot be told apart otherwise.
func (w Who) Beyond(n, byCaller, byConnection, free int) bool {
	if w.Caller == "" || byCaller == 0 || byCaller+n <= largestPart*free {
		return false
	}
	return byConnection > 0 || 2*n > free
}

// Pool is a number of places.
type Pool struct {
	mu      sync.Mutex
	size    int
	used    int
	held    map[string]int // by caller
	over    map[Who]int    // by connection
	waiting []*waiter      // in the order of their coming
	full    bool           // somebody found no room, and it has not been half empty since
	onFull  func(Who)
}

type waiter struct {
	who Who
	n   int
	in  chan struct{} // closed when it has its places
}

// NewPool makes a pool. onFull, which may be nil, is told of the first caller who finds no room, and not again until the
// pool was half empty.
func NewPool(size int, onFull func(Who)) *Pool {
	return &Pool{size: size, held: map[string]int{}, over: map[Who]int{}, onFull: onFull}
}

// Place is what a caller holds. The zero Place holds nothing.
type Place struct {
	p   *Pool
	who Who
	n   int
}

// TryEnter takes n places, or says that there is no room for this caller now.
func (p *Pool) TryEnter(who Who, n int) (*Place, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(n, p.size)
	if n > p.size-p.used || p.beyondPart(who, n) {
		p.noteFull(who)
		return nil, false
	}
	return p.take(who, n), true
}

// Enter takes n places, all there are if n is more, and waits for them if it must. Of those who wait, the caller who
// holds least is first.
func (p *Pool) Enter(ctx context.Context, who Who, n int) (*Place, error) {
	w := &waiter{who, min(n, p.size), make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, w)
	p.grant()
	if slices.Contains(p.waiting, w) {
		p.noteFull(who)
	}
	p.mu.Unlock()
	select {
	case <-w.in:
		return &Place{p, who, w.n}, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.waiting, w); at >= 0 {
		p.waiting = slices.Delete(p.waiting, at, at+1)
	} else {
		p.give(who, w.n)
	}
	p.grant() // it may have been in the way of others
	return nil, ctx.Err()
}

// Leave gives all of it back. A second time does nothing.
func (l *Place) Leave() { l.Keep(0) }

// Keep gives all but n places back.
func (l *Place) Keep(n int) {
	if l == nil || l.p == nil {
		return
	}
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	if n >= l.n {
		return
	}
	l.p.give(l.who, l.n-n)
	l.n = n
	l.p.grant()
}

// Used is how many places are taken.
func (p *Pool) Used() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

// Waiting is how many wait for places.
func (p *Pool) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

// Size is how many places there are.
func (p *Pool) Size() int { return p.size }

// beyondPart and what follows are for those who hold mu.
func (p *Pool) beyondPart(who Who, n int) bool {
	return who.Beyond(n, p.held[who.Caller], p.over[who], p.size-p.used)
}

func (p *Pool) take(who Who, n int) *Place {
	p.used += n
	p.held[who.Caller] += n
	p.over[who] += n
	return &Place{p, who, n}
}

func (p *Pool) give(who Who, n int) {
	p.used -= n
	if p.held[who.Caller] -= n; p.held[who.Caller] == 0 {
		delete(p.held, who.Caller)
	}
	if p.over[who] -= n; p.over[who] == 0 {
		delete(p.over, who)
	}
	p.full = p.full && 2*p.used > p.size
}

func (p *Pool) noteFull(who Who) {
	if !p.full && p.onFull != nil {
		p.onFull(who)
	}
	p.full = true
}

// grant lets in who may, while there is room. Nobody overtakes the one who is next and waits for room.
func (p *Pool) grant() {
	for {
		next := -1
		for i, w := range p.waiting {
			if !p.beyondPart(w.who, w.n) && (next < 0 || p.before(w.who, p.waiting[next].who)) {
				next = i
			}
		}
		if next < 0 || p.waiting[next].n > p.size-p.used {
			return
		}
		w := p.waiting[next]
		p.waiting = slices.Delete(p.waiting, next, next+1)
		p.take(w.who, w.n)
		close(w.in)
	}
}

// before tells who holds less, as a caller and, where these hold as much, over the connection.
func (p *Pool) before(a, b Who) bool {
	if p.held[a.Caller] != p.held[b.Caller] {
		return p.held[a.Caller] < p.held[b.Caller]
	}
	return p.over[a] < p.over[b]
}
