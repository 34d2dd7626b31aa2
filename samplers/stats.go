package samplers

import (
	"fmt"
	"strings"

	"hives/internal/fault"
)

// Stats describes what the sampler will draw; everything in it is exact, nothing is estimated. Read Positives
// first: with [300 80 40 20 560] of 1,000 anchors, 300 have no positive at all and serve the coarser levels only.
type Stats struct {
	Rows            int   `json:"rows"`
	Pathless        int   `json:"pathless"` // rows without level 1, never drawn
	Anchors         int   `json:"anchors"`
	BatchesPerEpoch int   `json:"batches_per_epoch"`
	Classes         int   `json:"classes"`   // distinct (path, direction) among the anchors
	Positives       []int `json:"positives"` // Positives[k]: anchors that are given k positives

	Theories []TheoryStats `json:"theories"` // in order of appearance, those of weight 0 left out
}

// TheoryStats describes one theory's anchors.
type TheoryStats struct {
	Theory         string  `json:"theory"`
	Anchors        int     `json:"anchors"`
	Singletons     int     `json:"singletons"`      // anchors without any positive
	Candidates     int64   `json:"candidates"`      // (anchor, row) of unlike label and text in the anchor's pool
	FalseNegatives int64   `json:"false_negatives"` // those whose text carries the anchor's label in another row
	Rate           float64 `json:"false_negative_rate"`
}

// Stats returns the description made at construction.
func (s *IntraTheory) Stats() Stats { return s.stats }

// count goes through the anchors once. Theories keep their order of appearance, so that a stored description can
// be compared by bytes.
func (s *IntraTheory) count(counts *supply) Stats {
	labels := s.x.labels
	st := Stats{
		Rows: labels.Len(), Anchors: len(s.anchors), BatchesPerEpoch: len(s.anchors),
		Positives: make([]int, s.cfg.Positives+1),
	}
	theories := make([]TheoryStats, len(labels.TheoryNames))
	for _, row := range s.anchors {
		n := counts.positives(row)
		st.Positives[n]++
		t := &theories[labels.Theory[row]]
		t.Anchors++
		if n == 0 {
			t.Singletons++
		}
		unlike, wrong := counts.candidates(row)
		t.Candidates += int64(unlike)
		t.FalseNegatives += int64(wrong)
	}
	for i, t := range theories {
		if t.Anchors > 0 {
			t.Theory, t.Rate = labels.TheoryNames[i], float64(t.FalseNegatives)/float64(max(1, t.Candidates))
			st.Theories = append(st.Theories, t)
		}
	}
	for _, c := range s.x.class {
		if c == none {
			st.Pathless++
		}
	}
	for _, w := range s.weights {
		if w > 0 {
			st.Classes++
		}
	}
	return st
}

// refuseShortage names every theory in which some anchor lacks negatives, by its worst anchor. Each of the rows
// beside the batch may take one of its texts.
//
//	batch size 32 beside 32 rows of the anchor parts needs 59 negatives, theory "duty" has 12; take a smaller batch, …
//
// Refused here, a shortage costs a message; met at step 40,000 it would cost the run. There are no short batches
// instead: the compiled graph has one size, and the loss takes every row of it for a text.
func (s *IntraTheory) refuseShortage(counts *supply, beside int) error {
	type shortage struct{ need, have int }
	worst := make([]shortage, len(s.x.pools))
	short := false
	for _, row := range s.anchors {
		need := s.cfg.BatchSize + beside - 1 - counts.positives(row)
		have := counts.negatives(row)
		if w := &worst[s.x.pool[row]]; need-have > w.need-w.have {
			*w, short = shortage{need, have}, true
		}
	}
	if !short {
		return nil
	}
	size := fmt.Sprintf("batch size %d", s.cfg.BatchSize)
	if beside > 0 {
		size += fmt.Sprintf(" beside %d rows of the anchor parts", beside)
	}
	var parts []string
	for p, w := range worst {
		if w.need > w.have {
			parts = append(parts, fmt.Sprintf("%s needs %d negatives, %s has %d", size, w.need, s.poolName(p), w.have))
		}
	}
	return fault.New(fault.Invalid, "samplers: %s; take a smaller batch, more rows or weight 0 for the theory",
		strings.Join(parts, "; "))
}

// poolName names a pool by the first of its rows.
func (s *IntraTheory) poolName(pool int) string {
	labels, row := s.x.labels, s.x.pools[pool][0].row
	name := fmt.Sprintf("theory %q", labels.TheoryNames[labels.Theory[row]])
	if s.cfg.Negatives == SameCorpus {
		name += fmt.Sprintf(" in corpus %q", labels.CorpusNames[labels.Corpus[row]])
	}
	return name
}
