package metrics

import "hives/data"

// Relation says how a candidate stands to an anchor: the bin of closeness in the low bits, flags above. A byte a
// pair lets the relations of all texts with all stay in memory, and one mask tells whether a pair is in a scope.
//
//	0011 1010   bin 2; of the anchor's theory and corpus, both directions judged, but unlike; a candidate
type Relation uint8

// Bins of closeness, nearest first; a missing level equals a missing level.
const (
	SamePathSameDirection  Relation = iota // levels 1–3 and direction equal
	SamePathOtherDirection                 // levels 1–3 equal
	SameLevels12                           // level 3 unlike
	SameLevel1                             // level 2 unlike
	OtherLevel1                            // level 1 unlike

	// Bins is their number.
	Bins = 5

	binMask       Relation = 7
	sameTheory    Relation = 1 << 3
	sameCorpus    Relation = 1 << 4
	bothJudged    Relation = 1 << 5 // the directions of both are somebody's judgement
	sameDirection Relation = 1 << 6
	excluded      Relation = 1 << 7 // the anchor itself, or another row of its text
)

// Bin is the bin of closeness, 0 … 4.
func (r Relation) Bin() int { return int(r & binMask) }

// Scope limits candidates and pairs.
type Scope int

// The three scopes. Theory and style follow the corpus, so claims rest on WithinCorpus.
const (
	All Scope = iota
	WithinTheory
	WithinCorpus
	Scopes // their number
)

// ScopeNames are the keys used in files, by scope.
var ScopeNames = [Scopes]string{"all", "within_theory", "within_corpus"}

// need is the set of flags a relation must have to belong to a scope. A scope asks for more flags, never for
// fewer, so the pairs of every scope are among those of All.
func (s Scope) need() Relation { return [Scopes]Relation{0, sameTheory, sameCorpus}[s] }

// admits tells whether a relation has all needed flags and is not excluded.
func (r Relation) admits(need Relation) bool { return r&(need|excluded) == need }

// Pairs knows the annotations of N items.
type Pairs interface {
	// Len is N.
	Len() int
	// Relate fills dst[x], shape [N], with the relation of every x to anchor a.
	Relate(a int, dst []Relation)
	// Affinity fills dst[x], shape [N], with the closeness of labels that cosines are correlated with.
	Affinity(a int, dst []float64)
	// Group is the resampling unit of item i, 0 … Groups()−1.
	Group(i int) int32
	Groups() int
}

// RowPairs relates the rows of a data set: an item is one (text, value) annotation. Relations are computed for
// one anchor at a time and kept by nobody: N² bytes would be 1 GB for 32,000 rows.
type RowPairs struct {
	labels   *data.Labels
	affinity AffinityKind
	ownText  bool
	groups   int
}

// RowOption changes how rows are related.
type RowOption func(*RowPairs)

// WithOwnText keeps other rows of the anchor's text as candidates. They have the anchor's own vector, so
// only comparisons with published implementations want it.
func WithOwnText() RowOption { return func(p *RowPairs) { p.ownText = true } }

// WithAffinity chooses the label side of the similarity correlation.
func WithAffinity(kind AffinityKind) RowOption { return func(p *RowPairs) { p.affinity = kind } }

// NewRowPairs relates the rows of labels, rows of the anchor's own text left out: they have the anchor's own
// vector, so a ranking would be given their places for nothing.
func NewRowPairs(labels *data.Labels, options ...RowOption) *RowPairs {
	p := &RowPairs{labels: labels, groups: countIDs(labels.Group)}
	for _, option := range options {
		option(p)
	}
	return p
}

// countIDs is one more than the largest id.
func countIDs(ids []int32) int {
	n := int32(0)
	for _, id := range ids {
		n = max(n, id+1)
	}
	return int(n)
}

func (p *RowPairs) Len() int          { return p.labels.Len() }
func (p *RowPairs) Group(i int) int32 { return p.labels.Group[i] }
func (p *RowPairs) Groups() int       { return p.groups }

// Relate compares row a with every row, itself included (excluded by its flag).
func (p *RowPairs) Relate(a int, dst []Relation) {
	l := p.labels
	for x := range dst {
		r := pathRelation(&l.Levels[a], &l.Levels[x], l.Direction[a] == l.Direction[x])
		r |= flag(l.Theory[a] == l.Theory[x], sameTheory) |
			flag(l.Corpus[a] == l.Corpus[x], sameCorpus) |
			flag(l.Judged[a] && l.Judged[x], bothJudged) |
			flag(x == a || (!p.ownText && l.Text[a] == l.Text[x]), excluded)
		dst[x] = r
	}
}

// pathRelation is the bin of two paths, with the flag for equal directions.
func pathRelation(a, b *[3]int32, same bool) Relation {
	switch {
	case a[0] != b[0]:
		return OtherLevel1 | flag(same, sameDirection)
	case a[1] != b[1]:
		return SameLevel1 | flag(same, sameDirection)
	case a[2] != b[2]:
		return SameLevels12 | flag(same, sameDirection)
	case same:
		return SamePathSameDirection | sameDirection
	}
	return SamePathOtherDirection
}

// flag is f where on holds, else nothing.
func flag(on bool, f Relation) Relation {
	if on {
		return f
	}
	return 0
}

// Subset returns the rows of labels at index; ids and names stay as they are.
func Subset(l *data.Labels, index []int) *data.Labels {
	out := &data.Labels{TheoryNames: l.TheoryNames, LevelNames: l.LevelNames, CorpusNames: l.CorpusNames}
	for _, i := range index {
		out.Theory = append(out.Theory, l.Theory[i])
		out.Levels = append(out.Levels, l.Levels[i])
		out.Direction = append(out.Direction, l.Direction[i])
		out.Judged = append(out.Judged, l.Judged[i])
		out.Text = append(out.Text, l.Text[i])
		out.Group = append(out.Group, l.Group[i])
		out.Corpus = append(out.Corpus, l.Corpus[i])
	}
	return out
}
