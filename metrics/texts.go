package metrics

import (
	"fmt"
	"slices"

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
// Texts with one set of labels, from the same theories and corpora, are one class. Tables of C² bytes and C² half
// words are made once and serve every system: 3,000 classes take 27 MB.
type TextPairs struct {
	first  []int // [T] a row of each text
	group  []int32
	groups int
	labels [][]textLabel // [T]
	theory []uint64      // [T] bit set of theories, and of corpora
	corpus []uint64

	class   []int32    // [T]
	example []int      // [C] a text of each class
	rows    []Relation // [C, C]
	common  []uint16   // [C, C] labels in common
}

// textLabel is one label of a text; id is equal where (path, direction) is. Care that is supported and care that is
// opposed are two labels, in one bin but not in common.
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
	t.classify()
	t.relateAll()
	return t
}

// classify numbers the classes in order of first appearance. Thousands of texts have some hundred sets of labels, and
// all that is asked about two texts, but for their cosine, is answered by their sets.
func (t *TextPairs) classify() {
	known := map[string]int32{}
	for at, labels := range t.labels {
		ids := make([]int32, len(labels))
		for k, l := range labels {
			ids[k] = l.id
		}
		slices.Sort(ids)
		key := fmt.Sprint(t.theory[at], t.corpus[at], ids)
		id, ok := known[key]
		if !ok {
			id = int32(len(known))
			known[key] = id
			t.example = append(t.example, at)
		}
		t.class = append(t.class, id)
	}
}

// addLabel numbers the label by its canonical path and direction and adds it unless the text has it. Two annotators who
// agree are two rows and one label; with it twice the text would have less in common with others.
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
	n := len(t.example)
	t.rows, t.common = make([]Relation, n*n), make([]uint16, n*n)
	for a, i := range t.example {
		for c, x := range t.example[:a+1] {
			r, common := closest(t.labels[i], t.labels[x])
			r |= flag(t.theory[i]&t.theory[x] != 0, sameTheory) | flag(t.corpus[i]&t.corpus[x] != 0, sameCorpus)
			t.rows[a*n+c], t.rows[c*n+a] = r, r
			t.common[a*n+c], t.common[c*n+a] = common, common
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
func (t *TextPairs) Class(i int) int32 { return t.class[i] }
func (t *TextPairs) Classes() int      { return len(t.example) }
func (t *TextPairs) Own(i int) int32   { return int32(i) }
func (t *TextPairs) Group(i int) int32 { return t.group[i] }
func (t *TextPairs) Groups() int       { return t.groups }

func (t *TextPairs) Relate(a int32, dst []Relation) {
	copy(dst, t.rows[int(a)*len(t.example):])
}

// Affinity is |A ∩ B| / |A ∪ B| of the sets of (theory, path, direction).
func (t *TextPairs) Affinity(a int32, dst []float64) {
	n, own := len(t.example), len(t.labels[t.example[a]])
	for c, x := range t.example {
		common := int(t.common[int(a)*n+c])
		dst[c] = float64(common) / float64(own+len(t.labels[x])-common)
	}
}
