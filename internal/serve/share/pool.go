package share

import (
	"context"
	"slices"
	"sync"
)

// largestPart is how many times what is free one caller may hold.
const largestPart = 3

// Pool is a number of places.
type Pool struct {
	mu      sync.Mutex
	size    int
	used    int
	held    map[string]int // by caller
	waiting []*waiter      // in the order of their coming
	full    bool           // somebody found no room, and it has not been half empty since
	onFull  func(caller string)
}

type waiter struct {
	caller string
	n      int
	in     chan struct{} // closed when it has its places
}

// NewPool makes a pool. onFull, which may be nil, is told of the first caller who finds no room, and not again until the
// pool was half empty.
func NewPool(size int, onFull func(caller string)) *Pool {
	return &Pool{size: size, held: map[string]int{}, onFull: onFull}
}

// Place is what a caller holds. The zero Place holds nothing.
type Place struct {
	p      *Pool
	caller string
	n      int
}

// TryEnter takes n places, or says that there is no room for this caller now.
func (p *Pool) TryEnter(caller string, n int) (*Place, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(n, p.size)
	if n > p.size-p.used || p.beyondPart(caller, n) {
		p.noteFull(caller)
		return nil, false
	}
	return p.take(caller, n), true
}

// Enter takes n places, all there are if n is more, and waits for them if it must. Of those who wait, the caller who
// holds least is first.
func (p *Pool) Enter(ctx context.Context, caller string, n int) (*Place, error) {
	w := &waiter{caller, min(n, p.size), make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, w)
	p.grant()
	if slices.Contains(p.waiting, w) {
		p.noteFull(caller)
	}
	p.mu.Unlock()
	select {
	case <-w.in:
		return &Place{p, caller, w.n}, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.waiting, w); at >= 0 {
		p.waiting = slices.Delete(p.waiting, at, at+1)
	} else {
		p.give(caller, w.n)
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
	l.p.give(l.caller, l.n-n)
	l.n = n
	l.p.grant()
}

// Used is how many places are taken, Size how many there are.
func (p *Pool) Used() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

// Size is how many places there are.
func (p *Pool) Size() int { return p.size }

// beyondPart tells whether n more are more than a caller's part; nobody's calls (caller "") are not bounded so. Who calls
// this and what follows holds mu.
func (p *Pool) beyondPart(caller string, n int) bool {
	held := p.held[caller]
	return caller != "" && held > 0 && held+n > largestPart*(p.size-p.used)
}

func (p *Pool) take(caller string, n int) *Place {
	p.used += n
	p.held[caller] += n
	return &Place{p, caller, n}
}

func (p *Pool) give(caller string, n int) {
	p.used -= n
	if p.held[caller] -= n; p.held[caller] == 0 {
		delete(p.held, caller)
	}
	p.full = p.full && 2*p.used > p.size
}

func (p *Pool) noteFull(caller string) {
	if !p.full && p.onFull != nil {
		p.onFull(caller)
	}
	p.full = true
}

// grant lets in who may, while there is room. Nobody overtakes the one who is next and waits for room.
func (p *Pool) grant() {
	for {
		next := -1
		for i, w := range p.waiting {
			if !p.beyondPart(w.caller, w.n) && (next < 0 || p.held[w.caller] < p.held[p.waiting[next].caller]) {
				next = i
			}
		}
		if next < 0 || p.waiting[next].n > p.size-p.used {
			return
		}
		w := p.waiting[next]
		p.waiting = slices.Delete(p.waiting, next, next+1)
		p.take(w.caller, w.n)
		close(w.in)
	}
}
