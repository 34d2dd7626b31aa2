package share

import (
	"context"
	"errors"
	"testing"
)

// fill lets a caller take single places until it gets no more.
func fill(p *Pool, who Who) (got int) {
	for {
		if _, ok := p.TryEnter(who, 1); !ok {
			return got
		}
		got++
	}
}

func TestACallersPart(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		want []int // that each of several callers gets, one after the other
	}{
		"one place":   {1, []int{1, 0}},
		"two places":  {2, []int{2, 0}},
		"four":        {4, []int{3, 1, 0}},
		"many":        {64, []int{48, 12, 3, 1, 0}},
		"many calls":  {1024, []int{768, 192, 48}},
		"an odd size": {7, []int{6, 1, 0}},
	} {
		p, told := NewPool(c.size, nil), 0
		p.onFull = func(Who) { told++ }
		for i, want := range c.want {
			if got := fill(p, Who{Caller: string(rune('a' + i))}); got != want {
				t.Errorf("%s: caller %d got %d places, want %d", name, i, got, want)
			}
		}
		if told != 1 {
			t.Errorf("%s: told of the full pool %d times", name, told)
		}
	}
}

// TestPlacesComeBack: what is given back is there for others, and a full pool is told of again once it was half empty.
func TestPlacesComeBack(t *testing.T) {
	var told []string
	p := NewPool(4, func(who Who) { told = append(told, who.Caller) })
	a, _ := p.TryEnter(Who{Caller: "a"}, 3)
	if _, ok := p.TryEnter(Who{Caller: "a"}, 1); ok || p.Used() != 3 {
		t.Fatalf("a fourth place of four: %v, %d used", ok, p.Used())
	}
	a.Keep(1)
	a.Keep(2) // never takes
	if p.Used() != 1 {
		t.Fatalf("%d used after all but one were given back", p.Used())
	}
	a.Leave()
	a.Leave()
	if _, ok := p.TryEnter(Who{Caller: "b"}, 9); !ok || p.Used() != 4 {
		t.Errorf("all places of an empty pool: %v, %d used", ok, p.Used())
	}
	if _, ok := p.TryEnter(Who{Caller: "c"}, 1); ok || len(told) != 2 {
		t.Errorf("a place in a full pool: %v; told of %v", ok, told)
	}
}

// TestWhoHoldsLeastIsNext: twenty wait for a's calls, one for b's, which is served first. Nobody is timed: the order is
// that of the grants.
func TestWhoHoldsLeastIsNext(t *testing.T) {
	p := NewPool(2, nil)
	first, _ := p.TryEnter(Who{Caller: "a"}, 1)
	second, _ := p.TryEnter(Who{Caller: "a"}, 1)
	order := make(chan string, 21)
	wait := func(caller string) {
		queued := len(p.waiting)
		go func() {
			if _, err := p.Enter(context.Background(), Who{Caller: caller}, 1); err == nil {
				order <- caller
			}
		}()
		for {
			p.mu.Lock()
			n := len(p.waiting)
			p.mu.Unlock()
			if n > queued {
				return
			}
		}
	}
	for range 20 {
		wait("a")
	}
	wait("b")
	if first.Leave(); <-order != "b" {
		t.Error("b waits behind all of a's calls")
	}
	if second.Leave(); <-order != "a" {
		t.Error("a's next call was not let in")
	}
}

// TestNobodyOvertakesForEver: who waits for many places is not passed by those who want few.
func TestNobodyOvertakesForEver(t *testing.T) {
	p := NewPool(10, nil)
	small, _ := p.TryEnter(Who{Caller: "a"}, 4)
	ctx, cancel := context.WithCancel(context.Background())
	large := make(chan error, 1)
	go func() { _, err := p.Enter(ctx, Who{Caller: "b"}, 8); large <- err }()
	for waiting := 0; waiting == 0; {
		p.mu.Lock()
		waiting = len(p.waiting)
		p.mu.Unlock()
	}
	late := make(chan *Place, 1)
	go func() { l, _ := p.Enter(context.Background(), Who{Caller: "c"}, 1); late <- l }()
	for waiting := 0; waiting < 2; {
		p.mu.Lock()
		waiting = len(p.waiting)
		p.mu.Unlock()
	}
	cancel() // the large one gives up, and is in nobody's way any more
	if err := <-large; !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was given up: %v", err)
	}
	(<-late).Leave()
	small.Leave()
	if p.Used() != 0 {
		t.Errorf("%d places are lost", p.Used())
	}
}

// TestConnectionsOfOneCaller: where a caller has its part, a connection of it that holds nothing still gets in, but for
// the last place.
func TestConnectionsOfOneCaller(t *testing.T) {
	p := NewPool(64, nil)
	if got := fill(p, Who{"host", "1"}); got != 48 {
		t.Fatalf("the first connection got %d places", got)
	}
	others := 0
	for i := range 100 {
		if _, ok := p.TryEnter(Who{"host", string(rune('A' + i))}, 1); ok {
			others++
		}
	}
	if others != 15 {
		t.Errorf("%d other connections got in, want all but one of 16", others)
	}
	if _, ok := p.TryEnter(Who{"another", "1"}, 1); !ok {
		t.Error("another caller found no room")
	}
}
