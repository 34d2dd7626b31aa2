package schedule

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func queued(first int32, n int) *item {
	x := text(first, n)
	return &item{key: x.Key, ids: x.IDs}
}

// TestSmallFlowOvertakesLargeOne puts two texts behind ten thousand: they are in the next batch.
func TestSmallFlowOvertakesLargeOne(t *testing.T) {
	var q queue
	huge, small := &Flow{}, &Flow{}
	for i := range 10000 {
		q.push(huge, queued(int32(i), 10))
	}
	q.take(100, 100)
	a, b := queued(20000, 10), queued(20001, 10)
	q.push(small, a)
	q.push(small, b)
	q.take(60, 100)
	if a.state != running || b.state != running {
		t.Error("two texts waited behind another request's thousands")
	}
}

// TestFlowsShareInTokens draws flows of texts of many lengths and holds the queue to two promises: while flows
// wait, what they have been given differs by no more than their longest texts; and every text is taken once.
func TestFlowsShareInTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		n := rapid.IntRange(2, 6).Draw(t, "flows")
		given, flows, taken := make([]int, n), make([]*Flow, n), map[*item]int{}
		owner := map[*item]int{}
		const longest, texts = 20, 60
		for i := range flows {
			flows[i] = &Flow{}
			for range texts {
				it := queued(0, rapid.IntRange(1, longest).Draw(t, "length"))
				owner[it] = i
				q.push(flows[i], it)
			}
		}
		for {
			items := q.take(rapid.IntRange(1, 100).Draw(t, "tokens"), rapid.IntRange(1, 10).Draw(t, "texts"))
			if len(items) == 0 {
				break
			}
			if len(items) > 1 && rapid.Bool().Draw(t, "put back") {
				last := items[len(items)-1]
				q.untake(last)
				items = items[:len(items)-1]
			}
			for _, it := range items {
				given[owner[it]] += len(it.ids)
				taken[it]++
			}
			least, most := math.MaxInt, 0
			for i, f := range flows {
				if f.head() != nil {
					least, most = min(least, given[i]), max(most, given[i])
				}
			}
			if least < math.MaxInt && most-least > 2*longest {
				t.Fatalf("of flows that wait one was given %d tokens, another %d", least, most)
			}
		}
		for it := range owner {
			if taken[it] != 1 {
				t.Fatalf("a text was taken %d times", taken[it])
			}
		}
	})
}

func TestTakeKeepsToItsBounds(t *testing.T) {
	var q queue
	f := &Flow{}
	for i := range 10 {
		q.push(f, queued(int32(i), 7))
	}
	if got := len(q.take(20, 100)); got != 2 {
		t.Errorf("%d texts of 7 tokens taken for 20", got)
	}
	if got := len(q.take(1000, 3)); got != 3 {
		t.Errorf("%d texts taken, at most 3 allowed", got)
	}
	if got := len(q.take(1, 100)); got != 1 {
		t.Errorf("%d texts taken for 1 token: the first goes whatever its size", got)
	}
	q.push(f, &item{state: dropped})
	if got := len(q.take(1000, 100)); got != 4 {
		t.Errorf("%d texts left, want 4 and none that was dropped", got)
	}
}
