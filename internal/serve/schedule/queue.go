package schedule

import (
	"container/heap"
	"slices"
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
	waiters int   // requests' positions that want it
	flow    *Flow // which it was taken from
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

// queue holds the flows that wait. Its clock stands at the service of the flow that was last taken from, so
// that a flow which comes anew starts level with the others: it can neither claim what it missed nor owe.
type queue struct {
	flows  flowHeap
	clock  int64
	orders uint64
}

// push lets it wait in f. An item may wait in several flows; the first that reaches it takes it.
func (q *queue) push(f *Flow, it *item) {
	f.items = append(f.items, it)
	q.list(f)
}

func (q *queue) list(f *Flow) {
	if f.listed {
		return
	}
	q.orders++
	f.served, f.order, f.listed = max(f.served, q.clock), q.orders, true
	heap.Push(&q.flows, f)
}

// take removes items of at most tokens ids in total and at most texts in number, fairly between the flows. The
// first item is taken whatever its size.
func (q *queue) take(tokens, texts int) []*item {
	var taken []*item
	for len(q.flows) > 0 && len(taken) < texts {
		f := q.flows[0]
		it := f.head()
		if it == nil {
			heap.Pop(&q.flows)
			f.listed = false
			continue
		}
		if tokens -= len(it.ids); tokens < 0 && len(taken) > 0 {
			break
		}
		f.items = f.items[1:]
		it.state, it.flow = running, f
		q.clock = f.served
		f.served += int64(len(it.ids))
		heap.Fix(&q.flows, 0)
		taken = append(taken, it)
	}
	return taken
}

// untake puts an item that was taken in vain back to the front of its flow.
func (q *queue) untake(it *item) {
	f := it.flow
	it.state = waiting
	f.items = slices.Insert(f.items, 0, it)
	q.list(f)
	f.served -= int64(len(it.ids))
	heap.Fix(&q.flows, f.place)
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

// flowHeap has the least served flow first.
type flowHeap []*Flow

func (h flowHeap) Len() int { return len(h) }

func (h flowHeap) Less(i, j int) bool {
	if h[i].served != h[j].served {
		return h[i].served < h[j].served
	}
	return h[i].order < h[j].order
}

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
