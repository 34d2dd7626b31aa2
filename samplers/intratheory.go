package samplers

import (
	"math"
	"slices"
	"sync/atomic"

	"hives/data"
	"hives/internal/fault"
)

// Batch is the rows of one training step. Epoch is step / BatchesPerEpoch; Anchor is Rows[0].
type Batch struct {
	Step      int
	Epoch     int
	Anchor    int32
	Rows      []int32 // [B] the anchor, its positives, its negatives; no text twice
	Positives int     // Rows[1 : 1+Positives] are the positives
}

// IntraTheory draws the batches of Stage 1; see the package comment for its rules. Its methods may be called
// concurrently. The labels must not change afterwards.
//
// A batch of 8 with at most 2 positives, for the anchor row "care, supports" of text 7:
//
//	row 0      the anchor
//	rows 1–2   rows of care, supports, of two other texts, of any corpus
//	rows 3–7   rows of the theory whose texts are not about care (supports); care, opposes is among them
//
// Invariant: Batch(step) is the same whichever steps were asked for before and by whom.
// Invariant: no text stands twice, and every batch has BatchSize rows: what could not be filled was refused at
// construction.
type IntraTheory struct {
	cfg     IntraTheoryConfig
	x       *index
	anchors []int32   // eligible rows, ascending
	weights []float64 // by class, the heaviest 1
	stats   Stats
	cached  [2]atomic.Pointer[epochOrder] // the orders of the latest even and odd epoch: a reader ahead needs both
}

// epochOrder is the anchors of one epoch in the order of its batches.
type epochOrder struct {
	epoch   int
	anchors []int32
}

// NewIntraTheory prepares the sampler in time linear in the rows, and refuses labels with which a batch
// could not be filled.
func NewIntraTheory(labels *data.Labels, cfg IntraTheoryConfig) (*IntraTheory, error) {
	return newIntraTheory(labels, cfg, 0)
}

// newIntraTheory also sees to it that batches can be filled beside so many rows of other texts (Stage 2's anchor
// parts).
func newIntraTheory(labels *data.Labels, cfg IntraTheoryConfig, beside int) (*IntraTheory, error) {
	if err := cfg.validate(labels); err != nil {
		return nil, err
	}
	s := &IntraTheory{cfg: cfg}
	if labels.Len() > 0 {
		s.x = newIndex(labels, &cfg)
		s.weigh()
	}
	if len(s.anchors) == 0 {
		return nil, fault.New(fault.Invalid,
			"samplers: none of %d rows can be an anchor: it needs level 1 and a theory of weight above 0", labels.Len())
	}
	counts := newSupply(s.x, &cfg)
	if err := s.refuseShortage(counts, beside); err != nil {
		return nil, err
	}
	s.stats = s.count(counts)
	return s, nil
}

// weigh finds the anchors and the weight of each class. The heaviest weighs exactly 1, so that equal
// weights are exactly equal.
func (s *IntraTheory) weigh() {
	theory := make([]float64, len(s.x.labels.TheoryNames))
	for t, name := range s.x.labels.TheoryNames {
		theory[t] = s.cfg.theoryWeight(name)
	}
	s.weights = make([]float64, len(s.x.classKeys))
	for i, c := range s.x.class {
		w := 0.0
		if c != none {
			w = theory[s.x.labels.Theory[i]]
		}
		if w > 0 {
			s.anchors = append(s.anchors, int32(i))
			s.weights[c] = w * s.classWeight(c)
		}
	}
	if len(s.weights) == 0 {
		return
	}
	heaviest := slices.Max(s.weights)
	for c := range s.weights {
		s.weights[c] /= heaviest
	}
}

// classWeight is the weight of one row of the class: of n rows together the class then weighs n, √n or 1.
func (s *IntraTheory) classWeight(class int32) float64 {
	n := float64(s.x.sizes[class])
	switch s.cfg.AnchorWeighting {
	case Sqrt:
		return 1 / math.Sqrt(n)
	case Balanced:
		return 1 / n
	}
	return 1
}

// BatchesPerEpoch is the number of anchors: each opens one batch of an epoch when all weigh the same.
func (s *IntraTheory) BatchesPerEpoch() int { return len(s.anchors) }

// Batch returns the rows of a step ≥ 0, in time linear in the batch, but for the first of an epoch.
func (s *IntraTheory) Batch(step int) Batch { return s.draw(step, nil) }

// draw makes the batch of a step out of texts that none of the taken rows has. An anchor whose text is taken
// leaves its batch to the next one of the epoch's order.
//
// The loop over the order ends: the taken rows are fewer than the texts, or the construction would have refused.
// Positives are drawn before negatives. With false negatives kept, a text could be either, and negatives drawn
// first could use up the few positives there are.
func (s *IntraTheory) draw(step int, taken []int32) Batch {
	epoch, position := step/len(s.anchors), step%len(s.anchors)
	d := drawing{
		s:     s,
		rng:   stream(s.cfg.Seed, domainBatch, uint64(step)),
		rows:  make([]int32, 0, s.cfg.BatchSize),
		texts: make(map[int32]struct{}, s.cfg.BatchSize+len(taken)),
	}
	for _, row := range taken {
		d.texts[s.x.labels.Text[row]] = struct{}{}
	}
	order := s.order(epoch)
	for !d.take(order[position], s.x.labels.Text[order[position]]) {
		position = (position + 1) % len(order)
	}
	anchor := d.rows[0]
	d.class = s.x.class[anchor]
	d.positives(s.x.members[d.class], 1+s.cfg.Positives)
	positives := len(d.rows) - 1
	d.negatives(s.x.pools[s.x.pool[anchor]], s.cfg.BatchSize)
	return Batch{Step: step, Epoch: epoch, Anchor: anchor, Rows: d.rows, Positives: positives}
}

// order returns the anchors of an epoch. Two goroutines may both compute it; they find the same.
func (s *IntraTheory) order(epoch int) []int32 {
	slot := &s.cached[epoch%2]
	if o := slot.Load(); o != nil && o.epoch == epoch {
		return o.anchors
	}
	o := &epochOrder{epoch, s.shuffled(epoch)}
	slot.Store(o)
	return o.anchors
}

// shuffled draws as many anchors as there are, each about as often as its weight says, by systematic sampling: a
// comb of equally spaced teeth with a random start is laid over the weights, end to end in random order. An
// anchor of expected number c is met by ⌊c⌋ or ⌈c⌉ teeth; with equal weights by one.
//
// Three anchors of weights 1, ½, ½ lie on a ruler of length 2, the teeth ⅔ apart; expected are 1.5, .75, .75:
//
//	a a a a a a|b b b|c c c      start .4 of a spacing
//	   ^        ^           ^    teeth at .27, .93, 1.60: a, a, c
//
// Drawing each anchor independently by its weight would leave out 37 % of equal anchors in an epoch and repeat
// others; the comb leaves out none.
func (s *IntraTheory) shuffled(epoch int) []int32 {
	rng := stream(s.cfg.Seed, domainEpoch, uint64(epoch))
	order := slices.Clone(s.anchors)
	swap := func(list []int32) func(i, j int) {
		return func(i, j int) { list[i], list[j] = list[j], list[i] }
	}
	rng.Shuffle(len(order), swap(order))
	total := 0.0
	for _, row := range order {
		total += s.weights[s.x.class[row]]
	}
	spacing := total / float64(len(order))
	start := float64(rng.Uint32()>>8) / (1 << 24) // 24 bits: k+start is exact up to 2²⁹ rows, so no tooth is lost
	out := make([]int32, len(order))
	at, end := 0, s.weights[s.x.class[order[0]]]
	for k := range out {
		for end <= (float64(k)+start)*spacing && at < len(order)-1 {
			at++
			end += s.weights[s.x.class[order[at]]]
		}
		out[k] = order[at]
	}
	rng.Shuffle(len(out), swap(out)) // an anchor's repetitions would stand side by side
	return out
}
