package share

import (
	"context"
	"slices"
	"sync"
)

// Who is one who calls: whose calls they are, and over which connection. Nobody's calls have no Caller.
type Who struct{ Caller, Connection string }

// largestPart is how many times what is free one caller may hold. Three leaves a lone caller three quarters, and the
// next one three quarters of what is left: of 64 places 48, 12, 3, 1 (TestACallersPart). So there is always room for
// one more caller, without any place being set aside for nobody.
const largestPart = 3

// Beyond tells whether n more are more than a caller's part, where so many are held by the caller, so many of these
// over the connection that asks, and so many are free. A connection that holds nothing gets in beyond the part, if as
// much is left then: callers of one host without tokens cannot be told apart otherwise.
//
// Of 64 places a caller holds 47 and asks for one: 48 ≤ 3 · 17, so it gets it. It asks again: 49 > 3 · 16, so that
// is beyond its part. A connection of the same host that holds nothing gets a place all the same, as 2 · 1 ≤ 16.
func (w Who) Beyond(n, byCaller, byConnection, free int) bool {
	if w.Caller == "" || byCaller == 0 || byCaller+n <= largestPart*free {
		return false
	}
	return byConnection > 0 || 2*n > free
}

// Pool is a number of places. It is a semaphore that looks at who asks. Calls, streams, bytes of messages and turns
// to tokenise are pools (serve/places.go); the queue's tokens follow the same rule, counted by the scheduler itself.
//
// Invariant: the places taken never exceed size, and what was given back is there for others (TestPlacesComeBack).
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

// waiter is one who waits for n places. Whoever grants them closes in, after it has taken them in the waiter's name.
type waiter struct {
	who Who
	n   int
	in  chan struct{} // closed when it has its places
}

// NewPool makes a pool. onFull, which may be nil, is told of the first caller who finds no room, and not again until
// the pool was half empty.
func NewPool(size int, onFull func(Who)) *Pool {
	return &Pool{size: size, held: map[string]int{}, over: map[Who]int{}, onFull: onFull}
}

// Place is what a caller holds. The zero Place holds nothing. Who gets one owes it Leave.
type Place struct {
	p   *Pool
	who Who
	n   int
}

// TryEnter takes n places, or says that there is no room for this caller now. More than the pool's size is cut to
// it: one message may need all bytes there are, alone.
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
//
// A context may end in the same moment in which the place is granted. Then the select may see either; whoever is no
// longer among the waiting has been given its places, and gives them back.
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

// Keep gives all but n places back. It never takes more: a message is smaller than the room that was kept for it,
// and what it turned out to need is what stays.
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

// take and give keep three counts in step: places used, those of a caller, those of a connection.
func (p *Pool) take(who Who, n int) *Place {
	p.used += n
	p.held[who.Caller] += n
	p.over[who] += n
	return &Place{p, who, n}
}

// A pool that is half empty again may be reported full anew.
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

// noteFull tells once, and not again until give has seen the pool half empty: a flood of refusals makes one line in
// the log, not one each.
func (p *Pool) noteFull(who Who) {
	if !p.full && p.onFull != nil {
		p.onFull(who)
	}
	p.full = true
}

// grant lets in who may, while there is room. Nobody overtakes the one who is next and waits for room. Those beyond
// their part are passed over, since they wait for their own calls to end. But who may enter and only lacks room
// holds up everybody behind it: otherwise a message of 4 MB would wait as long as small ones keep coming
// (TestNobodyOvertakesForEver).
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
