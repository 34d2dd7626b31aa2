package metrics

import "math"

// visitor does one shard's anchors for one view. An anchor is any item, in turn: every item is once the one from which
// the others are seen.
//
// Its scratch is reused from anchor to anchor: M numbers a shard, not M² for the whole.
type visitor struct {
	l    *layout
	rank []*rankSums
	// Of rankings and of directions, by the scopes that have the same outcome: bit s for scope s. Made when first needed.
	credits [2][1 << Scopes]*credits
	corr    [Scopes]*corrSums
	dist    [Scopes]*distanceSums
	keys    []uint64   // pairs i < j for Spearman
	room    int        // for keys
	more    [][]uint64 // those of further shards

	seen     *seen
	rel      []Relation // [C] of the anchor's class with each
	affinity []float64  // [C]
	outcomes [Scopes]outcome
	near     []int32 // classes of nearer bins
	lists    [2][]candidate
	spared   []spared
}

// spared is an item that some anchors leave out of its cell, while others of the cell stay.
type spared struct {
	cell, group       int32
	credit, tieCredit [2][1 << Scopes]float64 // of the cell, from before these anchors
}

// newVisitor allocates the sums and scratch of one shard. All shards share the layout; each writes the neighbours of
// its own anchors and nothing else.
func newVisitor(l *layout) *visitor {
	classes := l.p.Classes()
	w := &visitor{l: l, seen: newSeen(l), rel: make([]Relation, classes), affinity: make([]float64, classes)}
	for s := All; s < Scopes; s++ {
		w.corr[s] = newCorrSums(s, l.p.Groups())
		w.dist[s] = &distanceSums{need: s.need()}
	}
	if !l.o.CorrelationOnly {
		for _, t := range rankTasks() {
			w.rank = append(w.rank, newRankSums(t, l.p.Groups()))
		}
	}
	return w
}

// visit lets the items of one vector be anchors, those together that leave the same candidates out. cosines are [U],
// and order is theirs.
func (w *visitor) visit(u int, cosines []float64, order *order) {
	for _, anchors := range w.l.kin[u] {
		own := w.l.own[w.l.p.Own(int(anchors[0]))]
		w.seen.begin(own, cosines, order)
		if !w.l.o.CorrelationOnly {
			w.remember(own)
		}
		for _, a := range anchors {
			w.anchor(a, cosines)
		}
		w.settle()
		w.seen.end()
	}
}

// remember notes the credit of cells that keep some of their items: those that are left out must not share in it.
//
//	cell 0 holds items 0 and 4; 0 is of the anchors' text, 4 of another
//	what the anchors credit cell 0 with is item 4's alone: settle keeps item 0 out of it
func (w *visitor) remember(own []int32) {
	for _, i := range own {
		cell := w.l.cellOf[i]
		if w.seen.count[cell] == 0 {
			continue
		}
		s := spared{cell: cell, group: w.l.groupOf[i]}
		w.each(func(kind, scopes int, c *credits) {
			s.credit[kind][scopes], s.tieCredit[kind][scopes] = c.credit[cell], c.tieCredit[cell]
		})
		w.spared = append(w.spared, s)
	}
}

// settle closes the sums, and takes back what was credited since remember.
func (w *visitor) settle() {
	w.each(func(kind, scopes int, c *credits) {
		c.close(w.seen)
		for _, s := range w.spared {
			c.spare(s.cell, s.group, s.credit[kind][scopes], s.tieCredit[kind][scopes])
		}
	})
	w.spared = w.spared[:0]
}

// anchor lets every sum look at the same candidates. Relations and affinities are asked for once a class and anchor: of
// a hundred classes that is a hundred questions, whatever the number of rows.
func (w *visitor) anchor(a int32, cosines []float64) {
	class, group := w.l.p.Class(int(a)), w.l.groupOf[a]
	w.l.p.Relate(class, w.rel)
	w.l.p.Affinity(class, w.affinity)
	for s := All; s < Scopes; s++ {
		w.corr[s].add(group, w.seen, w.affinity, w.rel)
	}
	if w.l.o.Spearman {
		w.addKeys(a, cosines)
	}
	if w.l.o.CorrelationOnly {
		return
	}
	w.addRanks(class, group)
	for s := All; s < Scopes; s++ {
		w.dist[s].add(w.seen, w.l.centre, w.rel)
		if k := w.l.o.Neighbours; k > 0 {
			w.l.neighbours[s][a] = w.seen.nearest(w.rel, s.need(), k)
		}
	}
}

// addRanks ranks the candidates for every task. A scope that admits the same ones as another has its outcome: the texts
// of one theory are ranked once, not three times, and so are rows whose theory is their corpus's only one.
func (w *visitor) addRanks(class, group int32) {
	w.near = w.near[:0]
	for _, c := range w.seen.classes {
		if w.rel[c].Bin() < int(last) {
			w.near = append(w.near, c)
		}
	}
	list := w.seen.ranked(w.near, &w.lists)
	for kind := range w.credits {
		w.addKind(kind, class, group, list)
	}
}

// addKind does the rankings, or the directions, of all scopes.
func (w *visitor) addKind(kind int, class, group int32, list []candidate) {
	var scopes [Scopes]int // those that have the outcome of each
	for scope := range scopes {
		sums, set := w.rank[kind*int(Scopes)+scope], w.l.set[scope][class] // tasks stand scope by scope
		below := w.seen.belowRuns(set)
		o := &w.outcomes[scope]
		o.choose(sums.task, w.near, w.rel, w.seen.sums, set, below[len(below)-1])
		if o.empty() {
			continue
		}
		// An empty one is never the same: it has other numbers in its bins.
		of := 0
		for of < scope && !o.same(&w.outcomes[of], w.near) {
			of++
		}
		if of == scope {
			o.walk(list, below)
			o.weigh()
		}
		scopes[of] |= 1 << scope
		sums.add(&w.outcomes[of], group)
	}
	for of, which := range scopes {
		if which == 0 {
			continue
		}
		c := &w.credits[kind][which]
		if *c == nil {
			*c = newCredits(w.l.p.Groups(), len(w.l.items), len(w.l.admitted))
		}
		(*c).give(&w.outcomes[of], w.seen)
	}
}

func (w *visitor) each(do func(kind, scopes int, c *credits)) {
	for kind := range w.credits {
		for scopes, c := range w.credits[kind] {
			if c != nil {
				do(kind, scopes, c)
			}
		}
	}
}

// addKeys gathers the pairs of an anchor with the items of later cells, and with later ones of its own cell: every pair
// once.
func (w *visitor) addKeys(a int32, cosines []float64) {
	own, home := w.l.p.Own(int(a)), w.l.cellOf[a]
	if w.keys == nil {
		w.keys = make([]uint64, 0, w.room)
	}
	keys := w.keys
	for cell := int(home); cell < len(w.l.items); cell++ {
		n := w.seen.count[cell]
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
			keys = append(keys, key)
		}
	}
	w.keys = keys
}

// merge adds the next shard's sums. Shards are merged in their order: sums of floats depend on it, and figures must not
// depend on who was done first.
func (w *visitor) merge(o *visitor) {
	for t := range w.rank {
		w.rank[t].merge(o.rank[t])
	}
	o.each(func(kind, scopes int, c *credits) {
		if w.credits[kind][scopes] == nil {
			w.credits[kind][scopes] = c
			return
		}
		w.credits[kind][scopes].merge(c)
	})
	for s := range w.corr {
		w.corr[s].merge(o.corr[s])
		w.dist[s].merge(o.dist[s])
	}
	w.more = append(w.more, o.keys)
}

// finish turns sums into figures. rank holds the tasks in the order of rankTasks: the scopes' rankings, then
// their directions.
func (w *visitor) finish() *Measurement {
	m := &Measurement{}
	w.each(func(kind, scopes int, c *credits) {
		c.settle(w.l)
		for s := range int(Scopes) {
			if scopes>>s&1 == 1 {
				sums := w.rank[kind*int(Scopes)+s]
				addTo(sums.influence, c.influence, 1)
				addTo(sums.tieInfluence, c.tieInfluence, 1)
			}
		}
	})
	for t, sums := range w.rank {
		if t < int(Scopes) {
			m.Ranking[t] = sums.result()
		} else {
			m.Direction[t-int(Scopes)] = sums.result()
		}
	}
	ranked := spearman(sortKeys(append(w.more, w.keys)))
	for s := All; s < Scopes; s++ {
		m.Correlation[s] = w.corr[s].result()
		if w.l.o.Spearman && !math.IsNaN(m.Correlation[s].Pearson) {
			m.Correlation[s].Spearman = ranked[s]
		}
		m.Distances[s] = w.dist[s].result()
	}
	return m
}
