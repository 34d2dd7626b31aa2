package metrics

import "slices"

// outcome is one anchor's ranking of its candidates: n[p] of bin p, right[p][q] pairs of theirs in which the nearer bin
// stands above, tied[p][q] those of one cosine. The counts are whole numbers in float64, exact up to 2⁵³, so the order
// of counting cannot change a score.
//
// The share of a candidate sums, over the other bins, the part of that bin that it stands right to; its tieShare half
// of the part that it ties with. The example of Ranking, where n is 2 in bins 0 and 4:
//
//	run      below[4]  right  tied   share          why
//	y            0       0      0    y: 1           both of bin 0 are above it, where they belong
//	x z          1       1      1    x: ½  z: ½     y is below x; u is above z; x and z tie, ¼ each in tieShare
//	u            2       3      1    u: 1           y and z are below it
//
// Comparing every two candidates would cost N² an anchor, and going along the line N · Bins. But most candidates are of
// the last bin, another level 1: six of seven rows of the demo's corpora. They are not visited. How many of them stand
// below a run is how many candidates do, less those of nearer bins that were passed; and what one of them stands
// right to is the same from one nearer candidate to the next. So nearer bins alone are listed, here x and u, each with
// rest, the share of a candidate of the last bin from there on: ½ from x on (u alone is above z), 0 from u on, and 1
// before x.
type outcome struct {
	set         int32   // of classes that are admitted
	bin         []uint8 // [C] of each class of nearer bins; absent takes no part
	n           [Bins]float64
	part        [Bins]float64 // 1/n, 0 of an empty bin
	right, tied [lanes][Bins]float64

	listed                []candidate         // of nearer bins, in order
	stands                []standing          // of each
	restAtStart           float64             // filled nearer bins, the share of one of the last bin below all
	probability, tie      [Bins][Bins]float64 // of a filled bin pair: that the nearer is above, and half of that they tie
	score, ties, count    float64             // sums of these, and filled bin pairs
	rightPairs, pairs     int                 // of candidates
	level, passing, parts [lanes]float64
	move                  [lanes][Bins]float64
}

// standing is what is told of a listed candidate: the shares described above.
type standing struct{ share, tieShare, rest, tieRest float64 }

// Tables that a bin points into have a place for each number that three bits can hold, so no look-up needs a check.
const (
	lanes  = 8
	last   = OtherLevel1 // the bin that most are of
	absent = Bins
)

// choose takes the candidates of nearer bins that a task admits, and counts them. near are the classes of nearer bins,
// and all is the number of candidates of all bins in the set that the scope admits.
func (o *outcome) choose(t task, near []int32, rel []Relation, sums []classSum, set int32, all float64) {
	o.n, o.set = [Bins]float64{}, set
	if len(o.bin) < len(rel) {
		o.bin = make([]uint8, len(rel))
	}
	for _, c := range near {
		r := rel[c]
		o.bin[c] = absent
		if r.admits(t.need) && r.Bin() < t.bins {
			o.bin[c] = uint8(r.Bin())
			o.n[r.Bin()] += sums[c].n
			all -= sums[c].n
		}
	}
	if t.bins > int(last) {
		o.n[last] = all
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
func (o *outcome) same(other *outcome, near []int32) bool {
	if o.n != other.n || o.n[last] > 0 && o.set != other.set {
		return false
	}
	for _, c := range near {
		if o.bin[c] != other.bin[c] {
			return false
		}
	}
	return true
}

// begin lists the candidates of nearer bins, and sets the shares of one below all others: right to every nearer bin,
// and to no farther one.
func (o *outcome) begin(near []candidate) {
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
	o.restAtStart = o.level[last]
	o.list(near)
	o.stands = slices.Grow(o.stands[:0], len(o.listed))[:len(o.listed)]
}

// list writes every one down, and then keeps it or writes over it: who takes part follows no pattern, and a wrong
// guess of a branch costs as much as ten places.
func (o *outcome) list(near []candidate) {
	list := slices.Grow(o.listed[:0], len(near))[:len(near)]
	n := 0
	for i := range near {
		list[n] = near[i]
		n += int(uint32(int32(o.bin[near[i].class])-int32(last)) >> 31) // 1 for a nearer bin
	}
	o.listed = list[:n]
}

// walk goes through the candidates of nearer bins from the far end, one run of equal cosines at a time. What was
// passed, and the share of a candidate of each bin at this point, stay in local variables, which is half of the time.
// Passing one of bin p raises the share of nearer bins by 1/n[p], and lowers that of farther ones.
//
// below[r] candidates of the scope are below run r. Those that are not listed are of the last bin. A task without
// that bin (direction accuracy) takes any numbers: what is counted of an empty bin is not read.
func (o *outcome) walk(near []candidate, below []float64) {
	o.begin(near)
	level := &o.level
	l0, l1, l2, l3, rest := level[0], level[1], level[2], level[3], level[last]
	var b0, b1, b2, b3 float64 // passed of each bin
	for i := 0; i < len(o.listed); {
		c := &o.listed[i]
		run, p := c.run, o.bin[c.class]&(lanes-1)
		rested, among := below[run]-(b0+b1+b2+b3), below[run+1]-below[run] // of the last bin, and of all in the run
		level[0], level[1], level[2], level[3] = l0, l1, l2, l3
		if i+1 == len(o.listed) || o.listed[i+1].run != run { // the only one listed of its run
			w := float64(c.weight)
			among -= w
			r, m, part := &o.right[p], &o.move[p], -w*o.move[p][last]
			r[1], r[2], r[3], r[4] = r[1]+w*b1, r[2]+w*b2, r[3]+w*b3, r[4]+w*rested
			o.tied[p][last] += w * among
			l0, l1, l2, l3, rest = l0+w*m[0], l1+w*m[1], l2+w*m[2], l3+w*m[3], rest-part
			o.stands[i] = standing{level[p] + o.part[last]*rested, .5 * o.part[last] * among, rest, .5 * part}
			in := &isBin[p]
			b0, b1, b2, b3 = b0+w*in[0], b1+w*in[1], b2+w*in[2], b3+w*in[3]
			i++
			continue
		}
		here, from := &o.passing, i
		*here = [lanes]float64{}
		for ; i < len(o.listed) && o.listed[i].run == run; i++ {
			here[o.bin[o.listed[i].class]&(lanes-1)] += float64(o.listed[i].weight)
		}
		here[last] = among - (here[0] + here[1] + here[2] + here[3])
		t := &o.parts
		for q := range Bins {
			t[q] = o.part[q] * here[q]
		}
		// What ties does not stand above: the farther bins' shares fall before they are read, the nearer ones' rise after.
		l1, l2, l3, rest = l1-t[0], l2-(t[0]+t[1]), l3-(t[0]+t[1]+t[2]), rest-(t[0]+t[1]+t[2]+t[3])
		level[1], level[2], level[3], level[last] = l1, l2, l3, rest
		o.passRun(from, i, &[Bins]float64{0, b1, b2, b3, rested})
		l0, l1, l2 = l0+(t[1]+t[2]+t[3]), l1+(t[2]+t[3]), l2+t[3]
		b0, b1, b2, b3 = b0+here[0], b1+here[1], b2+here[2], b3+here[3]
	}
}

// weigh turns counts into probabilities.
func (o *outcome) weigh() {
	o.probability, o.tie = [Bins][Bins]float64{}, [Bins][Bins]float64{}
	o.score, o.ties, o.count, o.rightPairs, o.pairs = 0, 0, 0, 0, 0
	for p := range Bins {
		for q := p + 1; q < Bins; q++ {
			all := o.n[p] * o.n[q]
			if all == 0 {
				continue
			}
			o.probability[p][q] = o.right[p][q] / all
			o.score += o.probability[p][q]
			o.tie[p][q] = .5 * o.tied[p][q] / all
			o.ties += o.tie[p][q]
			o.count++
			o.rightPairs, o.pairs = o.rightPairs+int(o.right[p][q]), o.pairs+int(all)
		}
	}
}

// isBin has 1 in the place of its bin.
var isBin = [lanes][Bins]float64{{1}, {0, 1}, {0, 0, 1}, {0, 0, 0, 1}, {0, 0, 0, 0, 1}}

// passRun notes the shares of a run's candidates, and the pairs that they make with what is below and beside them.
func (o *outcome) passRun(from, to int, below *[Bins]float64) {
	parts, here := &o.parts, &o.passing
	nearer := parts[0] + parts[1] + parts[2] + parts[3]
	all := nearer + parts[last]
	for i := from; i < to; i++ {
		p, w := o.bin[o.listed[i].class]&(lanes-1), float64(o.listed[i].weight)
		o.stands[i] = standing{o.level[p] + o.part[last]*below[last], .5 * (all - parts[p]), o.level[last], .5 * nearer}
		r, t := &o.right[p], &o.tied[p]
		r[1], r[2], r[3], r[4] = r[1]+w*below[1], r[2]+w*below[2], r[3]+w*below[3], r[4]+w*below[4]
		t[1], t[2], t[3], t[4] = t[1]+w*here[1], t[2]+w*here[2], t[3]+w*here[3], t[4]+w*here[4]
	}
}
