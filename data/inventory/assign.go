package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"hives/data"
	"hives/data/anchors"
	"hives/data/theories"
	"hives/internal/fault"
)

// Embed turns texts into unit vectors of one length, in order. It must be the same frozen function at every call.
type Embed func(ctx context.Context, texts []string) ([][]float32, error)

// Report accounts for an assignment.
type Report struct {
	Rows        int      `json:"rows"`
	Assigned    int      `json:"assigned"`
	NoCandidate int      `json:"no_candidate"` // rows of a theory without sentences
	Refused     int      `json:"refused"`      // rows whose nearest sentence was outside the limits
	AnchorsUsed int      `json:"anchors_used"`
	ByTheory    []Theory `json:"by_theory"`
	MeanCosine  float64  `json:"mean_cosine"` // of the rows that have a candidate, with their best one
	MinCosine   float64  `json:"min_cosine"`  // the limits
	MinLead     float64  `json:"margin"`
}

// Theory is one theory's share.
type Theory struct {
	Theory   string `json:"theory"`
	Rows     int    `json:"rows"`
	Assigned int    `json:"assigned"`
}

// Assigner writes individual anchors into rows. Make one with NewAssigner; it is not safe for concurrent use.
type Assigner struct {
	embed      Embed
	limits     anchors.Limits
	bank       [][]float32             // [A][d] unit rows
	candidates map[theories.Node][]int // row's node → places in the bank
	report     Report

	cosines      float64 // sum over the rows with a candidate
	used         map[int32]bool
	rows, filled map[string]int // by theory
}

// NewAssigner embeds the inventory.
func NewAssigner(ctx context.Context, embed Embed, limits anchors.Limits) (*Assigner, error) {
	vectors, err := embed(ctx, Bank().Texts())
	if err != nil {
		return nil, fmt.Errorf("embed the inventory: %w", err)
	}
	if len(vectors) != Size {
		return nil, fault.New(fault.Mismatch, "inventory: the embedder gave %d vectors for %d sentences", len(vectors), Size)
	}
	return &Assigner{
		embed: embed, limits: limits, bank: vectors, candidates: map[theories.Node][]int{},
		report: Report{MinCosine: limits.MinCosine, MinLead: limits.MinLead},
		used:   map[int32]bool{}, rows: map[string]int{}, filled: map[string]int{},
	}, nil
}

// Assign sets individual_anchor of every row: the id of the sentence nearest to its text among those on the row's
// path, data.NoAnchor where there is none or the limits refuse it. Rows of one text are embedded once.
func (a *Assigner) Assign(ctx context.Context, rows []data.Row) error {
	at := map[string]int{} // text → place in texts
	var texts []string
	for i := range rows {
		if _, known := at[rows[i].Text]; !known {
			at[rows[i].Text] = len(texts)
			texts = append(texts, rows[i].Text)
		}
	}
	vectors, err := a.embed(ctx, texts)
	if err != nil {
		return fmt.Errorf("embed %d texts: %w", len(texts), err)
	}
	if len(vectors) != len(texts) {
		return fault.New(fault.Mismatch, "inventory: the embedder gave %d vectors for %d texts", len(vectors), len(texts))
	}
	for i := range rows {
		r := &rows[i]
		v := vectors[at[r.Text]]
		if len(v) != len(a.bank[0]) {
			return fault.New(fault.Mismatch, "inventory: a vector has %d numbers, the sentences' %d", len(v), len(a.bank[0]))
		}
		a.assign(r, v)
	}
	return nil
}

func (a *Assigner) assign(r *data.Row, v []float32) {
	allowed := a.onPath(theories.Node{Theory: r.Theory, Path: r.Levels()})
	m := anchors.Nearest(v, a.bank, allowed, a.limits)
	r.IndividualAnchor = data.NoAnchor
	s := &a.report
	s.Rows++
	a.rows[r.Theory]++
	switch {
	case len(allowed) == 0:
		s.NoCandidate++
		return
	case m.At == anchors.None:
		s.Refused++
	default:
		r.IndividualAnchor = int32(m.At) // ids are dense, so the place is the id
		s.Assigned++
		a.filled[r.Theory]++
		a.used[r.IndividualAnchor] = true
	}
	a.cosines += m.Cosine
}

// onPath lists the sentences whose node is on the row's path: at the row's node, above it or, since annotators stop
// at any level, below it. Never nil, which Nearest would take for all.
func (a *Assigner) onPath(row theories.Node) []int {
	if known, ok := a.candidates[row]; ok {
		return known
	}
	out := []int{}
	for k, sentence := range loaded() {
		for _, id := range sentence.ValueIDs {
			theory, p, err := theories.ParseID(id)
			if err == nil && theory == row.Theory && related(theory, p, row.Path) {
				out = append(out, k)
				break
			}
		}
	}
	a.candidates[row] = out
	return out
}

// related says whether any path of one value begins with, or goes on from, any path of the other.
func related(theory string, p, q theories.Path) bool {
	for _, x := range append(theories.AltPaths(theory, p), p) {
		for _, y := range append(theories.AltPaths(theory, q), q) {
			n := min(x.Len(), y.Len())
			if slices.Equal(x[:n], y[:n]) {
				return true
			}
		}
	}
	return false
}

// Report accounts for the rows so far.
func (a *Assigner) Report() Report {
	s := a.report
	s.AnchorsUsed = len(a.used)
	if n := s.Rows - s.NoCandidate; n > 0 {
		s.MeanCosine = a.cosines / float64(n)
	}
	for _, theory := range slices.Sorted(maps.Keys(a.rows)) {
		s.ByTheory = append(s.ByTheory, Theory{Theory: theory, Rows: a.rows[theory], Assigned: a.filled[theory]})
	}
	return s
}
