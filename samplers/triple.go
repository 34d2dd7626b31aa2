package samplers

import (
	"hives/data"
	"hives/internal/fault"
)

// The three parts of a batch, in the order of its rows. The loss cuts the batch at the same places without being
// told (losses.Stage2Config.Split), so both must round alike.
const (
	PartHierarchical = iota
	PartIndividual
	PartTheory
)

// AnchorIDs are the bank positions that N rows are assigned to: individual sentences, and those of a theory.
type AnchorIDs struct {
	Individual []int32 // [N] −1 where none
	Theory     []int32 // [N]
}

// TripleBatch is the rows of one step of Stage 2. With the paper's batch of 64, Parts is 32, 16, 16:
//
//	Rows            0 … 31 hierarchical | 32 … 47 individual | 48 … 63 theory
//	IndividualIDs   −1 …                | 16 ids             | −1 …
//	TheoryIDs       −1 …                | −1 …               | 16 ids
//
// Invariant: no two rows are of one text, and an id stands at its own part's rows only.
type TripleBatch struct {
	Step, Epoch int    // the epoch is the hierarchical part's
	Parts       [3]int // rows of each part, which stand one after the other
	Rows        []int32
	// IndividualIDs and TheoryIDs are the ids that the anchor terms are to use, [B], −1 outside their part.
	IndividualIDs, TheoryIDs []int32
}

// Of returns the rows of one part.
func (b TripleBatch) Of(part int) []int32 {
	from := 0
	for _, n := range b.Parts[:part] {
		from += n
	}
	return b.Rows[from : from+b.Parts[part]]
}

// Triple draws the batches of Stage 2; see the package comment for its rules. Its methods may be called
// concurrently. The labels and ids must not change afterwards.
type Triple struct {
	cfg     TripleConfig
	labels  *data.Labels
	ids     AnchorIDs
	sizes   [3]int
	hier    *IntraTheory
	anchors [2]*anchorPart // individual, theory
}

// NewTriple prepares the sampler and refuses settings with which a batch could not be filled.
//
// The hierarchical part must be fillable beside the worst choice of the other two, since these choose first and
// may take any texts; so its check counts their rows as if they were more negatives to be found. The caller owes
// labels and ids of the same N rows, the ids already turned from a bank's stable names into positions.
func NewTriple(labels *data.Labels, ids AnchorIDs, cfg TripleConfig) (*Triple, error) {
	sizes, err := cfg.sizes()
	if err != nil {
		return nil, err
	}
	if err := ids.validate(labels.Len()); err != nil {
		return nil, err
	}
	t := &Triple{cfg: cfg, labels: labels, ids: ids, sizes: sizes}
	beside := sizes[PartIndividual] + sizes[PartTheory]
	part := cfg.IntraTheory
	part.BatchSize = sizes[PartHierarchical]
	if t.hier, err = newIntraTheory(labels, part, beside); err != nil {
		return nil, err
	}
	of := [2][]int32{ids.Individual, ids.Theory}
	for k := range t.anchors {
		p := anchorPart{name: partNames[k+1], size: sizes[k+1], seed: cfg.IntraTheory.Seed, domain: partDomains[k]}
		if cfg.Mode == Authors {
			// One id must fill the part even when the other part has taken as many of its texts as it has rows.
			p.single, p.leastTexts = true, beside
		}
		if err := p.gather(labels, of[k]); err != nil {
			return nil, err
		}
		t.anchors[k] = &p
	}
	return t, t.refuseCrowding()
}

// refuseCrowding looks whether the anchor parts can be filled with unlike texts. That does not depend on the
// step: seating ends only when no exchange of texts or ids makes room for one more row.
func (t *Triple) refuseCrowding() error {
	g := t.seat(0)
	for k, p := range t.anchors {
		if have := g.count[k]; have < p.size {
			return fault.New(fault.Invalid,
				"samplers: the %s part needs %d rows of unlike texts, its %d ids give %d with at most %d rows each, "+
					"beside %d rows of the other anchor part; take a smaller batch or fraction, or assign more rows",
				p.name, p.size, len(p.ids), have, p.most, t.anchors[1-k].size)
		}
	}
	return nil
}

// seat gives the anchor parts their rows: the individual part first, which the theory part yields to. Someone has
// to come first; which of the two it is does not matter, but stored runs depend on it.
func (t *Triple) seat(step int) *seating {
	g := newSeating(t.labels, t.anchors, step)
	for k := range t.anchors {
		g.fill(k)
	}
	return g
}

// Batch returns the rows of a step ≥ 0: the anchor parts are seated first, and the hierarchical part is drawn
// from the texts that are left, of which it has the most to choose from.
func (t *Triple) Batch(step int) TripleBatch {
	g := t.seat(step)
	taken := make([]int32, 0, t.cfg.IntraTheory.BatchSize)
	for i := range g.seats {
		taken = append(taken, g.seats[i].row)
	}
	h := t.hier.draw(step, taken)
	b := TripleBatch{Step: step, Epoch: h.Epoch, Parts: t.sizes, Rows: append(h.Rows, taken...)}
	if t.cfg.Mode == Authors {
		t.shuffle(&b)
	}
	t.name(&b)
	return b
}

// name fills in the ids of the rows that stand in the anchor parts. A row of the hierarchical part may well have
// ids; they are not named, or the row would serve a second term by accident of where it stands.
func (t *Triple) name(b *TripleBatch) {
	b.IndividualIDs, b.TheoryIDs = make([]int32, len(b.Rows)), make([]int32, len(b.Rows))
	individual := b.Parts[PartHierarchical]
	theory := individual + b.Parts[PartIndividual]
	for i, row := range b.Rows {
		b.IndividualIDs[i], b.TheoryIDs[i] = data.NoAnchor, data.NoAnchor
		switch {
		case i >= theory:
			b.TheoryIDs[i] = t.ids.Theory[row]
		case i >= individual:
			b.IndividualIDs[i] = t.ids.Individual[row]
		}
	}
}

// shuffle mixes the parts, which the loss then cuts by position all the same: the authors' defect, repeated for
// measurement. A quarter of the individual rows then stand in the individual cut, by chance.
func (t *Triple) shuffle(b *TripleBatch) {
	stream(t.cfg.IntraTheory.Seed, domainShuffle, uint64(b.Step)).Shuffle(len(b.Rows), func(i, j int) {
		b.Rows[i], b.Rows[j] = b.Rows[j], b.Rows[i]
	})
}
