package schedule

import (
	"container/heap"
	"time"
)

// state of an item. An item that nobody waits for any more is dropped: the queue passes over it.
type state uint8

const (
	waiting state = iota
	running
	done
	dropped
)

// item is one distinct text in flight.
type item struct {
	key     Key
	ids     []int32
	fresh   bool // not cached
	state   state
	waiters int    // requests' positions that want it
	flow    *Flow  // which it was last seen in
	window  uint64 // number of the one that it was last seen in
	entered time.Time
	closed  chan struct{} // closed once out is set
	out     Result
}

// Flow is a line of texts that shares the engine evenly with other lines.
type Flow struct {
	items  []*item
	served int64  // tokens given, on the queue's clock
	order  uint64 // of the first entry, between flows of equal service
	place  int    // in the heap
	listed bool
}

// queue holds the flows that wait. Its clock stands at the service of the flow whose turn it last was, so
// that a flow which comes anew starts level with the others: it can neither claim what it missed nor owe.
type queue struct {
	flows   flowHeap
	clock   int64
	orders  uint64
	windows uint64 // so many there have been
}

// push lets it wait in f. An item may wait in several flows; the first that reaches it pays for it.
func (q *queue) push(f *Flow, it *item) {
	f.items = append(f.items, it)
	if f.listed {
		return
	}
	q.orders++
	f.served, f.order, f.listed = max(f.served, q.clock), q.orders, true
	heap.Push(&q.flows, f)
}

// window returns the next items in fair order, of at most tokens ids in total, and at most texts of them. The first
// one is in whatever its size. Nothing is taken yet.
func (q *queue) window(tokens, texts int) []*item {
	for len(q.flows) > 0 && q.flows[0].head() == nil { // all of it was dropped
		q.unlist(q.flows[0])
	}
	q.windows++
	ahead := make(cursorHeap, 0, len(q.flows))
	for _, f := range q.flows {
		ahead = append(ahead, cursor{flow: f, served: f.served})
	}
	heap.Init(&ahead)
	var next []*item
	for len(ahead) > 0 && len(next) < texts {
		c := &ahead[0]
		it := c.advance()
		switch {
		case it == nil:
			heap.Pop(&ahead)
			continue
		case it.window == q.windows: // it waits in several flows
			continue
		}
		if tokens -= len(it.ids); tokens < 0 && len(next) > 0 {
			break
		}
		it.window, it.flow = q.windows, c.flow
		next = append(next, it)
		c.served += int64(len(it.ids))
		heap.Fix(&ahead, 0)
	}
	return next
}

// take removes items of the last window, its first one among them, at the cost of their flows.
func (q *queue) take(items []*item) {
	q.clock = q.flows[0].served
	for _, it := range items {
		it.state = running
		it.flow.served += int64(len(it.ids))
		heap.Fix(&q.flows, it.flow.place)
	}
	for _, it := range items {
		if f := it.flow; f.listed && f.head() == nil {
			q.unlist(f)
		}
	}
}

func (q *queue) unlist(f *Flow) {
	heap.Remove(&q.flows, f.place)
	f.listed = false
}

// head returns the first item that still waits, forgetting those before it.
func (f *Flow) head() *item {
	for len(f.items) > 0 {
		if it := f.items[0]; it.state == waiting {
			return it
		}
		f.items = f.items[1:]
	}
	return nil
}

// cursor reads a flow ahead of what has been taken.
type cursor struct {
	flow   *Flow
	at     int   // the next item
	served int64 // if all that was read is taken
}

// advance returns the next item that still waits, nil at the end.
func (c *cursor) advance() *item {
	for c.at < len(c.flow.items) {
		c.at++
		if it := c.flow.items[c.at-1]; it.state == waiting {
			return it
		}
	}
	return nil
}

// cursorHeap has the least served flow first.
type cursorHeap []cursor

func (h cursorHeap) Len() int      { return len(h) }
func (h cursorHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *cursorHeap) Push(x any)   { *h = append(*h, x.(cursor)) }

func (h cursorHeap) Less(i, j int) bool {
	return before(h[i].flow, h[i].served, h[j].flow, h[j].served)
}

func (h *cursorHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}

// before tells whether flow f, served so much, comes before g.
func before(f *Flow, served int64, g *Flow, given int64) bool {
	if served != given {
		return served < given
	}
	return f.order < g.order
}

// flowHeap has the least served flow first.
type flowHeap []*Flow

func (h flowHeap) Len() int { return len(h) }

func (h flowHeap) Less(i, j int) bool { return before(h[i], h[i].served, h[j], h[j].served) }

func (h flowHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *flowHeap) Push(x any) {
	f := x.(*Flow)
	f.place = len(*h)
	*h = append(*h, f)
}

func (h *flowHeap) Pop() any {
	last := len(*h) - 1
	f := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return f
}
