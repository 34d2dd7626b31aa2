package kmeans

import (
	"context"
	"math"
	"slices"
)

// lloyd alternates between assigning rows and moving centres until no row changes its centre, a pass gains too
// little, or the passes are used up.
//
// A row is scored anew only where it could have changed: centres that have moved by δ are at most δ nearer, so a
// row whose own centre is still nearer than the bound on all others stays (Hamerly 2010). The labels are those of
// scoring every row.
//
//	last pass   own centre at .30, every other at .50 or more (other[i])
//	then        the own centre moves, and no other by more than .05
//	now         own measured anew: .38; others are at .45 at least: the row stays, for one product instead of K
//
// When that fails, the row is scored against all centres and its bound is exact again.
func lloyd(ctx context.Context, p Points, centres []float64, o Options) (*Result, error) {
	r := &Result{Label: make([]int32, p.N), Score: make([]float64, p.N), Cost: math.Inf(1)}
	square := p.squares()
	other := make([]float64, p.N) // 0 bounds nothing: the first pass scores every row
	before := make([]int32, p.N)
	var scored []float64 // the centres of the last pass
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		copy(before, r.Label)
		s := newScorer(p, square, centres)
		if scored == nil {
			s.all(r.Label, r.Score, other)
		} else {
			far := drifts(scored, centres, p.D)
			s.pass(r.Label, r.Score, other, func(i int) bool { return s.stays(i, r.Label, r.Score, other, far) })
		}
		scored = slices.Clone(centres)
		moved := s.fillEmpty(r.Label, r.Score, other)
		previous := r.Cost
		r.Centres, r.Cost = centres, total(r.Score)
		r.Passes++
		settled := slices.Equal(before, r.Label) || previous-r.Cost < o.Tolerance*previous
		if r.Passes > 1 && settled && !moved || r.Passes >= o.MaxPasses {
			return r, nil
		}
		centres = update(p, r.Label, centres, o.Spherical)
	}
}

// drift is how far the centres moved between two passes.
type drift struct {
	most, next float64 // the furthest and the second furthest
	which      int32   // whose is the furthest
}

// drifts says how far centres moved. Two numbers are enough: a row of the centre that moved most is bounded by
// the second furthest, every other row by the furthest.
func drifts(from, to []float64, d int) drift {
	out := drift{which: -1}
	gap := make([]float64, d)
	for c := range len(to) / d {
		for j := range gap {
			gap[j] = to[c*d+j] - from[c*d+j]
		}
		switch x := length(gap); {
		case x > out.most:
			out = drift{x, out.most, int32(c)}
		case x > out.next:
			out.next = x
		}
	}
	return out
}

// rounding is far above the error of a distance in float64 and far below any that matters.
const rounding = 1e-9

// stays lowers the row's bound on other centres by what they moved, and says whether its own is nearer still. It
// may say no where the row would have stayed, at the price of a scoring; never yes where it would have moved.
func (s *scorer) stays(i int, label []int32, score, other []float64, far drift) bool {
	step := far.most
	if label[i] == far.which {
		step = far.next
	}
	other[i] -= step + rounding
	own := s.exact(i, int(label[i]))
	if s.distance(i, own)+rounding >= other[i] {
		return false
	}
	score[i] = own
	return true
}

// fillEmpty gives each centre that has no row the row with the lowest score among centres of several rows, and
// says whether there was any. The row's score becomes that of a centre that stands upon it: 1 − ½ = .5. A centre
// without rows has no mean, and K centres were asked for.
func (s *scorer) fillEmpty(label []int32, score, other []float64) bool {
	count := make([]int, s.k)
	for _, c := range label {
		count[c]++
	}
	any := false
	for c := range count {
		if count[c] > 0 {
			continue
		}
		// Of all rows that can be spared the one that its own centre serves worst.
		worst := -1
		for i := range label {
			if count[label[i]] > 1 && (worst < 0 || score[i] < score[worst]) {
				worst = i
			}
		}
		count[label[worst]]--
		count[c]++
		label[worst], score[worst], other[worst] = int32(c), .5, 0
		for j, x := range s.p.Row(worst) {
			s.centres[c*s.p.D+j] = float64(x)
		}
		any = true
	}
	return any
}

// update returns the centres of the groups: each the mean of its rows, summed in row order, made a unit vector
// where spherical. A group without rows, or one whose rows cancel, keeps its old centre.
//
// Why the unit vector of the mean: of all unit vectors c it has the largest Σ x·c, and with |x| = |c| = 1 the
// cost is Σ (2 − 2·x·c). Without the constraint Σ |x−c|² is least at the mean itself.
func update(p Points, label []int32, old []float64, spherical bool) []float64 {
	k := len(old) / p.D
	first, order := byGroup(label, k)
	out := slices.Clone(old)
	share(k, func() func(int) {
		return func(c int) {
			members := order[first[c]:first[c+1]]
			mean(p, members, out[c*p.D:(c+1)*p.D], spherical)
		}
	})
	return out
}

// byGroup sorts the rows by group, keeping their order: group c is order[first[c]:first[c+1]].
func byGroup(label []int32, k int) (first, order []int) {
	first = make([]int, k+1)
	for _, c := range label {
		first[c+1]++
	}
	for c := range k {
		first[c+1] += first[c]
	}
	next := slices.Clone(first)
	order = make([]int, len(label))
	for i, c := range label {
		order[next[c]] = i
		next[c]++
	}
	return first, order
}

// mean writes the centre of the members into out, or leaves out alone where there is none.
func mean(p Points, members []int, out []float64, spherical bool) {
	sum := make([]float64, p.D)
	for _, i := range members {
		for j, x := range p.Row(i) {
			sum[j] += float64(x)
		}
	}
	divisor := float64(len(members))
	if spherical {
		divisor = length(sum)
	}
	if divisor <= 1e-9*float64(len(members)) { // opposite rows have no direction in common
		return
	}
	for j := range sum {
		out[j] = sum[j] / divisor
	}
}

// length is the Euclidean norm.
func length(v []float64) float64 {
	square := 0.0
	for _, x := range v {
		square += x * x
	}
	return math.Sqrt(square)
}
