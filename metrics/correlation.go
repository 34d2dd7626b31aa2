package metrics

import "math"

// Correlation relates cosines to affinities over the pairs i < j of a scope. Undefined numbers are NaN.
type Correlation struct {
	Pearson  float64
	Spearman float64 // average ranks; NaN also when it was not asked for
	Pairs    int
	Labelled bool // the pairs' labels differ, so that vectors can define the figure

	// Influence[g] is the derivative of Pearson by the weight of group g on both sides of its pairs.
	Influence []float64 // [G]
}

// constantRange is the spread below which a side counts as constant: well above the rounding of one
// inner product, well below anything a model means.
const constantRange = 1e-12

// moments are sums over ordered pairs: count, c, y, c², y², cy, for cosine c (less a centre) and affinity y.
// Everything about Pearson's correlation follows from these six, for all pairs and for those of one group alike.
type moments [6]float64

// add counts the candidates of one class, all of affinity y.
func (m *moments) add(s *classSum, y float64) {
	m[0] += s.n
	m[1] += s.c
	m[2] += s.n * y
	m[3] += s.cc
	m[4] += s.n * y * y
	m[5] += s.c * y
}

func (m *moments) merge(o *moments) {
	for k := range m {
		m[k] += o[k]
	}
}

// corrSums gathers the pairs of one scope; cosines are taken about a centre. In a collapsed space all cosines are
// near one, and c² − mean² of such numbers would lose the digits that the correlation lives on.
//
// Invariant: every pair of the scope is counted twice, once from each end.
type corrSums struct {
	need      Relation
	perGroup  []moments  // [G] rows of the group as first of the pair
	low, high [2]float64 // range of cosines and of affinities: a constant side has no correlation
}

// newCorrSums makes empty sums over so many groups.
func newCorrSums(scope Scope, groups int) *corrSums {
	inf := math.Inf(1)
	return &corrSums{
		need: scope.need(), perGroup: make([]moments, groups),
		low: [2]float64{inf, inf}, high: [2]float64{-inf, -inf},
	}
}

// add takes all pairs of an anchor, class by class; affinity and rel are [C].
func (s *corrSums) add(group int32, x *seen, affinity []float64, rel []Relation) {
	var m moments
	for _, c := range x.classes {
		if !rel[c].admits(s.need) {
			continue
		}
		y, of := affinity[c], &x.sums[c]
		m.add(of, y)
		s.low[0], s.high[0] = min(s.low[0], of.low), max(s.high[0], of.high)
		s.low[1], s.high[1] = min(s.low[1], y), max(s.high[1], y)
	}
	s.perGroup[group].merge(&m)
}

func (s *corrSums) merge(o *corrSums) {
	for g := range s.perGroup {
		s.perGroup[g].merge(&o.perGroup[g])
	}
	for side := range 2 {
		s.low[side] = min(s.low[side], o.low[side])
		s.high[side] = max(s.high[side], o.high[side])
	}
}

// result computes Pearson's r from the sums and its influence from the standardised products u·v − r·(u² + v²)/2,
// each ordered pair belonging to the group of its first item; a pair has two items, hence the factor 2.
//
// Where that comes from. With weights ω on the pairs, r = C/√(A·B) for the weighted covariance C and the
// variances A and B. One unit of weight more on a pair with standardised values u = (c − mean)/sd and v changes C
// by uv − C, A by u² − A, B by v² − B, in units where A = B = 1 and C = r, all divided by the number of pairs n.
// So
//
//	∂r/∂ω = [uv − r − r(u² − 1)/2 − r(v² − 1)/2]/n = [uv − r(u² + v²)/2]/n
//
// A pair weighs w_i·w_j, so a group weighs on a pair from each of its two ends. Three pairs with u = v, a perfect
// correlation, have influence 0 each: no weighting changes r = 1.
//
// Invariant: the influences of all groups add up to 0, since Σuv = n·r and Σu² = Σv² = n.
func (s *corrSums) result() Correlation {
	var m moments
	for g := range s.perGroup {
		m.merge(&s.perGroup[g])
	}
	n := m[0]
	out := Correlation{Pearson: math.NaN(), Spearman: math.NaN(), Pairs: int(n) / 2, Influence: make([]float64,
		len(s.perGroup))}
	out.Labelled = n > 0 && s.high[1]-s.low[1] > constantRange
	if n == 0 || s.high[0]-s.low[0] <= constantRange || s.high[1]-s.low[1] <= constantRange {
		return out
	}
	meanC, meanY := m[1]/n, m[2]/n // meanC is about the centre; the centre cancels below
	sdC, sdY := math.Sqrt(m[3]/n-meanC*meanC), math.Sqrt(m[4]/n-meanY*meanY)
	out.Pearson = (m[5]/n - meanC*meanY) / (sdC * sdY)
	for g := range s.perGroup {
		h := &s.perGroup[g]
		uv := (h[5] - meanC*h[2] - meanY*h[1] + h[0]*meanC*meanY) / (sdC * sdY)
		uu := (h[3] - 2*meanC*h[1] + h[0]*meanC*meanC) / (sdC * sdC)
		vv := (h[4] - 2*meanY*h[2] + h[0]*meanY*meanY) / (sdY * sdY)
		out.Influence[g] = 2 * (uv - out.Pearson*(uu+vv)/2) / n
	}
	return out
}
