package metrics

import "math"

// Agreement depths, closest first, for mean distances.
const (
	depthPath  = iota // whole path equal
	depthTwo          // levels 1–2 equal, level 3 unlike
	depthOne          // level 1 equal, level 2 unlike
	depthNone         // level 1 unlike
	depthCount        // their number
)

// Distances are mean cosine distances 1 − cos over pairs, by depth of agreement; NaN without pairs. A space that
// follows the tree has them ascending from path to none; ByDir[0] shows whether it also parts the two directions
// of one value.
type Distances struct {
	Mean  [4]float64    // [depth]: path, levels 1–2, level 1, none
	ByDir [4][2]float64 // [depth][0 same direction, 1 other]
	Pairs [4][2]int     // pairs i < j behind ByDir
}

// distanceSums adds up cosines by depth of agreement. The two nearest bins, same path with either direction, are
// one depth here; the direction is the second index.
type distanceSums struct {
	need  Relation
	sum   [depthCount][2]float64 // of cosines over ordered pairs
	count [depthCount][2]int
}

// add takes all pairs of one anchor, class by class: rows of one class agree with the anchor to the same depth. Bins 0
// and 1 are the one depth "path".
func (s *distanceSums) add(x *seen, centre float64, rel []Relation) {
	for _, c := range x.classes {
		r := rel[c]
		if !r.admits(s.need) {
			continue
		}
		depth, other := max(r.Bin()-1, 0), 1
		if r&sameDirection != 0 {
			other = 0
		}
		s.sum[depth][other] += x.sums[c].c + x.sums[c].n*centre
		s.count[depth][other] += int(x.sums[c].n)
	}
}

// merge adds the next shard's sums; counts are whole numbers, sums are added in the shards' order.
func (s *distanceSums) merge(o *distanceSums) {
	for d := range depthCount {
		for k := range 2 {
			s.sum[d][k] += o.sum[d][k]
			s.count[d][k] += o.count[d][k]
		}
	}
}

// result turns sums of cosines into mean distances. Ordered pairs were counted, so pairs are half as many. The mean of
// a depth is over its pairs of both directions, so it lies nearer to the one of which there are more.
func (s *distanceSums) result() Distances {
	var out Distances
	mean := func(sum float64, n int) float64 {
		if n == 0 {
			return math.NaN()
		}
		return 1 - sum/float64(n)
	}
	for d := range depthCount {
		out.Mean[d] = mean(s.sum[d][0]+s.sum[d][1], s.count[d][0]+s.count[d][1])
		for k := range 2 {
			out.ByDir[d][k] = mean(s.sum[d][k], s.count[d][k])
			out.Pairs[d][k] = s.count[d][k] / 2
		}
	}
	return out
}
