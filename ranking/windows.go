package ranking

import (
	"math/rand/v2"
	"slices"

	"hives/internal/fault"
)

// Shown is one window as a judge sees it.
type Shown struct {
	Focal  int   // the item the window was drawn for
	Repeat int   // from 0
	Items  []int // in the order shown, the focal among them
	Judge  int   // AllJudges for the overlap
}

// AllJudges marks a window of the overlap: every judge gets it, in the order shown and in the reverse one.
const AllJudges = -1

// Design says which windows are drawn.
type Design struct {
	Purpose string   // of the draws; with Seed and an item's id it decides them
	Seed    uint64   //
	IDs     []string // [N] of the items
	K, M    int      // places of a window; windows a focal item
	Judges  int
	Overlap float64 // share of windows that all judges get
}

// MostWindows of a design: 10⁴ items with 1,600 each. A slip of the hand in M would ask for all memory there is.
const MostWindows = 1 << 24

// Validate refuses a design that cannot be drawn.
func (d Design) Validate() error {
	switch {
	case d.K < 2 || d.K > len(d.IDs):
		return fault.New(fault.Invalid, "ranking: windows of %d from a pool of %d: want 2 to the pool's size",
			d.K, len(d.IDs))
	case d.M < 1:
		return fault.New(fault.Invalid, "ranking: %d windows an item: want 1 or more", d.M)
	case d.Judges < 1 || d.M < d.Judges:
		return fault.New(fault.Invalid, "ranking: %d windows an item for %d judges in turn: want one for each at least",
			d.M, d.Judges)
	case d.M > MostWindows/len(d.IDs):
		return fault.New(fault.Invalid, "ranking: %d windows for each of %d items: want %d at most, more are not held in "+
			"memory", d.M, len(d.IDs), MostWindows/len(d.IDs))
	case !(d.Overlap >= 0 && d.Overlap <= 1):
		return fault.New(fault.Invalid, "ranking: overlap %v: want 0 to 1", d.Overlap)
	}
	return nil
}

// Uniform draws M windows for each item, with K−1 opponents at random from the rest.
//
// The focal item stands at place (o + r) mod K in repetition r, o a coin of its own: with K = 2 first and second take
// turns exactly. Judges take turns too, so that each sees an item alike often. Invariants: an item's windows depend on
// its id, the seed and the pool alone, and not on the number of judges; opponents in a window are distinct.
//
// Worked example, K 3, M 4, focal a whose coin o is 1: the opponents are drawn, a is put between them.
//
//	repetition     0        1        2        3
//	place of a     1        2        0        1
//	window         c a d    e b a    a d b    b a e
func (d Design) Uniform() ([]Shown, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	windows := make([]Shown, 0, len(d.IDs)*d.M)
	for focal, id := range d.IDs {
		random := Stream(d.Purpose, d.Seed, id)
		first := random.IntN(d.K)
		for r := range d.M {
			w := Shown{Focal: focal, Repeat: r, Items: opponents(random, len(d.IDs), focal, d.K-1)}
			w.Items = slices.Insert(w.Items, (first+r)%d.K, focal)
			windows = append(windows, w)
		}
		d.assign(windows[len(windows)-d.M:], id)
	}
	return windows, nil
}

// assign gives an item's windows to judges. It draws from a stream of its own, so that another number of judges moves
// no window. The turns begin at a random judge: else the first would get the odd windows of all items.
//
// Two judges, four windows, no overlap, the turns beginning at judge 1: 1 0 1 0. A window of the overlap takes no
// turn.
func (d Design) assign(windows []Shown, id string) {
	random := Stream(d.Purpose+" judges", d.Seed, id)
	turn := random.IntN(d.Judges)
	for at := range windows {
		if random.Float64() < d.Overlap {
			windows[at].Judge = AllJudges
			continue
		}
		windows[at].Judge = turn
		turn = (turn + 1) % d.Judges
	}
}

// opponents draws count different items other than focal, in random order.
func opponents(random *rand.Rand, items, focal, count int) []int {
	chosen := make([]int, 0, count+1)
	for len(chosen) < count {
		other := random.IntN(items - 1)
		if other >= focal { // the numbers without focal
			other++
		}
		if !slices.Contains(chosen, other) {
			chosen = append(chosen, other)
		}
	}
	return chosen
}

// Matching draws rounds in which the items are dealt into windows of K, so that every item stands in one window a
// round. Where K does not divide N, those that sit out are the ones that sat out least. The first shown item of a
// window counts as its focal.
//
// Five items in windows of two: one sits out each round, and after five rounds each has sat out once. Uniform gives
// an item M windows as focal and as many others as chance wills; Matching gives all the same number, to within one.
func (d Design) Matching(rounds int) ([]Shown, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	var windows []Shown
	sat := make([]int, len(d.IDs))
	for round := range rounds {
		random := Stream(d.Purpose+" matching", d.Seed, itoa(round))
		order := random.Perm(len(d.IDs))
		out := len(order) % d.K
		slices.SortStableFunc(order, func(a, b int) int { return sat[a] - sat[b] })
		for _, item := range order[:out] {
			sat[item]++
		}
		order = order[out:]
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for at := 0; at < len(order); at += d.K {
			windows = append(windows, Shown{Focal: order[at], Repeat: round, Items: order[at : at+d.K],
				Judge: (round + at/d.K) % d.Judges})
		}
	}
	return windows, nil
}
