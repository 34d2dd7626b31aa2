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
	Rows         int      `json:"rows"`
	Assigned     int      `json:"assigned"`
	NoCandidate  int      `json:"no_candidate"` // rows of a theory without sentences
	Refused      int      `json:"refused"`      // rows whose nearest sentence was outside the limits
	AnchorsUsed  int      `json:"anchors_used"`
	ByTheory     []Theory `json:"by_theory"`
	Spread       float64  `json:"spread"`        // mean distance of two sentences, 1 − cosine
	MeanDistance float64  `json:"mean_distance"` // of rows that have a candidate to their nearest, in spreads
	Limits       Limits   `json:"limits"`
	Embedder     string   `json:"embedder_sha256,omitempty"` // digest of its weights, if the caller says
}

// Theory is one theory's share.
type Theory struct {
	Theory   string `json:"theory"`
	Rows     int    `json:"rows"`
	Assigned int    `json:"assigned"`
}

// Limits refuse a sentence to a text. Both are shares of the spread, the mean distance (1 − cosine) of two
// sentences: a lead of .01 is much in a space where all texts lie within .02.
//
// With a spread of .4, a margin of .02 asks for a lead of .008 in cosine, and a distance of at most 1 for a
// cosine of .6 or more. The same settings then mean the same in the next embedder, whose cosines may all lie
// above .9.
type Limits struct {
	Margin      float64 `json:"margin"`       // least lead of the nearest sentence over the second nearest
	MaxDistance float64 `json:"max_distance"` // of the nearest sentence
}

// DefaultLimits keep out texts that lie between two sentences, where the choice would be the embedder's noise, and
// those that are no nearer to any than two sentences are to each other.
func DefaultLimits() Limits { return Limits{Margin: .02, MaxDistance: 1} }

// minSpread is the least spread that float32 vectors can be told apart by, with room for their rounding.
const minSpread = 1e-4

// Assigner writes individual anchors into rows. Make one with NewAssigner; it is not safe for concurrent use.
type Assigner struct {
	embed      Embed
	limits     anchors.Limits          // in cosines
	bank       [][]float32             // [A][d] unit rows
	candidates map[theories.Node][]int // row's node → places in the bank
	report     Report

	distances    float64 // sum over the rows with a candidate
	used         map[int32]bool
	rows, filled map[string]int // by theory
}

// NewAssigner embeds the inventory.
func NewAssigner(ctx context.Context, embed Embed, limits Limits) (*Assigner, error) {
	vectors, err := embed(ctx, Bank().Texts())
	if err != nil {
		return nil, fmt.Errorf("embed the inventory: %w", err)
	}
	if len(vectors) != Size {
		return nil, fault.New(fault.Mismatch, "inventory: the embedder gave %d vectors for %d sentences", len(vectors), Size)
	}
	if !(limits.Margin >= 0 && limits.MaxDistance > 0) {
		return nil, fault.New(fault.Invalid, "inventory: a margin of %v and a distance of at most %v; want at least 0, "+
			"and more than 0", limits.Margin, limits.MaxDistance)
	}
	width := spread(vectors)
	if !(width >= minSpread) {
		return nil, fault.New(fault.Invalid, "inventory: the embedder tells no sentence from another (mean distance %.3g); "+
			"take another one", width)
	}
	return &Assigner{
		embed: embed, bank: vectors, candidates: map[theories.Node][]int{},
		limits: anchors.Limits{MinCosine: 1 - limits.MaxDistance*width, MinLead: limits.Margin * width},
		report: Report{Spread: width, Limits: limits},
		used:   map[int32]bool{}, rows: map[string]int{}, filled: map[string]int{},
	}, nil
}

// spread is the mean of 1 − cosine over all pairs of unit rows [A][d], from their sum: |Σv|² = A + 2 Σ_{i<j} cos.
// So the mean cosine is (|Σv|² − A)/(A(A − 1)), at the price of one pass and not of A² products.
func spread(vectors [][]float32) float64 {
	sum := make([]float64, len(vectors[0]))
	for _, v := range vectors {
		for k, x := range v {
			sum[k] += float64(x)
		}
	}
	var square float64
	for _, x := range sum {
		square += x * x
	}
	n := float64(len(vectors))
	return 1 - (square-n)/(n*(n-1))
}

// Assign sets individual_anchor of every row: the id of the sentence nearest to its text among those on the row's
// path, data.NoAnchor where there is none or the limits refuse it. Rows of one text are embedded once.
//
// A text with the rows "conservation / humility" and "mft care/harm" may get sentence 43 ("Staying modest after a
// great success.") in the one and another in the other: each row asks among its own value's sentences.
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

// assign chooses among the sentences on the row's path and counts what came of it. v: [d] unit.
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
	a.distances += (1 - m.Cosine) / s.Spread
}

// onPath lists the sentences whose node is on the row's path: at the row's node, above it or, since annotators
// stop at any level, below it. Never nil, which Nearest would take for all.
//
// A row "mft / care/harm" may get any sentence tied to care/harm or to a virtue below it, and none of fairness,
// however near its vector lies: the label is somebody's judgement, the vector an embedder's.
func (a *Assigner) onPath(row theories.Node) []int {
	if known, ok := a.candidates[row]; ok {
		return known
	}
	out := []int{}
	for k, sentence := range loaded() {
		for _, id := range sentence.ValueIDs {
			theory, p, err := theories.Builtin().ParseID(id)
			if err == nil && theory == row.Theory && related(theory, p, row.Path) {
				out = append(out, k)
				break
			}
		}
	}
	a.candidates[row] = out
	return out
}

// related says whether any path of one value begins with, or goes on from, any path of the other. The empty
// prefix does not occur: every path has level 1.
func related(theory string, p, q theories.Path) bool {
	for _, x := range append(theories.Builtin().AltPaths(theory, p), p) {
		for _, y := range append(theories.Builtin().AltPaths(theory, q), q) {
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
		s.MeanDistance = a.distances / float64(n)
	}
	for _, theory := range slices.Sorted(maps.Keys(a.rows)) {
		s.ByTheory = append(s.ByTheory, Theory{Theory: theory, Rows: a.rows[theory], Assigned: a.filled[theory]})
	}
	return s
}
