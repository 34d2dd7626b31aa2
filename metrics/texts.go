package metrics

import (
	"hives/data"
)

// Path is the place of an annotation in its theory.
type Path struct {
	Theory int32
	Levels [3]int32
}

// TextPairs relates whole texts, each with the set of its labels: two texts are as close as the closest pair of
// their labels, and their affinity is the Jaccard overlap of their label sets.
//
// Text A has the labels care and loyalty, B care and fairness, both supporting. Their closest pair is (care,
// care): bin 0. One label of three is common: affinity ⅓. By rows the same two texts make four pairs, three of
// which say that they are far apart although nobody could place them nearer.
//
// Tables of T² bytes and T² half words are made once and serve every system: 3,000 texts take 27 MB.
type TextPairs struct {
	first  []int // [T] a row of each text
	group  []int32
	groups int
	labels [][]textLabel
	theory []uint64 // bit set of theories, and of corpora
	corpus []uint64
	rows   []Relation // [T, T]
	common []uint16   // [T, T] labels in common
}

// textLabel is one label of a text; id is equal where (path, direction) is.
type textLabel struct {
	id        int32
	direction int32
	paths     [][3]int32 // canonical first
}

// NewTextPairs gathers the rows of each text. Texts stand in order of first appearance. alternatives[i], if
// given, are the other paths that row i's value is accepted under (data.Labels.Alternatives): hedonism is then as
// close to openness to change as to self-enhancement.
func NewTextPairs(l *data.Labels, alternatives [][][3]int32) *TextPairs {
	t := &TextPairs{groups: countIDs(l.Group)}
	place := map[int32]int{}
	ids := map[[5]int32]int32{}
	for i := range l.Len() {
		at, ok := place[l.Text[i]]
		if !ok {
			at = len(t.first)
			place[l.Text[i]] = at
			t.first = append(t.first, i)
			t.group = append(t.group, l.Group[i])
			t.labels = append(t.labels, nil)
			t.theory, t.corpus = append(t.theory, 0), append(t.corpus, 0)
		}
		// Ids beyond 63 share a bit; there are four theories and a handful of corpora.
		t.theory[at] |= 1 << (l.Theory[i] & 63)
		t.corpus[at] |= 1 << (l.Corpus[i] & 63)
		label := textLabel{direction: l.Direction[i], paths: [][3]int32{l.Levels[i]}}
		if alternatives != nil {
			label.paths = append(label.paths, alternatives[i]...)
		}
		t.addLabel(at, l.Theory[i], label, ids)
	}
	t.relateAll()
	return t
}

// addLabel numbers the label by its canonical path and direction and adds it unless the text has it.
func (t *TextPairs) addLabel(at int, theory int32, label textLabel, ids map[[5]int32]int32) {
	path := label.paths[0]
	key := [5]int32{theory, path[0], path[1], path[2], label.direction}
	id, ok := ids[key]
	if !ok {
		id = int32(len(ids))
		ids[key] = id
	}
	for _, have := range t.labels[at] {
		if have.id == id {
			return
		}
	}
	label.id = id
	t.labels[at] = append(t.labels[at], label)
}

// relateAll fills both tables once: every system measured on the same texts shares them.
func (t *TextPairs) relateAll() {
	n := len(t.first)
	t.rows, t.common = make([]Relation, n*n), make([]uint16, n*n)
	for a := range n {
		t.rows[a*n+a] = excluded
		for x := range a {
			r, common := closest(t.labels[a], t.labels[x])
			r |= flag(t.theory[a]&t.theory[x] != 0, sameTheory) | flag(t.corpus[a]&t.corpus[x] != 0, sameCorpus)
			t.rows[a*n+x], t.rows[x*n+a] = r, r
			t.common[a*n+x], t.common[x*n+a] = common, common
		}
	}
}

// closest is the lowest bin over all label pairs of two texts, and the number of equal labels. Alternative paths
// of a value count for the bin, not for the number: a label is one however many parents it has.
func closest(a, b []textLabel) (Relation, uint16) {
	best, common := OtherLevel1, uint16(0)
	for i := range a {
		for j := range b {
			if a[i].id == b[j].id {
				common++
			}
			same := a[i].direction == b[j].direction
			for _, p := range a[i].paths {
				for _, q := range b[j].paths {
					if r := pathRelation(&p, &q, same); r.Bin() < best.Bin() {
						best = r
					}
				}
			}
		}
	}
	return best, common
}

// First is a row of each text, so that vectors of rows can be selected for texts.
func (t *TextPairs) First() []int { return t.first }

func (t *TextPairs) Len() int          { return len(t.first) }
func (t *TextPairs) Group(i int) int32 { return t.group[i] }
func (t *TextPairs) Groups() int       { return t.groups }

func (t *TextPairs) Relate(a int, dst []Relation) {
	copy(dst, t.rows[a*len(t.first):])
}

// Affinity is |A ∩ B| / |A ∪ B| of the sets of (theory, path, direction).
func (t *TextPairs) Affinity(a int, dst []float64) {
	n := len(t.first)
	for x := range dst {
		common := int(t.common[a*n+x])
		dst[x] = float64(common) / float64(len(t.labels[a])+len(t.labels[x])-common)
	}
	dst[a] = 1
}
