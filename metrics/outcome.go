package metrics

// outcome is one anchor's ranking of its candidates: n[p] of bin p, right[p][q] pairs of theirs in which the nearer bin
// stands above, tied[p][q] those of one cosine. The counts are whole numbers in float64, exact up to 2⁵³, so the order
// of candidates cannot change a score.
//
// share[at] sums, over the other bins, the part of that bin that a candidate at this place of the line stands right to;
// tieShare[at] half of the part that it ties with. The example of Ranking, where n is 2 in bins 0 and 4:
//
//	run      below[4]  right  tied   share          why
//	y            0       0      0    y: 1           both of bin 0 are above it, where they belong
//	x z          1       1      1    x: ½  z: ½     y is below x; u is above z; x and z tie, ¼ each in tieShare
//	u            2       3      1    u: 1           y and z are below it
//
// Comparing every two candidates would cost N² an anchor; this costs N · Bins.
type outcome struct {
	bin             []int8 // [C] of each class; −1 takes no part
	n               [Bins]float64
	right, tied     [Bins][Bins]float64
	share, tieShare []float64 // by place in the line

	// While walking: what was passed, and the share of a candidate of each bin at this point. One of bin p that is
	// passed raises the share of nearer bins by 1/n[p], and lowers that of farther ones.
	below, level [Bins]float64
	rise, fall   [Bins][Bins]float64
	part         [Bins]float64 // 1/n
}

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

// begin sets the shares of a candidate below all others: right to every nearer bin, and to no farther one.
func (o *outcome) begin(places int) {
	o.right, o.tied = [Bins][Bins]float64{}, [Bins][Bins]float64{}
	o.below, o.level, o.part = [Bins]float64{}, [Bins]float64{}, [Bins]float64{}
	o.rise, o.fall = [Bins][Bins]float64{}, [Bins][Bins]float64{}
	for p, n := range o.n {
		if n == 0 {
			continue
		}
		o.part[p] = 1 / n
		for q := range Bins {
			switch {
			case q < p:
				o.rise[p][q] = 1 / n
			case q > p:
				o.fall[p][q] = -1 / n
				o.level[q]++
			}
		}
	}
	if cap(o.share) < places {
		o.share, o.tieShare = make([]float64, places), make([]float64, places)
	}
	o.share, o.tieShare = o.share[:places], o.tieShare[:places]
}

// walk goes through the line from its far end, one run of equal cosines at a time.
func (o *outcome) walk(x *line) {
	o.begin(len(x.cell))
	lo := 0
	for _, end := range x.ends {
		hi := int(end)
		if hi-lo > 1 {
			o.passRun(x, lo, hi)
		} else if b := o.bin[x.class[lo]]; b >= 0 {
			w := x.weight[lo]
			o.meet(lo, int(b), w)
			o.below[b] += w
			addTimes(&o.level, &o.rise[b], w)
			addTimes(&o.level, &o.fall[b], w)
		}
		lo = hi
	}
}

// meet notes the share of w candidates of bin b, and the pairs that they make with what was passed.
func (o *outcome) meet(at, b int, w float64) {
	o.share[at], o.tieShare[at] = o.level[b], 0
	addTimes(&o.right[b], &o.below, w)
}

// passRun does several cells of one cosine. The farther bins' share falls before it is read, since what ties does not
// stand above; the nearer bins' rises after.
func (o *outcome) passRun(x *line, lo, hi int) {
	var here [Bins]float64
	bins, tie := 0, 0.0
	for at := lo; at < hi; at++ {
		if b := o.bin[x.class[at]]; b >= 0 {
			if here[b] == 0 {
				bins++
			}
			here[b] += x.weight[at]
			tie += x.weight[at] * o.part[b]
			addTimes(&o.level, &o.fall[b], x.weight[at])
		}
	}
	for at := lo; at < hi; at++ {
		b := o.bin[x.class[at]]
		if b < 0 {
			continue
		}
		o.meet(at, int(b), x.weight[at])
		if bins > 1 {
			o.tieShare[at] = .5 * (tie - here[b]*o.part[b])
			addTimes(&o.tied[b], &here, x.weight[at])
		}
	}
	for b, w := range here {
		if w > 0 {
			o.below[b] += w
			addTimes(&o.level, &o.rise[b], w)
		}
	}
}

// addTimes is sum += w·x, written out: the compiler keeps it free of branches.
func addTimes(sum, x *[Bins]float64, w float64) {
	sum[0] += w * x[0]
	sum[1] += w * x[1]
	sum[2] += w * x[2]
	sum[3] += w * x[3]
	sum[4] += w * x[4]
}

// giveCredit adds each candidate's part in this anchor's score to its cell: what the score gains per unit of weight
// on that candidate.
//
// In the example x stands right to ½ of bin 4 while the average candidate of bin 0 does to ¾: more weight on x
// lowers P by (½ − ¾)/2 = −⅛ a unit, more on u raises it as much.
//
// Invariant: the credits of the candidates of one bin add up to 0.
func (o *outcome) giveCredit(credit, share []float64, x *line, probability *[Bins][Bins]float64, count float64) {
	var expected, worth [Bins]float64
	for p := range Bins {
		for q := p + 1; q < Bins; q++ {
			expected[p] += probability[p][q]
			expected[q] += probability[p][q]
		}
		worth[p] = o.part[p] / count
	}
	for at, class := range x.class {
		if b := o.bin[class]; b >= 0 {
			credit[x.cell[at]] += (share[at] - expected[b]) * worth[b]
		}
	}
}
