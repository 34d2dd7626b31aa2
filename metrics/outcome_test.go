package metrics

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomSeen has runs of one to four cells, some of several items, of twelve classes. Each cell is a vector of its own.
// Set 0 admits all classes, set 1 those that are given.
func randomSeen(r *rand.Rand, cells int, admitted []bool) *seen {
	l := &layout{
		begin: make([]int32, 13), admitted: [][]bool{make([]bool, 12), admitted}, ofVector: make([][]int32, cells),
	}
	x := &seen{l: l, order: &order{}, sums: make([]classSum, 12), stock: make([][]float64, 2), below: make([][]float64, 2),
		known: make([]bool, 2)}
	run := int32(0)
	runs, place := make([]int32, cells), r.Perm(cells)
	for cell := range runs {
		if cell > 0 && r.IntN(2) == 0 {
			run++
		}
		runs[place[cell]] = run
	}
	class := int32(0)
	for cell, run := range runs {
		for class < 11 && r.IntN(cells/12+1) == 0 {
			class++
		}
		weight := float64(1 + r.IntN(3))
		l.vector, l.class = append(l.vector, int32(cell)), append(l.class, class)
		for c := class; c < 12; c++ {
			l.begin[c+1] = int32(cell + 1)
		}
		l.admitted[0][class] = true
		x.count = append(x.count, weight)
		x.order.run = append(x.order.run, run)
		x.order.sorted = append(x.order.sorted, placed{vector: int32(cell), run: run})
		x.sums[class].n += weight
	}
	slices.SortFunc(x.order.sorted, func(a, b placed) int { return cmp.Compare(a.run, b.run) })
	x.order.runs = int(run) + 1
	return x
}

// naiveOutcome compares every two places of the line. It gives right and tied, and the shares of each place.
func naiveOutcome(x *seen, bin func(class int32) int, n [Bins]float64) (right, tied [Bins][Bins]float64,
	share, tieShare []float64) {
	share, tieShare = make([]float64, len(x.count)), make([]float64, len(x.count))
	for i := range x.count {
		for j := range x.count {
			p, q := bin(x.l.class[i]), bin(x.l.class[j])
			if p < 0 || q < 0 || p == q {
				continue
			}
			near, above := min(p, q) == p, x.order.run[i] > x.order.run[j]
			switch {
			case x.order.run[i] == x.order.run[j]:
				tieShare[i] += .5 * x.count[j] / n[q]
				if near {
					tied[p][q] += x.count[i] * x.count[j]
				}
			case near == above: // i is where it belongs: nearer and above, or farther and below
				share[i] += x.count[j] / n[q]
				if near {
					right[p][q] += x.count[i] * x.count[j]
				}
			}
		}
	}
	return right, tied, share, tieShare
}

// Walking past the nearer candidates is comparing every two of all: counts to the bit, shares and credits to rounding.
// That the comparison can fail is shown by a bin that is another.
func TestWalkEqualsComparingEveryTwo(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 1))
	for trial := range 60 {
		rel, admitted := make([]Relation, 12), make([]bool, 12)
		var near []int32
		for c := range rel {
			rel[c] = Relation(r.IntN(Bins))
			if r.IntN(2) == 0 {
				rel[c] = last // as most are
			}
			if rel[c] < last {
				near = append(near, int32(c))
			}
			if r.IntN(4) > 0 {
				rel[c] |= sameTheory
				admitted[c] = true
			}
		}
		x := randomSeen(r, 1+r.IntN(60), admitted)
		for _, k := range []struct {
			task
			set int32
		}{{task{0, Bins}, 0}, {task{sameTheory, Bins}, 1}, {task{sameTheory, 2}, 1}} {
			bin := func(class int32) int {
				if b := rel[class]; b.admits(k.need) && b.Bin() < k.bins {
					return b.Bin()
				}
				return -1
			}
			var o outcome
			var lists [2][]candidate
			below := x.belowRuns(k.set)
			o.choose(k.task, near, rel, x.sums, k.set, below[x.order.runs])
			o.walk(x.ranked(near, &lists), below)
			if !sameOutcome(&o, x, bin) {
				t.Errorf("trial %d, task %v: counts, shares or credits differ from the nested loops", trial, k.task)
			}
			first := x.l.class[0]
			wrong := func(class int32) int {
				if class == first {
					return (bin(class)+2)%(Bins+1) - 1
				}
				return bin(class)
			}
			if !o.empty() && sameOutcome(&o, x, wrong) {
				t.Errorf("trial %d, task %v: a candidate of another bin was not noticed", trial, k.task)
			}
		}
	}
}

// sameOutcome holds an outcome, and what comes of it, to the nested loops.
func sameOutcome(o *outcome, x *seen, bin func(class int32) int) bool {
	var n [Bins]float64
	nearer := 0
	for cell, class := range x.l.class {
		if b := bin(class); b >= 0 {
			n[b] += x.count[cell]
			if b < int(last) {
				nearer++
			}
		}
	}
	right, tied, share, tieShare := naiveOutcome(x, bin, n)
	if o.n != n || len(o.listed) != nearer {
		return false
	}
	for p := range Bins {
		for q := p + 1; q < Bins; q++ {
			if n[q] > 0 && (o.right[p][q] != right[p][q] || o.tied[p][q] != tied[p][q]) {
				return false
			}
		}
	}
	for i, c := range o.listed {
		if math.Abs(o.stands[i].share-share[c.cell]) > 1e-13 || math.Abs(o.stands[i].tieShare-tieShare[c.cell]) > 1e-13 {
			return false
		}
	}
	return o.empty() || sameCredit(o, x, bin, share, tieShare)
}

// sameCredit gives two anchors the same outcome. Each candidate's credit is twice the derivative of the score by its
// weight: its share, less the mean of its bin, by the bin's number and the number of filled bin pairs.
func sameCredit(o *outcome, x *seen, bin func(class int32) int, share, tieShare []float64) bool {
	s := newCredits(1, len(x.count), 2)
	o.weigh()
	s.give(o, x)
	s.give(o, x)
	s.close(x)
	s.settle(x.l)
	var mean, tieMean [Bins]float64
	filled, pairs := 0.0, 0.0
	for _, n := range o.n {
		if n > 0 {
			pairs += filled
			filled++
		}
	}
	for cell, class := range x.l.class {
		if b := bin(class); b >= 0 {
			mean[b] += x.count[cell] * share[cell] / o.n[b]
			tieMean[b] += x.count[cell] * tieShare[cell] / o.n[b]
		}
	}
	for cell, class := range x.l.class {
		var credit, tieCredit float64
		if b := bin(class); b >= 0 {
			credit = 2 * (share[cell] - mean[b]) / o.n[b] / pairs
			tieCredit = 2 * (tieShare[cell] - tieMean[b]) / o.n[b] / pairs
		}
		if math.Abs(s.credit[cell]-credit) > 1e-13 || math.Abs(s.tieCredit[cell]-tieCredit) > 1e-13 {
			return false
		}
	}
	return true
}
