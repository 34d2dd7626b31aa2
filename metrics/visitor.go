package metrics

import "math"

// visitor does one shard's anchors for one view. An anchor is any item, in turn: every item is once the one from which
// the others are seen.
//
// Its scratch is reused from anchor to anchor: M numbers a shard, not M² for the whole.
type visitor struct {
	l    *layout
	rank []*rankSums
	corr [Scopes]*corrSums
	dist [Scopes]*distanceSums
	keys []uint64 // pairs i < j for Spearman

	line     *line
	rel      []Relation // [C] of the anchor's class with each
	affinity []float64  // [C]
	outcomes [Scopes]outcome
	spared   []spared
}

// spared is an item that some anchors leave out of its cell, while others of the cell stay.
type spared struct {
	cell, group       int32
	credit, tieCredit []float64 // [tasks] of the cell, from before these anchors
}

// newVisitor allocates the sums and scratch of one shard. All shards share the layout; each writes the neighbours of
// its own anchors and nothing else.
func newVisitor(l *layout) *visitor {
	classes := l.p.Classes()
	w := &visitor{l: l, line: newLine(l), rel: make([]Relation, classes), affinity: make([]float64, classes)}
	for s := All; s < Scopes; s++ {
		w.corr[s] = newCorrSums(s, l.p.Groups())
		w.dist[s] = &distanceSums{need: s.need()}
	}
	if !l.o.CorrelationOnly {
		for _, t := range rankTasks() {
			w.rank = append(w.rank, newRankSums(t, l.p.Groups(), len(l.items)))
		}
	}
	return w
}

// visit lets the items of one vector be anchors, those first that leave the same candidates out. cosines are [U], and
// sorted holds them in ascending order.
func (w *visitor) visit(u int, cosines []float64, sorted []placed) {
	for _, anchors := range w.l.kin[u] {
		own := w.l.own[w.l.p.Own(int(anchors[0]))]
		for _, i := range own {
			w.line.count[w.l.cellOf[i]]--
		}
		w.line.add(w.l, cosines)
		if !w.l.o.CorrelationOnly {
			w.line.arrange(w.l, sorted)
			w.remember(own)
		}
		for _, a := range anchors {
			w.anchor(a, own, cosines)
		}
		w.settle()
		for _, i := range own {
			w.line.count[w.l.cellOf[i]]++
		}
	}
}

// remember notes the credit of cells that keep some of their items: those that are left out must not share in it.
//
//	cell 0 holds items 0 and 4; 0 is of the anchors' text, 4 of another
//	what the anchors credit cell 0 with is item 4's alone: settle keeps item 0 out of it
func (w *visitor) remember(own []int32) {
	for _, i := range own {
		cell := w.l.cellOf[i]
		if w.line.count[cell] == 0 {
			continue
		}
		s := spared{cell: cell, group: w.l.groupOf[i]}
		for _, sums := range w.rank {
			s.credit, s.tieCredit = append(s.credit, sums.credit[cell]), append(s.tieCredit, sums.tieCredit[cell])
		}
		w.spared = append(w.spared, s)
	}
}

// settle closes the line, and takes back what was credited since remember.
func (w *visitor) settle() {
	for _, sums := range w.rank {
		sums.close(w.line)
	}
	for _, s := range w.spared {
		for t, sums := range w.rank {
			sums.spare(s.cell, s.group, s.credit[t], s.tieCredit[t])
		}
	}
	w.spared = w.spared[:0]
}

// anchor lets every sum read the same line. Relations and affinities are asked for once a class and anchor: of a
// hundred classes that is a hundred questions, whatever the number of rows.
func (w *visitor) anchor(a int32, own []int32, cosines []float64) {
	class, group := w.l.p.Class(int(a)), w.l.groupOf[a]
	w.l.p.Relate(class, w.rel)
	w.l.p.Affinity(class, w.affinity)
	for s := All; s < Scopes; s++ {
		w.corr[s].add(group, w.line, w.affinity, w.rel)
	}
	if w.l.o.Spearman {
		w.addKeys(a, cosines)
	}
	if w.l.o.CorrelationOnly {
		return
	}
	w.addRanks(group)
	for s := All; s < Scopes; s++ {
		w.dist[s].add(w.line, w.l.centre, w.rel)
		if k := w.l.o.Neighbours; k > 0 {
			w.l.neighbours[s][a] = w.line.nearest(w.l, w.rel, s.need(), k, own)
		}
	}
}

// addRanks ranks the candidates for every task. A scope that admits the same ones as another has its outcome: the texts
// of one theory are ranked once, not three times, and so are rows whose theory is their corpus's only one.
func (w *visitor) addRanks(group int32) {
	for t, sums := range w.rank {
		scope := t % int(Scopes) // tasks stand scope by scope
		o := &w.outcomes[scope]
		o.choose(sums.task, w.line, w.rel)
		if o.empty() {
			continue
		}
		for k := range scope {
			// An empty one is never the same: it has other numbers in its bins.
			if known := &w.outcomes[k]; o.same(known, w.line) {
				o = known
				break
			}
		}
		if o == &w.outcomes[scope] {
			o.walk(w.line)
		}
		sums.add(o, w.line, group)
	}
}

// addKeys gathers the pairs of an anchor with the items of later cells, and with later ones of its own cell: every pair
// once.
func (w *visitor) addKeys(a int32, cosines []float64) {
	own, home := w.l.p.Own(int(a)), w.l.cellOf[a]
	for cell := int(home); cell < len(w.l.items); cell++ {
		n := w.line.count[cell]
		if n == 0 {
			continue
		}
		if cell == int(home) {
			n = 0
			for _, i := range w.l.items[cell] {
				if i > a && w.l.p.Own(int(i)) != own {
					n++
				}
			}
		}
		class := w.l.class[cell]
		key := rankKey(cosines[w.l.vector[cell]], w.affinity[class], w.rel[class])
		for range int(n) {
			w.keys = append(w.keys, key)
		}
	}
}

// merge adds the next shard's sums. Shards are merged in their order: sums of floats depend on it, and figures must not
// depend on who was done first.
func (w *visitor) merge(o *visitor) {
	for t := range w.rank {
		w.rank[t].merge(o.rank[t])
	}
	for s := range w.corr {
		w.corr[s].merge(o.corr[s])
		w.dist[s].merge(o.dist[s])
	}
	w.keys = append(w.keys, o.keys...)
}

// finish turns sums into figures. rank holds the tasks in the order of rankTasks: the scopes' rankings, then
// their directions.
func (w *visitor) finish() *Measurement {
	m := &Measurement{}
	for t, sums := range w.rank {
		sums.settle(w.l)
		if t < int(Scopes) {
			m.Ranking[t] = sums.result()
		} else {
			m.Direction[t-int(Scopes)] = sums.result()
		}
	}
	sortKeys(w.keys)
	for s := All; s < Scopes; s++ {
		m.Correlation[s] = w.corr[s].result()
		if w.l.o.Spearman && !math.IsNaN(m.Correlation[s].Pearson) {
			m.Correlation[s].Spearman = spearman(w.keys, s.need())
		}
		m.Distances[s] = w.dist[s].result()
	}
	return m
}
