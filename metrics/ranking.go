package metrics

import "math"

// Ranking is the outcome of one ranking task over all anchors. Undefined numbers are NaN.
//
// Say anchor a has four candidates, x and u of bin 0, y and z of bin 4 (bins in relation.go), with these cosines:
//
//	y .1    x .3    z .3    u .8
//
// Of the four pairs (bin 0, bin 4), three are right: x above y, u above y, u above z. x and z tie. So P(0, 4) =
// 3/4, a tie being wrong, and 3½/4 with ties half. It is the anchor's only filled bin pair, so its score is .75;
// Macro is the mean of the anchors' scores. An anchor with all five bins filled has ten such pairs, each worth a
// tenth, whether it stands for two candidate pairs or for two thousand.
type Ranking struct {
	// Macro is the headline: the expected share of right bin pairs when one candidate a bin is drawn at
	// random, averaged over anchors. A tie is wrong.
	Macro float64
	// HalfMacro is Macro with a tie counted as half right, for sparse vectors that tie often.
	HalfMacro float64
	// Micro pools the bin pairs of all anchors.
	Micro float64
	// PairsMacro and PairsMicro weigh every candidate pair alike; large bins dominate them.
	PairsMacro, PairsMicro float64

	Anchors  int // with at least two filled bins
	BinPairs int // (anchor, bin pair) with both bins filled
	Pairs    int // candidate pairs

	// Matrix[p][q], p < q, is the mean over anchors of P(candidate of bin p closer than one of bin q), NaN
	// where no anchor has both; MatrixAnchors counts those that have.
	Matrix        [Bins][Bins]float64
	MatrixAnchors [Bins][Bins]int

	// Influence[g] is the derivative of Macro by the weight of group g, as anchors and as candidates.
	Influence []float64 // [G]
	// HalfInfluence is the same of HalfMacro.
	HalfInfluence []float64 // [G]
}

// task is a ranking over part of the candidates: direction accuracy is the same ranking with two bins and judged
// rows alone.
type task struct {
	need Relation
	bins int // bins 0 … bins−1 take part
}

// rankTasks are the rankings made in one pass: the scopes, then the direction pair in the same scopes. finish
// reads them back by this order.
func rankTasks() []task {
	var tasks []task
	for s := All; s < Scopes; s++ {
		tasks = append(tasks, task{s.need(), Bins})
	}
	for s := All; s < Scopes; s++ {
		tasks = append(tasks, task{s.need() | bothJudged, int(SamePathOtherDirection) + 1})
	}
	return tasks
}

// rankSums gathers one task over the anchors of a shard.
//
// The influences come from the weighted definition. With weight w_i on item i (that of its group),
//
//	S = Σ_a w_a s_a / Σ_a w_a,    s_a = mean over filled bin pairs of P(p, q),
//	P(p, q) = Σ_{x∈p, y∈q} w_x w_y [x above y] / Σ_{x∈p, y∈q} w_x w_y
//
// A group weighs in twice. As anchors: at w = 1, ∂S/∂w_a = (s_a − S)/N for N anchors, which result() makes of the
// sums. As candidates: ∂P/∂w_x for x of bin p is (share of q below x − P)/n_p, and 1/count of that goes into s_a
// (credit). Tests hold both to finite differences of these formulas.
//
// Invariant: the influences of all groups add up to 0, since twice the weight on everything changes no mean.
type rankSums struct {
	task
	macro, half, micro, pairsMacro float64
	right, pairs                   int
	anchors, binPairs              int
	matrix                         [Bins][Bins]float64
	filled                         [Bins][Bins]int // anchors with both bins
	influence                      []float64       // [G] sums, not yet centred
	tieInfluence                   []float64       // [G] the same of what ties add: HalfMacro − Macro
	anchorsOf                      []float64       // [G] anchors counted in each group

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

// newRankSums makes empty sums for G groups, M cells and the sets of a layout.
func newRankSums(t task, groups, cells, sets int) *rankSums {
	return &rankSums{
		task: t, influence: make([]float64, groups), tieInfluence: make([]float64, groups),
		anchorsOf: make([]float64, groups), credit: make([]float64, cells), tieCredit: make([]float64, cells),
		rest: make([][]float64, sets), tieRest: make([][]float64, sets), open: openCredit{set: -1},
	}
}

// add scores one anchor by the pairs that its outcome counted among the candidates of a set.
func (s *rankSums) add(o *outcome, x *seen, set, group int32) {
	var score, ties, count float64
	var right, pairs int
	var probability, tied [Bins][Bins]float64
	for p := range Bins {
		for q := p + 1; q < Bins; q++ {
			all := o.n[p] * o.n[q]
			if all == 0 {
				continue
			}
			probability[p][q] = o.right[p][q] / all
			score += probability[p][q]
			tied[p][q] = .5 * o.tied[p][q] / all
			ties += tied[p][q]
			count++
			right, pairs = right+int(o.right[p][q]), pairs+int(all)
			s.matrix[p][q] += probability[p][q]
			s.filled[p][q]++
		}
	}
	if count == 0 {
		return
	}
	s.micro += score
	s.macro += score / count
	s.half += (score + ties) / count
	s.pairsMacro += float64(right) / float64(pairs)
	s.right, s.pairs = s.right+right, s.pairs+pairs
	s.anchors++
	s.binPairs += int(count)
	s.anchorsOf[group]++
	s.influence[group] += score / count
	if o.n[last] > 0 && s.open.set != set {
		s.close(x)
		s.begin(x, set)
	}
	s.giveCredit(o, worthOf(o, &probability, count))
	if ties > 0 { // vectors without ties need not pay
		s.tieInfluence[group] += ties / count
		s.giveTieCredit(o, worthOf(o, &tied, count))
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
func worthOf(o *outcome, probability *[Bins][Bins]float64, count float64) *worth {
	var w worth
	for p := range Bins {
		for q := p + 1; q < Bins; q++ {
			w.expected[p] += probability[p][q]
			w.expected[q] += probability[p][q]
		}
		w.each[p] = o.part[p] / count
	}
	return &w
}

// of is what a candidate of bin p with this share is credited with: what the score gains per unit of weight on it.
func (w *worth) of(p Relation, share float64) float64 {
	return (share - w.expected[p%lanes]) * w.each[p%lanes]
}

// giveCredit credits the listed candidates one by one, and those of the last bin by run. What is given by run is given
// to all of the set, so the listed ones are spared it.
func (s *rankSums) giveCredit(o *outcome, w *worth) {
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
func (s *rankSums) giveTieCredit(o *outcome, w *worth) {
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
func (s *rankSums) begin(x *seen, set int32) {
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
func (s *rankSums) close(x *seen) {
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
func (s *rankSums) spare(cell, group int32, before, tieBefore float64) {
	s.influence[group] -= s.credit[cell] - before
	s.tieInfluence[group] -= s.tieCredit[cell] - tieBefore
}

// settle hands the vectors' credit on to their cells, and the cells' to the groups of their items.
func (s *rankSums) settle(l *layout) {
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

// merge adds the sums of the next shard. Shards are merged in order, since floating-point sums depend on it.
func (s *rankSums) merge(o *rankSums) {
	s.macro, s.half, s.micro, s.pairsMacro = s.macro+o.macro, s.half+o.half, s.micro+o.micro, s.pairsMacro+o.pairsMacro
	s.right, s.pairs, s.anchors, s.binPairs = s.right+o.right, s.pairs+o.pairs, s.anchors+o.anchors, s.binPairs+o.binPairs
	for p := range Bins {
		for q := range Bins {
			s.matrix[p][q] += o.matrix[p][q]
			s.filled[p][q] += o.filled[p][q]
		}
	}
	addTo(s.influence, o.influence, 1)
	addTo(s.credit, o.credit, 1)
	addTo(s.tieCredit, o.tieCredit, 1)
	addTo(s.tieInfluence, o.tieInfluence, 1)
	addTo(s.anchorsOf, o.anchorsOf, 1)
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

// result turns sums into means; without anchors everything is NaN (0/0). Influences are centred here, where the
// mean is known.
func (s *rankSums) result() Ranking {
	n := float64(s.anchors)
	r := Ranking{
		Macro: s.macro / n, HalfMacro: s.half / n, Micro: s.micro / float64(s.binPairs),
		PairsMacro: s.pairsMacro / n, PairsMicro: float64(s.right) / float64(s.pairs),
		Anchors: s.anchors, BinPairs: s.binPairs, Pairs: s.pairs, MatrixAnchors: s.filled,
	}
	for p := range Bins {
		for q := range Bins {
			r.Matrix[p][q] = math.NaN()
			if s.filled[p][q] > 0 {
				r.Matrix[p][q] = s.matrix[p][q] / float64(s.filled[p][q])
			}
		}
	}
	r.Influence, r.HalfInfluence = make([]float64, len(s.influence)), make([]float64, len(s.influence))
	if s.anchors == 0 {
		return r
	}
	for g := range r.Influence {
		r.Influence[g] = (s.influence[g] - r.Macro*s.anchorsOf[g]) / n
		r.HalfInfluence[g] = (s.influence[g] + s.tieInfluence[g] - r.HalfMacro*s.anchorsOf[g]) / n
	}
	return r
}
