package schedule

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hives/internal/serve/share"
)

func queued(first int32, n int) *item {
	x := text(first, n)
	return &item{key: x.Key, ids: x.IDs}
}

// TestSmallFlowOvertakesLargeOne puts two texts behind ten thousand: they are in the next window's front.
func TestSmallFlowOvertakesLargeOne(t *testing.T) {
	q := newQueue()
	huge, small := &Flow{}, &Flow{}
	for i := range 10000 {
		q.push(huge, queued(int32(i), 10))
	}
	q.take(q.window(100, 100))
	a, b := queued(20000, 10), queued(20001, 10)
	q.push(small, a)
	q.push(small, b)
	q.take(q.window(60, 100))
	if a.state != running || b.state != running {
		t.Error("two texts waited behind another request's thousands")
	}
}

// TestFlowsShareInTokens draws flows of texts of many lengths, some of them in two flows, takes the first and any
// others of each window, and holds the queue to three promises: while flows wait, what they have been given differs
// by no more than a window and a text; a window is as large as its bounds allow; and every text is taken once.
func TestFlowsShareInTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue()
		n := rapid.IntRange(2, 6).Draw(t, "flows")
		given, flows, taken := map[*Flow]int{}, make([]*Flow, n), map[*item]int{}
		const longest, texts = 20, 60
		left := 0
		for i := range flows {
			flows[i] = &Flow{}
			for range texts {
				it := queued(0, rapid.IntRange(1, longest).Draw(t, "length"))
				taken[it] = 0
				left += len(it.ids)
				q.push(flows[i], it)
				if other := rapid.IntRange(0, 4*n).Draw(t, "other"); other < i {
					q.push(flows[other], it)
				}
			}
		}
		tokens := rapid.IntRange(1, 200).Draw(t, "tokens")
		for left > 0 {
			window := q.window(tokens, texts)
			size := 0
			for _, it := range window {
				size += len(it.ids)
			}
			if len(window) == 0 || len(window) > 1 && size > tokens || len(window) < texts && size < min(left, tokens-longest) {
				t.Fatalf("a window of %d texts and %d tokens, of at most %d and %d, where %d wait", len(window), size, texts,
					tokens, left)
			}
			items := slices.Clone(window[:1])
			for _, it := range window[1:] {
				if rapid.Bool().Draw(t, "take") {
					items = append(items, it)
				}
			}
			q.take(items)
			for _, it := range items {
				given[it.line.key.(*Flow)] += len(it.ids)
				taken[it]++
				left -= len(it.ids)
			}
			least, most := math.MaxInt, 0
			for _, f := range flows {
				if l := q.lines[f]; l != nil && l.head() != nil {
					least, most = min(least, given[f]), max(most, given[f])
				}
			}
			if least < math.MaxInt && most-least > tokens+longest {
				t.Fatalf("of flows that wait one was given %d tokens, another %d; a window has %d", least, most, tokens)
			}
		}
		for it, n := range taken {
			if n != 1 {
				t.Fatalf("a text of %d tokens was taken %d times", len(it.ids), n)
			}
		}
		if len(q.window(tokens, texts)) > 0 || len(q.lines) > 0 {
			t.Fatalf("%d flows are left in an empty queue", len(q.lines))
		}
	})
}

func TestWindowKeepsToItsBounds(t *testing.T) {
	q := newQueue()
	f := &Flow{}
	for i := range 10 {
		q.push(f, queued(int32(i), 7))
	}
	for _, c := range []struct{ tokens, texts, want int }{{20, 100, 2}, {1000, 3, 3}, {1, 100, 1}} {
		if got := len(q.window(c.tokens, c.texts)); got != c.want {
			t.Errorf("%d texts of 7 tokens for %d tokens and %d texts, want %d", got, c.tokens, c.texts, c.want)
		}
	}
	q.push(f, &item{state: dropped})
	if got := len(q.window(1000, 100)); got != 10 {
		t.Errorf("%d texts left, want 10 and none that was dropped", got)
	}
}

// TestDroppedFlowIsForgotten cancels all of the first flow.
func TestDroppedFlowIsForgotten(t *testing.T) {
	q := newQueue()
	gone, stays := &Flow{}, &Flow{}
	it := queued(1, 5)
	q.push(gone, it)
	q.push(stays, queued(2, 5))
	it.state = dropped
	if got := q.window(100, 100); len(got) != 1 || got[0].ids[0] != 2 || len(q.lines) != 1 {
		t.Errorf("a window of %d texts, %d flows", len(got), len(q.lines))
	}
}

// TestCallersShareTheEngine puts one text of a caller behind 150 calls of another: it is in the front of the next
// window, and while both wait neither is given more than a window more. The control, the same flows without callers,
// shares between calls and lets the one wait.
func TestCallersShareTheEngine(t *testing.T) {
	const window, length = 40, 10
	for name, c := range map[string]struct {
		flood, other string
		first        bool
	}{"callers": {"flood", "other", true}, "calls": {"", "", false}} {
		q := newQueue()
		for i := range 150 {
			f := &Flow{share.Who{Caller: c.flood}}
			for range 4 {
				q.push(f, queued(int32(i), length))
			}
		}
		q.take(q.window(window, 100))
		mine := queued(1000, length)
		q.push(&Flow{share.Who{Caller: c.other}}, mine)
		q.take(q.window(window, 100))
		if got := mine.state == running; got != c.first {
			t.Errorf("between %s: a text behind 150 calls of another was taken next: %v, want %v", name, got, c.first)
		}
	}
	q, given := newQueue(), map[string]int{}
	callers := map[string]int{"many calls": 50, "one stream": 1, "a few": 3}
	for caller, calls := range callers {
		for range calls {
			f := &Flow{share.Who{Caller: caller}}
			for range 300 / calls {
				q.push(f, queued(7, length))
			}
		}
	}
	for range 60 {
		for _, it := range q.window(window, 100) {
			given[it.line.above.above.key.(string)] += length
			q.take([]*item{it})
		}
		for caller := range callers {
			if d := given[caller] - given["a few"]; d > window || d < -window {
				t.Fatalf("%s was given %d tokens, a caller of a few calls %d", caller, given[caller], given["a few"])
			}
		}
	}
}

// TestCancelledTextsLeaveTheirFlows: a queue holds what waits and nothing else, however many requests came and went.
func TestCancelledTextsLeaveTheirFlows(t *testing.T) {
	q := newQueue()
	stream := &Flow{share.Who{Caller: "a"}}
	stays := queued(1, 100)
	q.push(stream, stays)
	for range 1600 {
		var items []*item
		call := &Flow{share.Who{Caller: "a"}}
		for range 10 {
			it := queued(2, 100)
			items = append(items, it)
			q.push(call, it)
			q.push(stream, it)
		}
		for _, it := range items {
			it.state = dropped
		}
		q.leave(call, items)
		q.leave(stream, items)
	}
	ids := 0
	for _, l := range q.lines {
		for _, it := range l.items {
			ids += len(it.ids)
		}
	}
	if ids != 100 || len(q.lines) != 3 || len(q.root.below) != 1 {
		t.Errorf("%d ids in %d lines, want the 100 that wait, in a flow of a connection of a caller", ids, len(q.lines))
	}
	q.push(stream, stays) // wanted twice: one of the two requests leaves
	q.leave(stream, []*item{stays})
	if got := q.window(1000, 10); len(got) != 1 {
		t.Errorf("%d texts wait after one of two requests for a text left, want it once", len(got))
	}
}

// TestANewFlowStartsLevel lets two flows be served for long, then brings a third with as many texts. It is given as
// much as they are from then on, and no more: with a clock that stands still it would have what they had before, all at
// once.
func TestANewFlowStartsLevel(t *testing.T) {
	const length, before = 10, 40
	for name, key := range map[string]func(n string) *Flow{
		"flows":   func(string) *Flow { return &Flow{} },
		"callers": func(n string) *Flow { return &Flow{share.Who{Caller: n}} },
	} {
		q, given := newQueue(), map[*Flow]int{}
		take := func() {
			it := q.window(length, 1)[0]
			q.take([]*item{it})
			given[it.line.key.(*Flow)] += length
		}
		old := []*Flow{key("a"), key("b")}
		fill := func(f *Flow) {
			for i := range 2 * before {
				q.push(f, queued(int32(i), length))
			}
		}
		fill(old[0])
		fill(old[1])
		for range 2 * before {
			take()
		}
		late := key("late")
		fill(late)
		clear(given)
		for n := range before {
			take()
			least := min(given[old[0]], given[old[1]], given[late])
			if most := max(given[old[0]], given[old[1]], given[late]); most-least > length {
				t.Fatalf("%s: %d texts after a third came, given %v", name, n+1, given)
			}
		}
	}
}

// TestRidingAlongDoesNotMoveTheClock lets a flow ride three texts in one batch while another waits untouched. Who comes
// then starts level with the one that waits, not with the one that rode.
func TestRidingAlongDoesNotMoveTheClock(t *testing.T) {
	q := newQueue()
	rides, waits, comes := &Flow{}, &Flow{}, &Flow{}
	for i := range 6 {
		q.push(rides, queued(int32(i), 10))
		q.push(waits, queued(int32(100+i), 10))
	}
	var own []*item
	for _, it := range q.window(1000, 100) {
		if it.line.key == any(rides) && len(own) < 3 {
			own = append(own, it)
		}
	}
	q.take(own)
	q.push(comes, queued(200, 10))
	var first []any
	for _, it := range q.window(20, 100) {
		first = append(first, it.line.key)
	}
	if len(first) != 2 || first[0] != any(waits) || first[1] != any(comes) {
		t.Errorf("the next window holds texts of %v, want the flow that waited and the one that came", first)
	}
}

// TestLinesKnowTheirPlaces pushes, takes and cancels at random: after each step every line of every heap knows where in
// it it stands, which is what it is fixed and removed by.
func TestLinesKnowTheirPlaces(t *testing.T) {
	var places func(l *line) bool
	places = func(l *line) bool {
		for at, b := range l.below {
			if b.place != at || b.above != l || !places(b) {
				return false
			}
		}
		return true
	}
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue()
		flows := make([]*Flow, rapid.IntRange(1, 6).Draw(t, "flows"))
		for i := range flows {
			flows[i] = &Flow{share.Who{Caller: string(rune('a' + i%3)), Connection: string(rune('0' + i%2))}}
		}
		waits := map[*item]*Flow{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch f := flows[rapid.IntRange(0, len(flows)-1).Draw(t, "flow")]; rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				it := queued(1, rapid.IntRange(1, 20).Draw(t, "length"))
				waits[it] = f
				q.push(f, it)
			case 1:
				if items := q.window(30, 4); len(items) > 0 {
					q.take(items)
				}
			default:
				for it, in := range waits {
					if in == f && it.state == waiting {
						it.state = dropped
						q.leave(f, []*item{it})
					}
				}
			}
			if !places(&q.root) {
				t.Fatal("a line does not know its place")
			}
		}
	})
}
