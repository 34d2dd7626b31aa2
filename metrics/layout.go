package metrics

import (
	"cmp"
	"math"
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
//	1      A      0        duty         1  (0, duty)            1
//	2      B      1        care +       2  (1, care +)          2
//	3      C      2        duty         3  (2, duty)            3
//	4      A      0        care +
//
// Seen from item 2 the cells 0 and 1 have one cosine, and cell 0 counts twice.
//
// Invariant: cells stand in ascending order of their vectors, then classes, and items of a cell in ascending order.
type layout struct {
	p      Pairs
	o      Options
	centre float64 // mean cosine of the items: sums are taken about it

	vector, class []int32   // [M] of each cell
	items         [][]int32 // [M]
	cellOf        []int32   // [N]
	groupOf       []int32   // [N]
	from          []int32   // [U+1] cells of vector u are from[u] … from[u+1]−1
	own           map[int32][]int32
	kin           [][][]int32 // [U] items of each vector, by what they are part of

	neighbours [Scopes][][]int32 // [N]; shards write the rows of their own anchors
}

func newLayout(v *Vectors, view View, d *distinct) *layout {
	n, u := view.Pairs.Len(), len(d.first)
	l := &layout{
		p: view.Pairs, o: view.Options, from: make([]int32, u+1), own: map[int32][]int32{}, kin: make([][][]int32, u),
		cellOf: make([]int32, n), groupOf: make([]int32, n),
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
	for s := range l.neighbours {
		if !l.o.CorrelationOnly {
			l.neighbours[s] = make([][]int32, n)
		}
	}
	return l
}

// makeCells sorts the items by vector and class.
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
		return cmp.Or(cmp.Compare(vectorOf(a), vectorOf(b)), byClass, cmp.Compare(a, b))
	})
	for _, i := range items {
		u, class, last := vectorOf(i), l.p.Class(int(i)), len(l.vector)-1
		if last < 0 || l.vector[last] != u || l.class[last] != class {
			l.vector, l.class, l.items = append(l.vector, u), append(l.class, class), append(l.items, nil)
			last++
			l.from[u+1] = int32(last + 1)
		}
		l.items[last] = append(l.items[last], i)
		l.cellOf[i] = int32(last)
	}
	for u := 1; u < len(l.from); u++ {
		l.from[u] = max(l.from[u], l.from[u-1]) // a vector may have no item of this view
	}
	l.gatherKin(items)
}

// gatherKin lists the anchors of each vector by what they are part of: those leave the same candidates out. Rows of one
// text do, and so one preparation of the line serves all of them.
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

// line is the candidates of some anchors in ascending order of cosine: the cells that hold any.
type line struct {
	cell, class []int32
	weight      []float64 // items of the cell, those left out not counted
	run         []int32   // of one cosine, that the cell is in
	ends        []int32   // where runs end

	classes []int32    // those that have candidates
	sums    []classSum // [C]
	count   []float64  // [M] items of each cell that are not left out
}

// classSum is what the candidates of one class add up to: their number, cosines less the centre, squares of these, and
// the least and greatest cosine. About the centre, since the squares of cosines that all lie near .9 would agree in
// their first digits, and the variance is in the others.
type classSum struct{ n, c, cc, low, high float64 }

func newLine(l *layout) *line {
	out := &line{sums: make([]classSum, l.p.Classes()), count: make([]float64, len(l.items))}
	for cell, items := range l.items {
		out.count[cell] = float64(len(items))
	}
	return out
}

// add sums up the candidates by class. Who asks about a class then looks at one sum, not at its items.
func (x *line) add(l *layout, cosines []float64) {
	for _, c := range x.classes {
		x.sums[c] = classSum{}
	}
	x.classes = x.classes[:0]
	for cell, n := range x.count {
		if n == 0 {
			continue
		}
		c := cosines[l.vector[cell]]
		s := &x.sums[l.class[cell]]
		if s.n == 0 {
			x.classes = append(x.classes, l.class[cell])
			s.low, s.high = c, c
		}
		d := c - l.centre
		s.n += n
		s.c += n * d
		s.cc += n * d * d
		s.low, s.high = min(s.low, c), max(s.high, c)
	}
}

// arrange puts the candidates in order. Vectors of one cosine make one run.
func (x *line) arrange(l *layout, sorted []placed) {
	most := len(x.count)
	x.cell, x.class = slices.Grow(x.cell[:0], most)[:most], slices.Grow(x.class[:0], most)[:most]
	x.weight, x.run = slices.Grow(x.weight[:0], most)[:most], slices.Grow(x.run[:0], most)[:most]
	x.ends = x.ends[:0]
	n := 0
	last := math.NaN()
	for _, p := range sorted {
		if p.cosine != last {
			x.close(n)
			last = p.cosine
		}
		for cell := l.from[p.vector]; cell < l.from[p.vector+1]; cell++ {
			// Written down in any case, and kept if it holds any: hardly a cell is left out.
			x.cell[n], x.class[n], x.weight[n], x.run[n] = cell, l.class[cell], x.count[cell], int32(len(x.ends))
			if x.count[cell] > 0 {
				n++
			}
		}
	}
	x.close(n)
	x.cell, x.class, x.weight, x.run = x.cell[:n], x.class[:n], x.weight[:n], x.run[:n]
}

// close ends a run at place n, if it has anything.
func (x *line) close(n int) {
	if n > 0 && (len(x.ends) == 0 || x.ends[len(x.ends)-1] < int32(n)) {
		x.ends = append(x.ends, int32(n))
	}
}
