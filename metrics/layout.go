package metrics

import (
	"cmp"
	"slices"
)

// layout is a view laid out by cells. A cell is the items of one vector and one class: whatever is counted for one of
// them is counted alike for all, so sums run over cells and weigh each by its number of items. Of vectors that hardly
// repeat there are as many cells as items; one-hot vectors of four theories have some hundred for any number of rows.
//
// Five items of three texts, text A with two labels:
//
//	item   text   vector   class        cells (vector, class)   items
//	0      A      0        care +       0  (0, care +)          0, 4
//	1      A      0        duty         1  (1, care +)          2
//	2      B      1        care +       2  (0, duty)            1
//	3      C      2        duty         3  (2, duty)            3
//	4      A      0        care +
//
// Seen from item 2 the cells 0 and 2 have one cosine, and cell 0 counts twice.
//
// Invariant: the cells of a class stand side by side, since mostly some classes are asked about: numbers by cell that
// are used together then lie together in memory, which is a quarter of the time of an evaluation. Within a class they
// stand in ascending order of their vectors, and items of a cell in ascending order.
type layout struct {
	p      Pairs
	o      Options
	centre float64 // mean cosine of the items: sums are taken about it

	vector, class []int32   // [M] of each cell
	items         [][]int32 // [M]
	cellOf        []int32   // [N]
	groupOf       []int32   // [N]
	ofVector      [][]int32 // [U] cells of each vector, ascending by class
	begin         []int32   // [C+1] cells of class c are begin[c] … begin[c+1]−1
	classes       []int32   // [C] in the order of their first vectors
	own           map[int32][]int32
	kin           [][][]int32 // [U] items of each vector, by what they are part of

	set      [Scopes][]int32 // [C] the set of classes that a scope admits, seen from each class
	admitted [][]bool        // [sets][C] scopes and classes share sets: there are as many as theories and corpora

	neighbours [Scopes][][]int32 // [N]; shards write the rows of their own anchors
}

func newLayout(v *Vectors, view View, d *distinct) *layout {
	n, u := view.Pairs.Len(), len(d.first)
	l := &layout{
		p: view.Pairs, o: view.Options, own: map[int32][]int32{}, kin: make([][][]int32, u),
		cellOf: make([]int32, n), groupOf: make([]int32, n), ofVector: make([][]int32, u),
		begin: make([]int32, view.Pairs.Classes()+1),
	}
	if n*(n-1)/2 > maxRankedPairs {
		l.o.Spearman = false
	}
	rows := view.Rows
	if rows == nil {
		rows = make([]int, n)
		for i := range rows {
			rows[i] = i
		}
	}
	l.centre = v.meanCosine(rows)
	l.makeCells(func(i int32) int32 { return int32(d.of[rows[i]]) })
	if !l.o.CorrelationOnly {
		l.makeSets()
		for s := range l.neighbours {
			l.neighbours[s] = make([][]int32, n)
		}
	}
	return l
}

// makeCells sorts the items by class and vector.
func (l *layout) makeCells(vectorOf func(i int32) int32) {
	items := make([]int32, len(l.cellOf))
	for i := range items {
		items[i] = int32(i)
		l.groupOf[i] = l.p.Group(i)
		own := l.p.Own(i)
		l.own[own] = append(l.own[own], int32(i))
	}
	slices.SortFunc(items, func(a, b int32) int {
		byClass := cmp.Compare(l.p.Class(int(a)), l.p.Class(int(b)))
		return cmp.Or(byClass, cmp.Compare(vectorOf(a), vectorOf(b)), cmp.Compare(a, b))
	})
	for _, i := range items {
		u, class, last := vectorOf(i), l.p.Class(int(i)), len(l.vector)-1
		if last < 0 || l.vector[last] != u || l.class[last] != class {
			if last < 0 || l.class[last] != class {
				l.classes = append(l.classes, class)
			}
			l.vector, l.class, l.items = append(l.vector, u), append(l.class, class), append(l.items, nil)
			last++
			l.ofVector[u] = append(l.ofVector[u], int32(last))
			l.begin[class+1] = int32(last + 1)
		}
		l.items[last] = append(l.items[last], i)
		l.cellOf[i] = int32(last)
	}
	for c := 1; c < len(l.begin); c++ {
		l.begin[c] = max(l.begin[c], l.begin[c-1]) // a class may have no item
	}
	slices.SortStableFunc(l.classes, func(a, b int32) int {
		return cmp.Compare(l.vector[l.begin[a]], l.vector[l.begin[b]]) // of one vector the lower class stays first
	})
	slices.SortStableFunc(items, func(a, b int32) int { return cmp.Compare(vectorOf(a), vectorOf(b)) })
	l.gatherKin(items)
}

// gatherKin lists the anchors of each vector by what they are part of: those leave the same candidates out. Rows of one
// text do, and so one look at the candidates serves all of them.
func (l *layout) gatherKin(items []int32) {
	place := map[[2]int32]int{} // by vector and what it is part of
	for _, i := range items {
		u := l.vector[l.cellOf[i]]
		key := [2]int32{u, l.p.Own(int(i))}
		at, known := place[key]
		if !known {
			at = len(l.kin[u])
			place[key] = at
			l.kin[u] = append(l.kin[u], nil)
		}
		l.kin[u][at] = append(l.kin[u][at], i)
	}
}

// pairsFrom is how many pairs with later items the anchors of some vectors have, at the most.
func (l *layout) pairsFrom(lo, hi int) (pairs int) {
	later := make([]int, len(l.items)+1) // items of a cell and of those behind it
	for cell := len(l.items) - 1; cell >= 0; cell-- {
		later[cell] = later[cell+1] + len(l.items[cell])
	}
	for _, kin := range l.kin[lo:hi] {
		for _, anchors := range kin {
			for _, a := range anchors {
				pairs += later[l.cellOf[a]]
			}
		}
	}
	return pairs
}

// makeSets numbers the sets of classes that scopes admit. Set 0 has all.
func (l *layout) makeSets() {
	classes := l.p.Classes()
	known := map[string]int32{}
	rel, key := make([]Relation, classes), make([]byte, classes)
	for s := range l.set {
		l.set[s] = make([]int32, classes)
	}
	for a := range classes {
		l.p.Relate(int32(a), rel)
		for s := All; s < Scopes; s++ {
			for c, r := range rel {
				key[c] = 0
				if r.admits(s.need()) {
					key[c] = 1
				}
			}
			id, ok := known[string(key)]
			if !ok {
				id = int32(len(known))
				known[string(key)] = id
				l.admitted = append(l.admitted, make([]bool, classes))
				for c, k := range key {
					l.admitted[id][c] = k == 1
				}
			}
			l.set[s][a] = id
		}
	}
}
