package kmeans

import (
	"context"
	"math"
	"slices"
)

// lloyd alternates between assigning rows and moving centres until no row changes its centre, a pass gains
// too little, or the passes are used up.
func lloyd(ctx context.Context, p Points, centres []float64, o Options) (*Result, error) {
	r := &Result{Label: make([]int32, p.N), Score: make([]float64, p.N), Cost: math.Inf(1)}
	before := make([]int32, p.N)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		copy(before, r.Label)
		s := newScorer(p, centres)
		s.all(r.Label, r.Score)
		moved := s.fillEmpty(r.Label, r.Score)
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

// fillEmpty gives each centre that has no row the row with the lowest score among centres of several rows,
// and says whether there was any. The row's score becomes that of a centre that stands upon it.
func (s *scorer) fillEmpty(label []int32, score []float64) bool {
	count := make([]int, s.k)
	for _, c := range label {
		count[c]++
	}
	any := false
	for c := range count {
		if count[c] > 0 {
			continue
		}
		worst := -1
		for i := range label {
			if count[label[i]] > 1 && (worst < 0 || score[i] < score[worst]) {
				worst = i
			}
		}
		count[label[worst]]--
		count[c]++
		label[worst], score[worst] = int32(c), .5
		for j, x := range s.p.Row(worst) {
			s.centres[c*s.p.D+j] = float64(x)
		}
		any = true
	}
	return any
}

// update returns the centres of the groups: each the mean of its rows, summed in row order, made a unit
// vector where spherical. A group without rows, or one whose rows cancel, keeps its old centre.
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

func length(v []float64) float64 {
	square := 0.0
	for _, x := range v {
		square += x * x
	}
	return math.Sqrt(square)
}
