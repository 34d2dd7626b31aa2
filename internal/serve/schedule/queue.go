package schedule

import (
	"container/heap"
	"slices"
	"time"

	"hives/internal/serve/share"
)

// state of an item. An item that nobody waits for any more is dropped: the queue passes over it. A state never goes
// back: waiting → running → done as a rule, waiting → dropped when its requests left, waiting → done when the engine
// was lost.
type state uint8

const (
	waiting state = iota
	running
	done
	dropped
)

// item is one distinct text in flight. Several requests may wait for the same one; waiters counts how many of their
// positions do, and it is dropped when the count comes to 0 before the engine has taken it.
type item struct {
	key     Key
	ids     []int32
	fresh   bool      // not cached
	who     share.Who // who brought it, and whose part of the queue it takes
	state   state
	waiters int    // requests' positions that want it
	line    *line  // which it was last seen in
	window  uint64 // number of the one that it was last seen in
	entered time.Time
	closed  chan struct{} // closed once out is set
	out     Result
}

// Flow is the texts of one call or one stream. Callers share the engine evenly; what a caller gets its connections
// share, and what one of them gets its flows. Flows of nobody share with callers. A flow is not copied.
type Flow struct{ share.Who }

// line is where items wait: a flow, a connection with its flows below it, a caller with its connections, or the queue
// with all callers. A line is there while something waits in it. Its clock stands at the service of the line below
// whose turn it last was, so that one which comes anew starts level with the others: it can neither claim what it
// missed nor owe.
//
// An example with texts of 10 tokens each, in flows A, B, C of nobody:
//
//	A comes with many texts     A starts at the clock's 0
//	A's text is taken           clock 0, A 10
//	B comes                     B starts at 0: it is next, before A's second text
//	B's text is taken           clock 0, A 10, B 10
//	A's text is taken           clock 10 (both stood there; A came first), A 20
//	C comes                     C starts at 10: level with B, behind it for having come later
//
// Had C started at 0 it would be given 20 tokens before anyone else had a turn, and a client that opens a new call
// for every text would push all others out. Had it started at the largest service it would wait for nothing it had
// done.
//
// Invariant: lines that wait side by side differ in what they were given, since the later of them came, by no more
// than one window and one text (TestFlowsShareInTokens, TestANewFlowStartsLevel).
type line struct {
	key    any     // *Flow, share.Who or a caller's name
	items  []*item // of a flow
	below  lineHeap
	above  *line // nil for the queue's
	clock  int64
	served int64  // tokens given, on the clock above
	order  uint64 // of the first entry, between lines of equal service
	place  int    // in the heap above
}

// queue holds the lines that wait. Every method is called with the scheduler's mu held. lines finds a line of any
// depth by its key, so that a text that comes into a line that waits already goes behind what is there.
type queue struct {
	root    line
	lines   map[any]*line
	orders  uint64
	windows uint64 // so many there have been
}

func newQueue() queue { return queue{lines: map[any]*line{}} }

// push lets it wait in f. An item may wait in several flows; the first that reaches it pays for it. That makes the
// line and those above it if they are not there: the queue's, the caller's, the connection's, the flow's. Calls of
// nobody (this process, the self-check) hang below the queue itself, beside the callers.
func (q *queue) push(f *Flow, it *item) {
	l := &q.root
	if f.Caller != "" {
		l = q.line(q.line(l, f.Caller), f.Who)
	}
	l = q.line(l, f)
	l.items = append(l.items, it)
}

// line finds a line by its key, or begins one below another. A new line is served up to the clock of the line above,
// so it is neither owed nor owes (see line).
func (q *queue) line(above *line, key any) *line {
	l := q.lines[key]
	if l == nil {
		q.orders++
		l = &line{key: key, above: above, served: above.clock, order: q.orders}
		q.lines[key] = l
		heap.Push(&above.below, l)
	}
	return l
}

// clear forgets a line in which nothing waits, and the one above if it was the last there. With the line goes the
// account of what it was given: a caller who comes again starts level with those who wait then. Keeping accounts of
// everybody who ever called would be memory without a bound.
func (q *queue) clear(l *line) {
	for l.above != nil && len(l.below) == 0 && l.head() == nil {
		heap.Remove(&l.above.below, l.place)
		delete(q.lines, l.key)
		l = l.above
	}
}

// leave takes items out of a flow, each as often as it is given. A request may name the same text twice, hence the
// count: two of three entries may be another request's of the same stream.
//
// Invariant: a queue holds what waits and nothing else, however many requests came and were cancelled
// (TestCancelledTextsLeaveTheirFlows).
func (q *queue) leave(f *Flow, items []*item) {
	l := q.lines[f]
	if l == nil {
		return
	}
	gone := map[*item]int{}
	for _, it := range items {
		gone[it]++
	}
	l.items = slices.DeleteFunc(l.items, func(it *item) bool {
		gone[it]--
		return gone[it] >= 0
	})
	q.clear(l)
}

// window returns the next items in fair order, of at most tokens ids in total, and at most texts of them. The first
// one is in whatever its size. Nothing is taken yet.
//
// The order is that in which the texts would be taken if each were paid for at once: the cursors run ahead of the
// lines and charge their own copies of served. An item that waits in two flows is in a window once: its window
// number says so.
func (q *queue) window(tokens, texts int) []*item {
	for l := q.next(); l != &q.root && l.head() == nil; l = q.next() { // its items were taken in other flows
		q.clear(l)
	}
	q.windows++
	all := cursor{line: &q.root}
	var next []*item
	for len(next) < texts {
		it := all.next(q.windows)
		if it == nil {
			break
		}
		if tokens -= len(it.ids); tokens < 0 && len(next) > 0 {
			break
		}
		next = append(next, it)
	}
	return next
}

// next is the flow whose turn it is, the queue's own line where none waits.
func (q *queue) next() *line {
	l := &q.root
	for len(l.below) > 0 {
		l = l.below[0]
	}
	return l
}

// take removes items of the last window at the cost of their lines. Each is charged to the flow it was seen in and
// to every line above that. The clock goes to the least service among the lines that wait, not to that of the line
// that is charged: a text that only rides along, because it fits, must not carry the clock ahead of those whose turn
// is still to come.
func (q *queue) take(items []*item) {
	for _, it := range items {
		it.state = running
		for l := it.line; l.above != nil; l = l.above {
			l.above.clock = l.above.below[0].served
			l.served += int64(len(it.ids))
			heap.Fix(&l.above.below, l.place)
		}
	}
	for _, it := range items {
		if q.lines[it.line.key] == it.line {
			q.clear(it.line)
		}
	}
}

// head is a flow's first item that still waits, forgetting those before it. An item may have been taken through
// another flow in which it waits too, or dropped by a cancellation.
func (l *line) head() *item {
	for len(l.items) > 0 {
		if it := l.items[0]; it.state == waiting {
			return it
		}
		l.items[0] = nil
		l.items = l.items[1:]
	}
	return nil
}

// cursor reads a line ahead of what has been taken. A window is looked at and only partly taken, so reading must
// leave the lines as they are. A cursor opens the lines below it when it first needs them: with 1,000 callers and a
// window of 40 texts most are never opened further.
type cursor struct {
	line   *line
	at     int   // the next item of a flow
	served int64 // if all that was read is taken
	below  cursorHeap
	opened bool // below holds the lines below
}

// next returns the next item that still waits and is not in this window yet, nil at the end. A flow's own items come
// first; only flows have any, and flows have no lines below, so of the two loops one is idle.
func (c *cursor) next(window uint64) *item {
	for c.at < len(c.line.items) {
		c.at++
		if it := c.line.items[c.at-1]; it.state == waiting && it.window != window {
			it.window, it.line = window, c.line
			return it
		}
	}
	c.open()
	for len(c.below) > 0 {
		b := &c.below[0]
		it := b.next(window)
		if it == nil {
			heap.Pop(&c.below)
			continue
		}
		b.served += int64(len(it.ids))
		heap.Fix(&c.below, 0)
		return it
	}
	return nil
}

// open copies the heads of the lines below into a heap of its own, with what each has been given so far.
func (c *cursor) open() {
	if c.opened {
		return
	}
	c.opened = true
	for _, l := range c.line.below {
		c.below = append(c.below, cursor{line: l, served: l.served})
	}
	heap.Init(&c.below)
}

// cursorHeap has the least served line first.
type cursorHeap []cursor

func (h cursorHeap) Len() int      { return len(h) }
func (h cursorHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *cursorHeap) Push(x any)   { *h = append(*h, x.(cursor)) }

func (h cursorHeap) Less(i, j int) bool {
	return before(h[i].line, h[i].served, h[j].line, h[j].served)
}

func (h *cursorHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}

// before tells whether line l, served so much, comes before m. Equal service is decided by who came first: without
// that the order would be that of the heap's insides, and differ from run to run.
func before(l *line, served int64, m *line, given int64) bool {
	if served != given {
		return served < given
	}
	return l.order < m.order
}

// lineHeap has the least served line first. Each line knows its place, so that Fix and Remove need no search.
type lineHeap []*line

func (h lineHeap) Len() int { return len(h) }

func (h lineHeap) Less(i, j int) bool { return before(h[i], h[i].served, h[j], h[j].served) }

// Invariant: h[i].place == i, for every line of the heap; Fix and Remove go by it (TestLinesKnowTheirPlaces).
func (h lineHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push and Pop are container/heap's; the last place is emptied so that a line that left can be freed.
func (h *lineHeap) Push(x any) {
	l := x.(*line)
	l.place = len(*h)
	*h = append(*h, l)
}

func (h *lineHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return l
}
