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
}

// newRankSums makes empty sums for G groups.
func newRankSums(t task, groups int) *rankSums {
	return &rankSums{task: t, influence: make([]float64, groups), tieInfluence: make([]float64, groups),
		anchorsOf: make([]float64, groups)}
}

// add takes one anchor's score; its candidates' part in it is credited apart (credits).
func (s *rankSums) add(o *outcome, group int32) {
	for p := range Bins {
		for q := p + 1; q < Bins; q++ {
			if o.n[p]*o.n[q] > 0 {
				s.matrix[p][q] += o.probability[p][q]
				s.filled[p][q]++
			}
		}
	}
	s.micro += o.score
	s.macro += o.score / o.count
	s.half += (o.score + o.ties) / o.count
	s.pairsMacro += float64(o.rightPairs) / float64(o.pairs)
	s.right, s.pairs = s.right+o.rightPairs, s.pairs+o.pairs
	s.anchors++
	s.binPairs += int(o.count)
	s.anchorsOf[group]++
	s.influence[group] += o.score / o.count
	s.tieInfluence[group] += o.ties / o.count
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
