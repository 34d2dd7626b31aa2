package samplers

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"hives/data"
	"hives/internal/fault"
)

// The anchor part of a batch draws three unlike things at random; each has its own stream, so that asking for one
// never moves another. The number is added to the part's domain (random.go).
const (
	purposePass  uint64 = iota // the order of the ids in a pass, by pass
	purposeRows                // the order of an id's rows in a cycle, by id and cycle
	purposeSpare               // a row beyond what a pass promises, by step and candidate
)

// anchorPart knows the ids of one anchor term, their rows, and whose turn it is.
//
// A pass goes through a permutation of the ids, size ids a step; its last step is filled up from the
// permutation's beginning. With fewer ids than rows a pass is one step that goes round them several times.
//
// Three ids A, B, C and two rows a step. A pass takes ⌈3/2⌉ = 2 steps; say its permutation is B C A:
//
//	step 0   B C
//	step 1   A B*      * the place left over: B again, by a row drawn at random
//
// Two ids and five rows a step. A pass is one step, and an id may stand ⌈5/2⌉ = 3 times in it:
//
//	step 0   A B A B A*
//
// The rows without a star are promised: a pass gives every id the same number of them, so that no id is seen more
// often for standing early in a permutation. They deal the id's rows in turn: one cycle is a permutation of the
// rows, the next cycle another. A starred row is drawn at random and uses up no turn. If it did, the ids that
// happen to fill up a pass would run through their rows faster than the others.
//
// Invariant: among the first turns() candidates of a step, every id stands exactly most times (with single, one
// id stands size times, and no other).
// Invariant: a pass promises every id exactly rounds rows, and the promised rows of an id over many passes are
// one whole permutation of its rows after the other.
type anchorPart struct {
	name         string
	size         int    // m: rows in a batch
	seed, domain uint64 // of its random streams

	single     bool // one id a step instead of size ids
	leastTexts int  // ids with fewer are left out

	ids   []int32   // those with rows, ascending
	rows  [][]int32 // by place in ids
	texts []int     // by place: distinct texts

	stride int // places of the permutation between two steps: m, or 1 with single
	steps  int // of a pass: ⌈n/stride⌉ for n ids
	rounds int // rows that the pass promises each id: ⌊m/n⌋, at least 1
	most   int // rows that an id may have in a batch: ⌈m/n⌉

	passes [2]atomic.Pointer[passOrder] // of the latest even and odd pass
	dealt  []atomic.Pointer[rowOrder]   // by place: of the latest cycle
}

// passOrder is the places of ids in the order of one pass.
type passOrder struct {
	pass   int
	places []int32
}

// rowOrder is the rows of an id in the order of one cycle through them.
type rowOrder struct {
	cycle int
	rows  []int32
}

// gather finds the rows of each id; ids is [N], data.NoAnchor where a row has none.
//
// Places are numbered by ascending id, never by the order in which a map gives them: a place picks the row of the
// permutation, so the map's order would make two runs of one seed unlike.
func (p *anchorPart) gather(labels *data.Labels, ids []int32) error {
	rowsOf, texts := map[int32][]int32{}, map[int32]map[int32]struct{}{}
	for i, id := range ids {
		if id == data.NoAnchor {
			continue
		}
		if texts[id] == nil {
			texts[id] = map[int32]struct{}{}
		}
		rowsOf[id] = append(rowsOf[id], int32(i))
		texts[id][labels.Text[i]] = struct{}{}
	}
	for id := range rowsOf {
		if len(texts[id]) >= p.leastTexts {
			p.ids = append(p.ids, id)
		}
	}
	if len(p.ids) == 0 {
		return fault.New(fault.Invalid, "samplers: the %s part has no ids: of %d rows none names one that %d texts or more "+
			"have; assign anchors to the rows first",
			p.name, len(ids), max(1, p.leastTexts))
	}
	slices.Sort(p.ids)
	for _, id := range p.ids {
		p.rows, p.texts = append(p.rows, rowsOf[id]), append(p.texts, len(texts[id]))
	}
	p.dealt = make([]atomic.Pointer[rowOrder], len(p.ids))
	p.lay()
	return nil
}

// lay divides the n ids among steps; the type's comment has the two cases as examples. The authors' mode (single)
// lays one id a step, all its rows promised.
func (p *anchorPart) lay() {
	n := len(p.ids)
	p.stride, p.most, p.rounds = p.size, (p.size+n-1)/n, max(1, p.size/n)
	if p.single {
		p.stride, p.most, p.rounds = 1, p.size, p.size
	}
	p.steps = (n + p.stride - 1) / p.stride
}

// turns is how many candidates a step has: every id, as often as it may stand in a batch. The candidates beyond
// the first size are the reserve, for a batch in which an id's texts are all taken.
func (p *anchorPart) turns() int {
	if p.single {
		return p.most
	}
	return len(p.ids) * p.most
}

// candidate is the step's c-th: the first size of them fill the batch unless their texts are taken.
//
// The permutation is read as if it were repeated for ever; at is the place in it, at%n the id's and at/n how
// often the step has gone round. A turn is promised while the batch is not full (c < size) and the round is one
// of the pass's. Turn t of an id with r rows is row t%r of cycle t/r: of three rows, turns 0 1 2 are one
// permutation, 3 4 5 the next. Nothing is counted along the way, so any step can be asked for first.
func (p *anchorPart) candidate(step, c int) seat {
	pass, k := step/p.steps, step%p.steps
	order, n := p.order(pass), len(p.ids)
	at := k*p.stride + c // in the permutation, repeated for ever
	if p.single {
		at = k + c*n // the same place in every round
	}
	place, round := order[at%n], at/n
	if c < p.size && round < p.rounds {
		turn := pass*p.rounds + round
		r := len(p.rows[place])
		return seat{place: place, rows: p.cycle(place, turn/r), first: turn % r}
	}
	// A row beyond what the pass promises must not use up a turn. It has a stream of its own for each candidate
	// of each step, so that it does not depend on which candidates were asked for before.
	rows := p.rows[place]
	spare := p.stream(purposeSpare, uint64(step)*uint64(p.turns())+uint64(c))
	return seat{place: place, rows: rows, first: spare.IntN(len(rows))}
}

// order returns the permutation of a pass. Two goroutines may both compute it; they find the same. Two slots are
// kept: whoever prepares batches ahead of the training step stands in the next pass first, and with one slot the
// two would throw out each other's permutation at every step.
func (p *anchorPart) order(pass int) []int32 {
	slot := &p.passes[pass%2]
	if o := slot.Load(); o != nil && o.pass == pass {
		return o.places
	}
	places := make([]int32, len(p.ids))
	for i := range places {
		places[i] = int32(i)
	}
	shuffle(p.stream(purposePass, uint64(pass)), places)
	slot.Store(&passOrder{pass, places})
	return places
}

// cycle returns the rows of an id in the order in which they are dealt once each. The key is the id itself, not
// its place, so an id keeps its orders when another id comes or goes.
func (p *anchorPart) cycle(place int32, cycle int) []int32 {
	slot := &p.dealt[place]
	if o := slot.Load(); o != nil && o.cycle == cycle {
		return o.rows
	}
	rows := slices.Clone(p.rows[place])
	shuffle(p.stream(purposeRows, uint64(p.ids[place])<<32|uint64(uint32(cycle))), rows)
	slot.Store(&rowOrder{cycle, rows})
	return rows
}

// stream is one of the part's streams of random numbers.
func (p *anchorPart) stream(purpose, index uint64) *rand.Rand {
	return stream(p.seed, p.domain+purpose, index)
}

func shuffle(rng *rand.Rand, list []int32) {
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
