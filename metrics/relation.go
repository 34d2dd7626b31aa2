package metrics

import "hives/data"

// Relation says how a candidate stands to an anchor: the bin of closeness in the low bits, flags above. A byte a
// pair lets the relations of all texts with all stay in memory, and one mask tells whether a pair is in a scope.
//
//	0011 1010   bin 2; of the anchor's theory and corpus, both directions judged, but unlike
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

// admits tells whether a relation has all needed flags.
func (r Relation) admits(need Relation) bool { return r&need == need }

// Pairs knows the annotations of N items, by class: items of one class are annotated alike, and so stand alike to
// every other item. Ten thousand rows have some hundred classes, so what is told of two classes is told once for
// thousands of pairs.
type Pairs interface {
	// Len is N.
	Len() int
	// Class is that of item i, 0 … Classes()−1.
	Class(i int) int32
	Classes() int
	// Own is what item i is part of. Items of one Own are never compared with one another.
	Own(i int) int32
	// Relate fills dst[c], shape [Classes], with the relation of items of class c to an anchor of class a.
	Relate(a int32, dst []Relation)
	// Affinity fills dst[c], shape [Classes], with the closeness of labels that cosines are correlated with.
	Affinity(a int32, dst []float64)
	// Group is the resampling unit of item i, 0 … Groups()−1.
	Group(i int) int32
	Groups() int
}

// RowPairs relates the rows of a data set: an item is one (text, value) annotation.
type RowPairs struct {
	labels   *data.Labels
	affinity AffinityKind
	ownText  bool
	groups   int
	class    []int32 // [N]
	example  []int   // [C] a row of each class
}

// rowClass is all that relations and affinities look at.
type rowClass struct {
	theory    int32
	levels    [3]int32
	direction int32
	judged    bool
	corpus    int32
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
	known := map[rowClass]int32{}
	for i := range labels.Len() {
		key := rowClass{labels.Theory[i], labels.Levels[i], labels.Direction[i], labels.Judged[i], labels.Corpus[i]}
		id, ok := known[key]
		if !ok {
			id = int32(len(known))
			known[key] = id
			p.example = append(p.example, i)
		}
		p.class = append(p.class, id)
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
func (p *RowPairs) Class(i int) int32 { return p.class[i] }
func (p *RowPairs) Classes() int      { return len(p.example) }
func (p *RowPairs) Group(i int) int32 { return p.labels.Group[i] }
func (p *RowPairs) Groups() int       { return p.groups }

// Own is the row's text, or the row itself where other rows of its text are candidates too.
func (p *RowPairs) Own(i int) int32 {
	if p.ownText {
		return int32(i)
	}
	return p.labels.Text[i]
}

// Relate compares the examples of two classes.
func (p *RowPairs) Relate(a int32, dst []Relation) {
	l, i := p.labels, p.example[a]
	for c, x := range p.example {
		r := pathRelation(&l.Levels[i], &l.Levels[x], l.Direction[i] == l.Direction[x])
		r |= flag(l.Theory[i] == l.Theory[x], sameTheory) |
			flag(l.Corpus[i] == l.Corpus[x], sameCorpus) |
			flag(l.Judged[i] && l.Judged[x], bothJudged)
		dst[c] = r
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
