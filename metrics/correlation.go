package metrics

import (
	"math"
	"slices"
)

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

// add counts one ordered pair.
func (m *moments) add(c, y float64) {
	m[0]++
	m[1] += c
	m[2] += y
	m[3] += c * c
	m[4] += y * y
	m[5] += c * y
}

func (m *moments) merge(o *moments) {
	for k := range m {
		m[k] += o[k]
	}
}

// corrSums gathers the pairs of one scope; cosines are taken about centre. In a collapsed space all cosines are
// near one, and c² − mean² of such numbers would lose the digits that the correlation lives on.
//
// Invariant: every pair of the scope is counted twice, once from each end.
type corrSums struct {
	need      Relation
	centre    float64
	perGroup  []moments  // [G] rows of the group as first of the pair
	low, high [2]float64 // range of cosines and of affinities: a constant side has no correlation
	keys      []uint64   // pairs i < j for Spearman: cosine above, affinity in the low bits
	wantRanks bool
}

// newCorrSums makes empty sums over so many groups; ranks are gathered only where Spearman is asked for.
func newCorrSums(scope Scope, groups int, centre float64, ranks bool) *corrSums {
	inf := math.Inf(1)
	return &corrSums{
		need: scope.need(), centre: centre, perGroup: make([]moments, groups), wantRanks: ranks,
		low: [2]float64{inf, inf}, high: [2]float64{-inf, -inf},
	}
}

// add takes all pairs of anchor a. Cosines, affinity and rel are [N], of a with every item.
func (s *corrSums) add(a int, group int32, cosines, affinity []float64, rel []Relation) {
	var m moments
	for x, r := range rel {
		if !r.admits(s.need) {
			continue
		}
		c, y := cosines[x], affinity[x]
		m.add(c-s.centre, y)
		s.low[0], s.high[0] = min(s.low[0], c), max(s.high[0], c)
		s.low[1], s.high[1] = min(s.low[1], y), max(s.high[1], y)
		if s.wantRanks && x > a {
			s.keys = append(s.keys, rankKey(c, y))
		}
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
	s.keys = append(s.keys, o.keys...)
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
	if s.wantRanks {
		out.Spearman = spearman(s.keys)
	}
	return out
}

// keyScale
const (
	keyScale      = 1 << 58
	affinityBits  = 3
	affinityCodes = 1 << affinityBits
)

// rankKey packs a pair; affinities are multiples of affinityStep below 4. The addend makes every cosine positive,
// also one that rounding has put a little below −1, so that keys order as numbers do.
func rankKey(cosine, affinity float64) uint64 {
	return uint64(int64(cosine*keyScale)+2*keyScale)<<affinityBits | uint64(affinity/affinityStep)
}

// spearman is Pearson's correlation of the average ranks of both sides: items that tie share the mean of the
// ranks they take up. Of four pairs
//
//	cosine     .1  .3  .3  .8        affinity   1   1   1   2
//	rank        1  2½  2½   4        rank       2   2   2   4
//
// Sorted by key, a run lo … hi−1 of one cosine takes the ranks lo+1 … hi, whose mean is (lo + hi + 1)/2.
// Affinities have eight codes at most, so their ranks come from counting (affinityRanks). Both means are (n +
// 1)/2 whatever ties there are, so no pass for the means is needed.
//
// 40 million pairs are 320 MB of keys; sorting two arrays of floats with places would take three times as much.
func spearman(keys []uint64) float64 {
	slices.Sort(keys)
	rankY := affinityRanks(keys)
	middle := float64(len(keys)+1) / 2
	var cc, yy, cy float64
	for lo, hi := 0, 0; lo < len(keys); lo = hi {
		for hi = lo; hi < len(keys) && keys[hi]>>affinityBits == keys[lo]>>affinityBits; hi++ {
		}
		c := float64(lo+hi+1)/2 - middle
		for at := lo; at < hi; at++ {
			y := rankY[keys[at]%affinityCodes] - middle
			cc, yy, cy = cc+c*c, yy+y*y, cy+c*y
		}
	}
	return cy / math.Sqrt(cc*yy)
}

// affinityRanks gives the average rank, from 1, of each affinity: n items of one code that follow `before` others
// take the ranks before+1 … before+n.
func affinityRanks(keys []uint64) (rank [affinityCodes]float64) {
	var count [affinityCodes]int
	for _, key := range keys {
		count[key%affinityCodes]++
	}
	before := 0
	for code, n := range count {
		rank[code] = float64(before) + float64(n+1)/2
		before += n
	}
	return rank
}
