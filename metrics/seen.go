package metrics

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// seen is what the anchors of one text see of a view: its items without those of the text, by class, and where they
// stand in the order of their cosines. It is used again from text to text.
type seen struct {
	l     *layout
	order *order
	own   []int32   // items that are left out
	count []float64 // [M] items of each cell that are not left out

	classes []int32    // those that have candidates, by the first of these: sums over classes depend on the order
	sums    []classSum // [C]
	first   []int32    // [C] the first candidate's vector

	stock [][]float64 // [sets][U] candidates that each vector has, made when a set is first asked for
	below [][]float64 // [sets][runs+1] candidates in the runs before each; the last is all
	known []bool      // [sets] below is of the present text
}

// classSum is what the candidates of one class add up to: their number, cosines less the centre, squares of these, and
// the least and greatest cosine. About the centre, since the squares of cosines that all lie near .9 would agree in
// their first digits, and the variance is in the others.
type classSum struct{ n, c, cc, low, high float64 }

func newSeen(l *layout) *seen {
	sets := len(l.admitted)
	x := &seen{
		l: l, sums: make([]classSum, l.p.Classes()), first: make([]int32, l.p.Classes()),
		count: make([]float64, len(l.items)),
		stock: make([][]float64, sets), below: make([][]float64, sets), known: make([]bool, sets),
	}
	for cell, items := range l.items {
		x.count[cell] = float64(len(items))
	}
	return x
}

// begin leaves out the items of the anchors' own text, end takes them in again.
func (x *seen) begin(own []int32, cosines []float64, order *order) {
	x.own, x.order = own, order
	x.leaveOut(1)
	x.add(cosines)
	clear(x.known)
}

func (x *seen) end() { x.leaveOut(-1) }

func (x *seen) leaveOut(by float64) {
	for _, i := range x.own {
		cell := x.l.cellOf[i]
		x.count[cell] -= by
		for set, stock := range x.stock {
			if stock != nil && x.l.admitted[set][x.l.class[cell]] {
				stock[x.l.vector[cell]] -= by
			}
		}
	}
}

// add sums up the candidates by class. Who asks about a class then looks at one sum, not at its items. A class is
// summed up at once, in local variables, which take a third of the time of sums in memory; the order of its items is
// that of the cells.
func (x *seen) add(cosines []float64) {
	l := x.l
	x.classes = x.classes[:0]
	sorted := true
	for _, class := range l.classes {
		var n, sum, squares float64
		low, high := math.Inf(1), math.Inf(-1)
		first := int32(-1)
		begin, end := l.begin[class], l.begin[class+1]
		vectors := l.vector[begin:end]
		for k, m := range x.count[begin:end] {
			if m == 0 {
				continue
			}
			if first < 0 {
				first = vectors[k]
			}
			c := cosines[vectors[k]]
			d := c - l.centre
			n += m
			sum += m * d
			squares += m * d * d
			if c < low {
				low = c
			}
			if c > high {
				high = c
			}
		}
		x.sums[class], x.first[class] = classSum{n, sum, squares, low, high}, first
		if first >= 0 {
			sorted = sorted && (len(x.classes) == 0 || x.earlier(x.classes[len(x.classes)-1], class) < 0)
			x.classes = append(x.classes, class)
		}
	}
	if !sorted { // the first vector of a class is left out
		slices.SortFunc(x.classes, x.earlier)
	}
}

// earlier orders classes by the vectors of their first candidates, then by number.
func (x *seen) earlier(a, b int32) int {
	return cmp.Or(cmp.Compare(x.first[a], x.first[b]), cmp.Compare(a, b))
}

// belowRuns counts the candidates of a set below each run.
func (x *seen) belowRuns(set int32) []float64 {
	if x.known[set] {
		return x.below[set]
	}
	x.known[set] = true
	if x.stock[set] == nil {
		x.stock[set] = make([]float64, len(x.l.ofVector))
		for cell, n := range x.count {
			if x.l.admitted[set][x.l.class[cell]] {
				x.stock[set][x.l.vector[cell]] += n
			}
		}
	}
	stock, passed := x.stock[set], 0.0
	below := slices.Grow(x.below[set][:0], x.order.runs+1)[:x.order.runs+1]
	below[0] = 0
	for _, p := range x.order.sorted {
		passed += stock[p.vector]
		below[p.run+1] = passed // of the vectors of a run the last one decides
	}
	x.below[set] = below
	return below
}

// candidate is a cell that an anchor ranks, with its place in the order and its number of items.
type candidate struct{ run, cell, class, weight int32 }

// ranked lists the candidates of some classes in the order of their cosines.
func (x *seen) ranked(classes []int32, into *[2][]candidate) []candidate {
	l, run := x.l, x.order.run
	out := into[0][:0]
	for _, class := range classes {
		for cell := l.begin[class]; cell < l.begin[class+1]; cell++ {
			if n := x.count[cell]; n > 0 {
				out = append(out, candidate{run[l.vector[cell]], cell, class, int32(n)})
			}
		}
	}
	into[0] = out
	into[1] = slices.Grow(into[1][:0], len(out))[:len(out)]
	return sortByRun(out, into[1], x.order.runs)
}

// sortByRun sorts by digits, the last one first, each pass keeping the order of the one before: with half of the bits
// in a digit it takes two. other has the length of list; either holds the result.
func sortByRun(list, other []candidate, runs int) []candidate {
	all := bits.Len(uint(runs - 1))
	digit := min(digitBits, (all+1)/2)
	mask := int32(1)<<digit - 1
	for shift := 0; shift < all; shift += digit {
		var at [1 << digitBits]int32
		for i := range list {
			at[list[i].run>>shift&mask]++
		}
		next := int32(0)
		for k := range at[:mask+1] {
			at[k], next = next, next+at[k]
		}
		for i := range list {
			k := list[i].run >> shift & mask
			other[at[k]] = list[i]
			at[k]++
		}
		list, other = other, list
	}
	return list
}
