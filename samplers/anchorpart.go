package samplers

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"hives/data"
	"hives/internal/fault"
)

// Purposes of an anchor part's random numbers, above its domain.
const (
	purposePass uint64 = iota
	purposeRows
	purposeSpare
)

// anchorPart knows the ids of one anchor term, their rows, and whose turn it is.
//
// A pass goes through a permutation of the ids, size ids a step; its last step is filled up from the
// permutation's beginning. With fewer ids than rows a pass is one step that goes round them several times.
type anchorPart struct {
	name         string
	size         int // rows in a batch
	seed, domain uint64

	single     bool // one id a step instead of size ids
	leastTexts int  // ids with fewer are left out

	ids   []int32   // those with rows, ascending
	rows  [][]int32 // by place in ids
	texts []int     // by place: distinct texts

	stride int // places of the permutation between two steps
	steps  int // of a pass
	rounds int // rows that the pass promises each id
	most   int // rows that an id may have in a batch

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

// gather finds the rows of each id.
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
		return fault.New(fault.Invalid, "samplers: the %s part has no ids: of %d rows none names one that %d texts or more have; assign anchors to the rows first",
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

// lay divides the ids among steps.
func (p *anchorPart) lay() {
	n := len(p.ids)
	p.stride, p.most, p.rounds = p.size, (p.size+n-1)/n, max(1, p.size/n)
	if p.single {
		p.stride, p.most, p.rounds = 1, p.size, p.size
	}
	p.steps = (n + p.stride - 1) / p.stride
}

// turns is how many candidates a step has: every id, as often as it may stand in a batch.
func (p *anchorPart) turns() int {
	if p.single {
		return p.most
	}
	return len(p.ids) * p.most
}

// candidate is the step's c-th: the first size of them fill the batch unless their texts are taken.
func (p *anchorPart) candidate(step, c int) seat {
	pass, k := step/p.steps, step%p.steps
	order, n := p.order(pass), len(p.ids)
	at := k*p.stride + c // in the permutation, repeated for ever
	if p.single {
		at = k + c*n
	}
	place, round := order[at%n], at/n
	if c < p.size && round < p.rounds {
		turn := pass*p.rounds + round
		r := len(p.rows[place])
		return seat{place: place, rows: p.cycle(place, turn/r), first: turn % r}
	}
	// A row beyond what the pass promises must not use up a turn.
	rows := p.rows[place]
	spare := p.stream(purposeSpare, uint64(step)*uint64(p.turns())+uint64(c))
	return seat{place: place, rows: rows, first: spare.IntN(len(rows))}
}

// order returns the permutation of a pass. Two goroutines may both compute it; they find the same.
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

// cycle returns the rows of an id in the order in which they are dealt once each.
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

func (p *anchorPart) stream(purpose, index uint64) *rand.Rand {
	return stream(p.seed, p.domain+purpose, index)
}

func shuffle(rng *rand.Rand, list []int32) {
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
