package metrics

// credits gather what candidates have a part in: the influence of their groups on the scores of anchors, which a shard
// sums up. Anchors whose candidates are the same in several scopes credit them once for all of these (visitor.credits).
type credits struct {
	influence    []float64 // [G] sums of what was taken back, and in the end of all
	tieInfluence []float64 // [G] the same of what ties add

	credit    []float64 // [M] sums of what anchors credit an item of each cell with
	tieCredit []float64 // [M]

	// The same of candidates of the last bin, which are credited alike between two nearer ones: by the set of classes that
	// the anchors' scope admits, and by vector.
	rest, tieRest [][]float64 // [sets][U], made when first needed
	open          openCredit
}

// openCredit is the rest's credit by run, of anchors that see the same candidates. One sum over the runs then serves
// all of them.
type openCredit struct {
	set     int32     // −1 while there is none
	steps   []float64 // [runs] what the credit changes by from the run before
	inRun   []float64 // [runs] of ties: what candidates in the run alone are credited with
	tieBase float64   // of ties: what all are credited with
	ties    bool
}

func newCredits(groups, cells, sets int) *credits {
	return &credits{
		influence: make([]float64, groups), tieInfluence: make([]float64, groups),
		credit: make([]float64, cells), tieCredit: make([]float64, cells),
		rest: make([][]float64, sets), tieRest: make([][]float64, sets), open: openCredit{set: -1},
	}
}

// give credits one anchor's candidates.
func (s *credits) give(o *outcome, x *seen) {
	if o.n[last] > 0 && s.open.set != o.set {
		s.close(x)
		s.begin(x, o.set)
	}
	s.giveCredit(o, worthOf(o, &o.probability))
	if o.ties > 0 { // vectors without ties need not pay
		s.giveTieCredit(o, worthOf(o, &o.tie))
	}
}

// worth says what a candidate's share does to an anchor's score: each is worth so much, less what the average
// candidate of its bin has.
type worth struct{ expected, each [lanes]float64 }

// worthOf takes the pairs' probabilities, or those of ties.
//
// In the example x stands right to ½ of bin 4 while the average candidate of bin 0 does to ¾: more weight on x
// lowers P by (½ − ¾)/2 = −⅛ a unit, more on u raises it as much.
//
// Invariant: the credits of the candidates of one bin add up to 0.
func worthOf(o *outcome, probability *[Bins][Bins]float64) *worth {
	var w worth
	for p := range Bins {
		for q := p + 1; q < Bins; q++ {
			w.expected[p] += probability[p][q]
			w.expected[q] += probability[p][q]
		}
		w.each[p] = o.part[p] / o.count
	}
	return &w
}

// of is what a candidate of bin p with this share is credited with: what the score gains per unit of weight on it.
func (w *worth) of(p Relation, share float64) float64 {
	return (share - w.expected[p%lanes]) * w.each[p%lanes]
}

// giveCredit credits the listed candidates one by one, and those of the last bin by run. What is given by run is given
// to all of the set, so the listed ones are spared it.
func (s *credits) giveCredit(o *outcome, w *worth) {
	before := w.of(last, o.restAtStart)
	if before != 0 {
		s.open.steps[0] += before
	}
	for i := range o.stands {
		c, rest := &o.listed[i], w.of(last, o.stands[i].rest)
		s.credit[c.cell] += w.of(Relation(o.bin[c.class]), o.stands[i].share) - rest
		if rest != before {
			s.open.steps[c.run] += rest - before
			before = rest
		}
	}
}

// giveTieCredit is giveCredit for what ties add. A candidate of the last bin ties with the listed ones of its run, and
// with none elsewhere.
func (s *credits) giveTieCredit(o *outcome, w *worth) {
	base, run := w.of(last, 0), int32(-1)
	for i := range o.stands {
		c, rest := &o.listed[i], w.of(last, o.stands[i].tieRest)
		s.tieCredit[c.cell] += w.of(Relation(o.bin[c.class]), o.stands[i].tieShare) - rest
		if c.run != run && rest != base {
			run = c.run
			s.open.inRun[run] += rest - base
		}
	}
	s.open.tieBase += base
	s.open.ties = true
}

// begin makes room for credit by run.
func (s *credits) begin(x *seen, set int32) {
	s.open.set = set
	if len(s.open.steps) < x.order.runs {
		s.open.steps, s.open.inRun = make([]float64, x.order.runs), make([]float64, x.order.runs)
	}
	for _, rest := range []*[]float64{&s.rest[set], &s.tieRest[set]} {
		if *rest == nil {
			*rest = make([]float64, len(x.order.run))
		}
	}
}

// close hands the runs' credit on to the vectors. The items that the anchors leave out are of the set, too, and must
// not share in it.
func (s *credits) close(x *seen) {
	set := s.open.set
	if set < 0 {
		return
	}
	steps, inRun := s.open.steps[:x.order.runs], s.open.inRun[:x.order.runs]
	level := 0.0
	for run, step := range steps {
		level += step
		steps[run] = level
	}
	handOn(s.rest[set], x.order.run, steps, 0)
	if s.open.ties {
		handOn(s.tieRest[set], x.order.run, inRun, s.open.tieBase)
	}
	for _, i := range x.own {
		if cell := x.l.cellOf[i]; x.l.admitted[set][x.l.class[cell]] {
			run := x.order.run[x.l.vector[cell]]
			s.influence[x.l.groupOf[i]] -= steps[run]
			s.tieInfluence[x.l.groupOf[i]] -= inRun[run] + s.open.tieBase
		}
	}
	clear(steps)
	clear(inRun)
	s.open.set, s.open.ties, s.open.tieBase = -1, false, 0
}

func handOn(vectors []float64, run []int32, credit []float64, base float64) {
	for u, r := range run {
		vectors[u] += credit[r] + base
	}
}

// spare takes back what the anchors of one text have credited to items that they leave out: a credit goes to all of
// a cell. before is the cell's credit from before those anchors.
func (s *credits) spare(cell, group int32, before, tieBefore float64) {
	s.influence[group] -= s.credit[cell] - before
	s.tieInfluence[group] -= s.tieCredit[cell] - tieBefore
}

// settle hands the vectors' credit on to their cells, and the cells' to the groups of their items.
func (s *credits) settle(l *layout) {
	for set := range s.rest {
		for cell, u := range l.vector {
			if s.rest[set] != nil && l.admitted[set][l.class[cell]] {
				s.credit[cell] += s.rest[set][u]
				s.tieCredit[cell] += s.tieRest[set][u]
			}
		}
	}
	for i, cell := range l.cellOf {
		s.influence[l.groupOf[i]] += s.credit[cell]
		s.tieInfluence[l.groupOf[i]] += s.tieCredit[cell]
	}
}

// merge adds the next shard's.
func (s *credits) merge(o *credits) {
	addTo(s.influence, o.influence, 1)
	addTo(s.tieInfluence, o.tieInfluence, 1)
	addTo(s.credit, o.credit, 1)
	addTo(s.tieCredit, o.tieCredit, 1)
	for set := range s.rest {
		if o.rest[set] == nil {
			continue
		}
		if s.rest[set] == nil {
			s.rest[set], s.tieRest[set] = o.rest[set], o.tieRest[set]
			continue
		}
		addTo(s.rest[set], o.rest[set], 1)
		addTo(s.tieRest[set], o.tieRest[set], 1)
	}
}
