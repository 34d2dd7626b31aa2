package metrics

import (
	"math"
	"slices"
)

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

	// The same by place, of the anchors that share a line. They are written in order; cells are strewn about.
	onLine, tiesOnLine     []float64
	credited, tiesCredited bool
}

// newRankSums makes empty sums for G groups and M cells.
func newRankSums(t task, groups, cells int) *rankSums {
	return &rankSums{
		task: t, influence: make([]float64, groups), tieInfluence: make([]float64, groups),
		anchorsOf: make([]float64, groups), credit: make([]float64, cells), tieCredit: make([]float64, cells),
	}
}

// add scores one anchor by the pairs that its outcome counted.
func (s *rankSums) add(o *outcome, x *line, group int32) {
	s.open(len(x.cell))
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
	o.giveCredit(s.onLine, o.share, &probability, count)
	if ties > 0 { // vectors without ties need not pay
		s.tieInfluence[group] += ties / count
		o.giveCredit(s.tiesOnLine, o.tieShare, &tied, count)
		s.tiesCredited = true
	}
}

// open makes room for the credit of so many places. What was used before is empty.
func (s *rankSums) open(places int) {
	if !s.credited {
		s.onLine = slices.Grow(s.onLine[:0], places)[:places]
		s.tiesOnLine = slices.Grow(s.tiesOnLine[:0], places)[:places]
		s.credited = true
	}
}

// close hands the places' credit on to their cells.
func (s *rankSums) close(x *line) {
	if s.credited {
		handOn(s.onLine, x.cell, s.credit)
	}
	if s.tiesCredited {
		handOn(s.tiesOnLine, x.cell, s.tieCredit)
	}
	s.credited, s.tiesCredited = false, false
}

func handOn(places []float64, cell []int32, credit []float64) {
	for at, c := range cell {
		credit[c] += places[at]
	}
	clear(places)
}

// spare takes back what the anchors of one text have credited to items that they leave out: a credit goes to all of
// a cell. before is the cell's credit from before those anchors.
func (s *rankSums) spare(cell, group int32, before, tieBefore float64) {
	s.influence[group] -= s.credit[cell] - before
	s.tieInfluence[group] -= s.tieCredit[cell] - tieBefore
}

// settle hands the cells' credit on to the groups of their items.
func (s *rankSums) settle(l *layout) {
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
