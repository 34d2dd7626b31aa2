package pack

import (
	"cmp"
	"math/bits"
	"slices"

	"hives/internal/fault"
)

// Choice says what shapes are chosen for. The zero value of Max and Attention is the package's constant.
type Choice struct {
	Texts     int     // T, texts a batch: the batch size
	Longest   int     // tokens of the longest text there may be
	Max       int     // shapes, at most MaxShapes
	Attention float64 // row length at which attention costs as much as the rest
	Devices   int     // that share the rows: their number comes in multiples of this, 0 is 1
}

// Choose picks the shapes with which batches like the samples cost least. A sample is the lengths of one
// batch's texts. One shape always holds the worst case, Texts texts of Longest tokens, so that One never
// fails on a batch that the sample did not foresee.
//
// Candidates are rows of up to 16 lengths, with every number of rows that some sample needs. Of all chains
// of candidates, each holding all samples that the one before holds, dynamic programming finds the
// cheapest. The shapes come cheapest first.
func Choose(samples [][]int, c Choice) ([]Shape, error) {
	if err := c.complete(samples); err != nil {
		return nil, err
	}
	worst := candidate{shape: Shape{Rows: c.rows(c.Texts), Length: c.Longest, Texts: c.Texts}, holds: newSet(len(samples))}
	for i := range samples {
		worst.holds.add(i)
	}
	candidates, err := c.candidates(samples)
	if err != nil {
		return nil, err
	}
	for i := range candidates {
		candidates[i].finish(c.Attention)
	}
	worst.finish(c.Attention)
	return cheapestChain(candidates, worst, c.Max), nil
}

// complete fills in what was left out and refuses what cannot be.
func (c *Choice) complete(samples [][]int) error {
	if c.Max == 0 {
		c.Max = MaxShapes
	}
	if c.Attention == 0 {
		c.Attention = Attention
	}
	switch {
	case c.Texts < 1 || c.Longest < 1 || c.Texts > (1<<31-1)/c.Longest:
		return fault.New(fault.Invalid, "shapes for %d texts of at most %d tokens: want 1 or more of each and fewer than 2³¹ tokens", c.Texts, c.Longest)
	case c.Max < 1 || c.Max > MaxShapes:
		return fault.New(fault.Invalid, "%d shapes: want 1 to %d", c.Max, MaxShapes)
	case !(c.Attention > 0):
		return fault.New(fault.Invalid, "attention length %g: want more than 0", c.Attention)
	}
	for i, s := range samples {
		if len(s) == 0 || len(s) > c.Texts || slices.Max(s) > c.Longest {
			return fault.New(fault.Invalid, "sample %d has %d texts, the longest of %d tokens: want 1 to %d texts of at most %d tokens",
				i, len(s), slices.Max(append([]int{0}, s...)), c.Texts, c.Longest)
		}
	}
	return nil
}

// rows rounds up to what the devices can share.
func (c *Choice) rows(n int) int {
	of := max(c.Devices, 1)
	return (n + of - 1) / of * of
}

// candidate is a shape and the samples it holds.
type candidate struct {
	shape Shape
	holds set
	count int     // samples held
	cost  float64 // of one batch
}

func (c *candidate) finish(attention float64) {
	c.count, c.cost = c.holds.count(), c.shape.Cost(attention)
}

const (
	lengthStep  = 16 // row lengths are multiples of this: what matrix products like
	maxLengths  = 16 // row lengths that are tried
	rowsALength = 64 // numbers of rows that are tried for each
)

// candidates lists the shapes worth a thought: for each row length the numbers of rows that samples need.
func (c *Choice) candidates(samples [][]int) ([]candidate, error) {
	step := max(lengthStep, (c.Longest+maxLengths-1)/maxLengths)
	step = (step + lengthStep - 1) / lengthStep * lengthStep
	var out []candidate
	for length := min(step, c.Longest); ; length = min(length+step, c.Longest) {
		needs := make([]int, len(samples)) // rows, 0 where a text is longer than a row
		for i, sample := range samples {
			waiting, err := newStock(sample)
			if err != nil {
				return nil, err
			}
			if waiting.longest <= length {
				places := waiting.fill(Shape{Rows: len(sample), Length: length, Texts: len(sample)})
				needs[i] = c.rows(places[len(places)-1].row + 1)
			}
		}
		for _, rows := range thin(needs) {
			holds := newSet(len(samples))
			for i, need := range needs {
				if need > 0 && need <= rows {
					holds.add(i)
				}
			}
			out = append(out, candidate{shape: Shape{Rows: rows, Length: length, Texts: c.Texts}, holds: holds})
		}
		if length == c.Longest {
			return out, nil
		}
	}
}

// thin returns the distinct needs in order, at most rowsALength of them, the greatest among them.
func thin(needs []int) []int {
	distinct := slices.Clone(needs)
	slices.Sort(distinct)
	distinct = slices.DeleteFunc(slices.Compact(distinct), func(n int) bool { return n == 0 })
	if len(distinct) <= rowsALength {
		return distinct
	}
	var out []int
	for i := 1; i <= rowsALength; i++ {
		out = append(out, distinct[i*len(distinct)/rowsALength-1])
	}
	return out
}

// cheapestChain returns at most n nested candidates, the last one worst, at the least total cost of the
// samples, each of which takes the first candidate that holds it.
//
// total[k][j] is the least cost of the samples that j holds, with j the greatest of k shapes:
// min over i ⊂ j of total[k-1][i] + cost_j · (count_j − count_i).
func cheapestChain(candidates []candidate, worst candidate, n int) []Shape {
	slices.SortStableFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.count, b.count), cmp.Compare(a.cost, b.cost))
	})
	all := append(candidates, worst)
	end := len(all) - 1
	total, before := make([][]float64, n), make([][]int, n)
	for k := range n {
		total[k], before[k] = make([]float64, len(all)), make([]int, len(all))
		for j := range all {
			total[k][j], before[k][j] = all[j].cost*float64(all[j].count), -1
		}
	}
	for j := range all {
		for i := range j {
			if all[i].cost >= all[j].cost || !all[i].holds.within(all[j].holds) {
				continue
			}
			added := all[j].cost * float64(all[j].count-all[i].count)
			for k := 1; k < n; k++ {
				if t := total[k-1][i] + added; t < total[k][j] {
					total[k][j], before[k][j] = t, i
				}
			}
		}
	}
	var chain []Shape
	for k, at := n-1, end; at >= 0; k, at = k-1, before[k][at] {
		chain = append(chain, all[at].shape)
	}
	slices.Reverse(chain)
	return chain
}

// set is a set of sample numbers.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s set) within(t set) bool {
	for i := range s {
		if s[i]&^t[i] != 0 {
			return false
		}
	}
	return true
}

func (s set) count() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}
