package review

import (
	"context"
	"slices"
	"sync"
	"time"

	"hives/data/theories"
	"hives/internal/judge"
)

// queueAge is how long the queue with its votes is kept: reading it costs a query for every item, and only
// a labelling run beside the review changes it. Decisions are read each time.
const queueAge = 5 * time.Second

// board is what reviewers work on: the items of one kind with what was decided. It reads the queue seldom and
// decisions always, so several reviewers on several servers see each other's work at once.
//
// Invariant: items and all are replaced as a whole and never changed, so a state may hold them while they are read
// anew.
type board struct {
	store *judge.Store
	keep  func(judge.QueueItem) bool // the items shown
	known theories.Set               // whose trees are shown

	mu    sync.Mutex
	read  time.Time
	all   []judge.QueueItem
	items []judge.QueueItem // of all, those shown
}

// state is the board at one moment. A request works on one state from beginning to end: what another reviewer decides
// meanwhile is in the next one.
type state struct {
	items []judge.QueueItem
	held  map[int64][]judge.Decision // by queue item, one a reviewer, ordered by reviewer
	known theories.Set
}

// state reads the decisions and puts them to their items; one query, however many reviewers there are.
func (b *board) state(ctx context.Context) (*state, error) {
	items, all, err := b.queue(ctx)
	if err != nil {
		return nil, err
	}
	held, err := b.store.Decisions(ctx)
	if err != nil {
		return nil, err
	}
	s := &state{items: items, held: map[int64][]judge.Decision{}, known: b.known}
	for _, d := range held {
		s.held[d.Queue] = append(s.held[d.Queue], d)
	}
	s.credit(all)
	return s, nil
}

// queue returns the items shown and all that there are. The lock is held over the reading, so that several requests
// at once read it once.
func (b *board) queue(ctx context.Context) (items, all []judge.QueueItem, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.read) < queueAge {
		return b.items, b.all, nil
	}
	if b.all, err = b.store.Queue(ctx); err != nil {
		return nil, nil, err
	}
	b.items = nil
	for _, q := range b.all {
		if b.keep(q) {
			b.items = append(b.items, q)
		}
	}
	b.read = time.Now()
	return b.items, b.all, nil
}

// credit counts who wrote an anchor's sentence as accepting it: in the bank that hives review apply made, the
// sentence is an item of its own. So who has written "Keep your word." need not say of the next bank, in which it
// stands, that they accept it. A decision on that item itself goes before.
//
//	item of anchor 3            decision of ann     in the bank that apply made    credited
//	"One should keep a word."   edit                "Keep your word."              ann accepts "Keep your word."
func (s *state) credit(all []judge.QueueItem) {
	type sentence struct{ anchor, text string }
	stands := map[sentence]int64{}
	for _, q := range s.items {
		if q.Kind == judge.KindAnchor {
			stands[sentence{anchorOf(q.ItemID), q.Text}] = q.ID
		}
	}
	for _, q := range all {
		if q.Kind != judge.KindAnchor {
			continue
		}
		for _, d := range s.held[q.ID] {
			if d.Verdict != judge.VerdictValue {
				continue
			}
			to, ok := stands[sentence{anchorOf(q.ItemID), d.Path[0]}]
			if _, decided := s.of(to, d.Reviewer); ok && !decided {
				s.held[to] = append(s.held[to], d)
			}
		}
	}
}

// at is the place of an item, −1 where it is not shown.
func (s *state) at(id int64) int {
	return slices.IndexFunc(s.items, func(q judge.QueueItem) bool { return q.ID == id })
}

// of returns a reviewer's decision on an item. There is one at most: the file's latest that holds.
func (s *state) of(id int64, reviewer string) (judge.Decision, bool) {
	for _, d := range s.held[id] {
		if d.Reviewer == reviewer {
			return d, true
		}
	}
	return judge.Decision{}, false
}

// latest is the decision that a reviewer's undo would take back. It goes by the decision's number: two decisions
// within a second have the same time.
func (s *state) latest(reviewer string) (last judge.Decision, ok bool) {
	for id := range s.held {
		if d, has := s.of(id, reviewer); has && d.ID > last.ID {
			last, ok = d, true
		}
	}
	return last, ok
}

// Standings of an item.
const (
	undecided = "undecided" // nobody decided, or all who looked skipped it
	agreed    = "agreed"
	split     = "split" // reviewers contradict each other
)

// standing compares what reviewers decided on one item; who skipped it has no say. The decision is one of those
// agreed on. It is the one rule of agreement: the page's counts, apply and the end of hives review all ask it.
//
//	ann      bob      cleo     standing
//	+ care   + care            agreed on + care
//	+ care   skip     + care   agreed on + care
//	+ care   − care            split: another direction
//	+ care   + caring          split: another level
//	skip                       undecided
func standing(held []judge.Decision) (string, judge.Decision) {
	var first judge.Decision
	for _, d := range held {
		switch {
		case d.Verdict == judge.VerdictSkip:
		case first.ID == 0:
			first = d
		case d.Verdict != first.Verdict || d.Direction != first.Direction || !slices.Equal(d.Path, first.Path):
			return split, judge.Decision{}
		}
	}
	if first.ID == 0 {
		return undecided, first
	}
	return agreed, first
}

// Filters of the items that a reviewer walks through.
const (
	showOpen  = "open"  // not decided by this reviewer
	showSplit = "split" // contradicted
	showAll   = "all"
)

// matches tells whether an item belongs to what a reviewer walks through. What nobody asked for is open. "Open" is
// open for this reviewer: what others have decided on is asked of each.
func (s *state) matches(q judge.QueueItem, reviewer, show string) bool {
	switch show {
	case showSplit:
		how, _ := standing(s.held[q.ID])
		return how == split
	case showAll:
		return true
	}
	_, done := s.of(q.ID, reviewer)
	return !done
}

// next finds the item to show after the one at place from, going round once by step ±1; -1 where none is
// left. The item at from is tried last.
//
//	items 0 1 2 3, open are 1 and 3     next(3, 1) 1     next(1, −1) 3     next(−1, 1) 1
func (s *state) next(from, step int, reviewer, show string) int {
	n := len(s.items)
	for k := 1; k <= n; k++ {
		i := ((from+k*step)%n + n) % n
		if s.matches(s.items[i], reviewer, show) {
			return i
		}
	}
	return -1
}

// counts are the figures above every page: Agreed and Split of all reviewers, Mine of the one who looks.
//
// Items of which nobody has a say are Items − Split − Agreed.
type counts struct{ Items, Mine, Split, Agreed int }

// counts leaves items on which nobody has a say out of Split and Agreed.
func (s *state) counts(reviewer string) counts {
	c := counts{Items: len(s.items)}
	for _, q := range s.items {
		if _, ok := s.of(q.ID, reviewer); ok {
			c.Mine++
		}
		switch how, _ := standing(s.held[q.ID]); how {
		case split:
			c.Split++
		case agreed:
			c.Agreed++
		}
	}
	return c
}
