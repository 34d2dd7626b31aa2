package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// randomLine has runs of one to four cells, some of several items, of twelve classes.
func randomLine(r *rand.Rand, places int) *line {
	x := &line{sums: make([]classSum, 12)}
	for at := range places {
		if at > 0 && r.IntN(2) == 0 {
			x.ends = append(x.ends, int32(at))
		}
		class, weight := r.Int32N(12), float64(1+r.IntN(3))
		x.cell, x.class, x.weight = append(x.cell, int32(at)), append(x.class, class), append(x.weight, weight)
		x.run = append(x.run, int32(len(x.ends)))
		if x.sums[class].n == 0 {
			x.classes = append(x.classes, class)
		}
		x.sums[class].n += weight
	}
	x.ends = append(x.ends, int32(places))
	return x
}

// naiveOutcome compares every two places of the line. It gives right and tied, and the shares of each place.
func naiveOutcome(x *line, bin func(class int32) int, n [Bins]float64) (right, tied [Bins][Bins]float64,
	share, tieShare []float64) {
	share, tieShare = make([]float64, len(x.cell)), make([]float64, len(x.cell))
	for i := range x.cell {
		for j := range x.cell {
			p, q := bin(x.class[i]), bin(x.class[j])
			if p < 0 || q < 0 || p == q {
				continue
			}
			near, above := min(p, q) == p, x.run[i] > x.run[j]
			switch {
			case x.run[i] == x.run[j]:
				tieShare[i] += .5 * x.weight[j] / n[q]
				if near {
					tied[p][q] += x.weight[i] * x.weight[j]
				}
			case near == above: // i is where it belongs: nearer and above, or farther and below
				share[i] += x.weight[j] / n[q]
				if near {
					right[p][q] += x.weight[i] * x.weight[j]
				}
			}
		}
	}
	return right, tied, share, tieShare
}

// Walking along the line is comparing every two of its candidates: counts to the bit, shares to rounding. That the
// comparison can fail is shown by a bin that is another.
func TestWalkEqualsComparingEveryTwo(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 1))
	for trial := range 40 {
		x := randomLine(r, 1+r.IntN(60))
		rel := make([]Relation, 12)
		for c := range rel {
			rel[c] = Relation(r.IntN(Bins))
			if r.IntN(4) > 0 {
				rel[c] |= sameTheory
			}
		}
		for _, k := range []task{{0, Bins}, {sameTheory, Bins}, {sameTheory, 2}} {
			bin := func(class int32) int {
				if b := rel[class]; b.admits(k.need) && b.Bin() < k.bins {
					return b.Bin()
				}
				return -1
			}
			var o outcome
			o.choose(k, x, rel)
			o.walk(x)
			if !sameOutcome(&o, x, bin) {
				t.Errorf("trial %d, task %v: counts or shares differ from the nested loops", trial, k)
			}
			first := x.class[0]
			wrong := func(class int32) int {
				if class == first {
					return (bin(class)+2)%(Bins+1) - 1
				}
				return bin(class)
			}
			if !o.empty() && sameOutcome(&o, x, wrong) {
				t.Errorf("trial %d, task %v: a candidate of another bin was not noticed", trial, k)
			}
		}
	}
}

// sameOutcome holds an outcome to the nested loops.
func sameOutcome(o *outcome, x *line, bin func(class int32) int) bool {
	var n [Bins]float64
	taking := 0
	for at, class := range x.class {
		if b := bin(class); b >= 0 {
			n[b] += x.weight[at]
			taking++
		}
	}
	right, tied, share, tieShare := naiveOutcome(x, bin, n)
	if o.n != n || len(o.listed) != taking {
		return false
	}
	for p := range Bins {
		for q := p + 1; q < Bins; q++ {
			if o.right[p][q] != right[p][q] || o.tied[p][q] != tied[p][q] {
				return false
			}
		}
	}
	for i, c := range o.listed {
		at := c >> binBits
		if math.Abs(o.share[i]-share[at]) > 1e-13 || math.Abs(o.tieShare[i]-tieShare[at]) > 1e-13 {
			return false
		}
	}
	return true
}
