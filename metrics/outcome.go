package metrics

import "slices"

// outcome is one anchor's ranking of its candidates: n[p] of bin p, right[p][q] pairs of theirs in which the nearer bin
// stands above, tied[p][q] those of one cosine. The counts are whole numbers in float64, exact up to 2⁵³, so the order
// of counting cannot change a score.
//
// share[i] sums, over the other bins, the part of that bin that the i-th listed candidate stands right to; tieShare[i]
// half of the part that it ties with. The example of Ranking, where n is 2 in bins 0 and 4:
//
//	run      below[4]  right  tied   share          why
//	y            0       0      0    y: 1           both of bin 0 are above it, where they belong
//	x z          1       1      1    x: ½  z: ½     y is below x; u is above z; x and z tie, ¼ each in tieShare
//	u            2       3      1    u: 1           y and z are below it
//
// Comparing every two candidates would cost N² an anchor; this costs N · Bins.
type outcome struct {
	bin         []int8 // [C] of each class; −1 takes no part
	n           [Bins]float64
	part        [Bins]float64 // 1/n, 0 of an empty bin
	right, tied [lanes][Bins]float64

	listed          []int32   // candidates in order of the line: place<<binBits | bin
	share, tieShare []float64 // of each
	level, passing  [lanes]float64
	move            [lanes][Bins]float64
}

// Bins stand in the low bits of what is listed. Tables that they point into have a place for each number that such bits
// can hold, so no look-up needs a check.
const (
	binBits = 3
	lanes   = 1 << binBits
)

// choose takes the candidates that a task admits, and counts them.
func (o *outcome) choose(t task, x *line, rel []Relation) {
	o.n = [Bins]float64{}
	if len(o.bin) < len(rel) {
		o.bin = make([]int8, len(rel))
	}
	for _, c := range x.classes {
		r := rel[c]
		o.bin[c] = -1
		if r.admits(t.need) && r.Bin() < t.bins {
			o.bin[c] = int8(r.Bin())
			o.n[r.Bin()] += x.sums[c].n
		}
	}
}

// empty tells whether there is no pair to rank.
func (o *outcome) empty() bool {
	filled := 0
	for _, n := range o.n {
		if n > 0 {
			filled++
		}
	}
	return filled < 2
}

// same tells whether two tasks have chosen the same candidates, in the same bins.
func (o *outcome) same(other *outcome, x *line) bool {
	if o.n != other.n {
		return false
	}
	for _, c := range x.classes {
		if o.bin[c] != other.bin[c] {
			return false
		}
	}
	return true
}

// begin lists the candidates, and sets the shares of one below all others: right to every nearer bin, and to no farther
// one.
func (o *outcome) begin(x *line) {
	o.right, o.tied, o.move = [lanes][Bins]float64{}, [lanes][Bins]float64{}, [lanes][Bins]float64{}
	o.level, o.part = [lanes]float64{}, [Bins]float64{}
	for p, n := range o.n {
		if n == 0 {
			continue
		}
		o.part[p] = 1 / n
		for q := range Bins {
			switch {
			case q < p:
				o.move[p][q] = 1 / n
			case q > p:
				o.move[p][q] = -1 / n
				o.level[q]++
			}
		}
	}
	o.list(x)
	o.share = slices.Grow(o.share[:0], len(o.listed))[:len(o.listed)]
	o.tieShare = slices.Grow(o.tieShare[:0], len(o.listed))[:len(o.listed)]
}

// list writes every place down, and then keeps it or writes over it: who takes part follows no pattern, and a wrong
// guess of a branch costs as much as ten places.
func (o *outcome) list(x *line) {
	list := slices.Grow(o.listed[:0], len(x.class))[:len(x.class)]
	n := 0
	for at, class := range x.class {
		b := int32(o.bin[class])
		list[n] = int32(at)<<binBits | b&(lanes-1)
		n += 1 + int(b>>31) // nothing of −1
	}
	o.listed = list[:n]
}

// walk goes through the candidates from the far end of the line, one run of equal cosines at a time. What was passed,
// and the share of a candidate of each bin at this point, stay in local variables, which is half of the time. Passing
// one of bin p raises the share of nearer bins by 1/n[p], and lowers that of farther ones.
func (o *outcome) walk(x *line) {
	o.begin(x)
	level := &o.level
	l0, l1, l2, l3, l4 := level[0], level[1], level[2], level[3], level[4]
	var b1, b2, b3, b4 float64 // passed of each bin; no pair asks for what is passed of bin 0
	for i := 0; i < len(o.listed); {
		at, p := o.listed[i]>>binBits, o.listed[i]&(lanes-1)
		level[0], level[1], level[2], level[3], level[4] = l0, l1, l2, l3, l4
		if i+1 == len(o.listed) || x.run[o.listed[i+1]>>binBits] != x.run[at] { // alone in its run
			w := x.weight[at]
			o.share[i], o.tieShare[i] = level[p], 0
			r, m := &o.right[p], &o.move[p]
			r[1], r[2], r[3], r[4] = r[1]+w*b1, r[2]+w*b2, r[3]+w*b3, r[4]+w*b4
			l0, l1, l2, l3, l4 = l0+w*m[0], l1+w*m[1], l2+w*m[2], l3+w*m[3], l4+w*m[4]
			in := &isBin[p]
			b1, b2, b3, b4 = b1+w*in[1], b2+w*in[2], b3+w*in[3], b4+w*in[4]
			i++
			continue
		}
		here := &o.passing
		*here = [lanes]float64{}
		from := i
		for run := x.run[at]; i < len(o.listed) && x.run[o.listed[i]>>binBits] == run; i++ {
			here[o.listed[i]&(lanes-1)] += x.weight[o.listed[i]>>binBits]
		}
		t0, t1, t2, t3, t4 := o.part[0]*here[0], o.part[1]*here[1], o.part[2]*here[2], o.part[3]*here[3], o.part[4]*here[4]
		// What ties does not stand above: the farther bins' shares fall before they are read, the nearer ones' rise after.
		l1, l2, l3, l4 = l1-t0, l2-(t0+t1), l3-(t0+t1+t2), l4-(t0+t1+t2+t3)
		level[1], level[2], level[3], level[4] = l1, l2, l3, l4
		o.passRun(x, from, i, &[Bins]float64{0, b1, b2, b3, b4}, &[lanes]float64{t0, t1, t2, t3, t4})
		l0, l1, l2, l3 = l0+(t1+t2+t3+t4), l1+(t2+t3+t4), l2+(t3+t4), l3+t4
		b1, b2, b3, b4 = b1+here[1], b2+here[2], b3+here[3], b4+here[4]
	}
}

// isBin has 1 in the place of its bin.
var isBin = [lanes][Bins]float64{{1}, {0, 1}, {0, 0, 1}, {0, 0, 0, 1}, {0, 0, 0, 0, 1}}

// passRun notes the shares of a run's candidates, and the pairs that they make with what is below and beside them.
func (o *outcome) passRun(x *line, from, to int, below *[Bins]float64, parts *[lanes]float64) {
	all := parts[0] + parts[1] + parts[2] + parts[3] + parts[4]
	here := &o.passing
	for i := from; i < to; i++ {
		p, w := o.listed[i]&(lanes-1), x.weight[o.listed[i]>>binBits]
		o.share[i], o.tieShare[i] = o.level[p], .5*(all-parts[p])
		r, t := &o.right[p], &o.tied[p]
		r[1], r[2], r[3], r[4] = r[1]+w*below[1], r[2]+w*below[2], r[3]+w*below[3], r[4]+w*below[4]
		t[1], t[2], t[3], t[4] = t[1]+w*here[1], t[2]+w*here[2], t[3]+w*here[3], t[4]+w*here[4]
	}
}

// giveCredit adds each candidate's part in this anchor's score to its place in the line: what the score gains per unit
// of weight on that candidate.
//
// In the example x stands right to ½ of bin 4 while the average candidate of bin 0 does to ¾: more weight on x
// lowers P by (½ − ¾)/2 = −⅛ a unit, more on u raises it as much.
//
// Invariant: the credits of the candidates of one bin add up to 0.
func (o *outcome) giveCredit(credit, share []float64, probability *[Bins][Bins]float64, count float64) {
	var expected, worth [lanes]float64
	for p := range Bins {
		for q := p + 1; q < Bins; q++ {
			expected[p] += probability[p][q]
			expected[q] += probability[p][q]
		}
		worth[p] = o.part[p] / count
	}
	for i, c := range o.listed {
		b := c & (lanes - 1)
		credit[c>>binBits] += (share[i] - expected[b]) * worth[b]
	}
}
