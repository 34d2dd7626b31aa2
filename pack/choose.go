package pack

import (
	"cmp"
	"math/bits"
	"slices"

	"hives/internal/fault"
)

// Choice says what shapes are chosen for. The zero value of Max and Attention is the package's constant; Texts
// and Longest the caller owes, since a batch beyond them would fit no shape.
type Choice struct {
	Texts     int     // T, texts a batch: the batch size
	Longest   int     // tokens of the longest text there may be
	Max       int     // shapes, at most MaxShapes
	Attention float64 // row length at which attention costs as much as the rest
	Devices   int     // that share the rows: their number comes in multiples of this, 0 is 1
}

// Choose picks the shapes with which batches like the samples cost least. A sample is the lengths of one batch's
// texts. One shape always holds the worst case, Texts texts of Longest tokens, so that One never fails on a batch
// that the sample did not foresee.
//
// Candidates are rows of up to 16 lengths, with every number of rows that some sample needs. Of all chains of
// candidates, each holding all samples that the one before holds, dynamic programming finds the cheapest. The
// shapes come cheapest first.
//
// Say 100 batches were sampled, and of the candidates
//
//	6 × 160   costs 1,035   holds 60 batches
//	9 × 160   costs 1,553   holds 90, those 60 among them
//	64 × 256  costs 18,432  holds all 100: the worst case
//
// With the worst case alone they cost 1,843,200 tokens; with 9 × 160 before it 90 · 1,553 + 10 · 18,432 =
// 324,090; with all three 60 · 1,035 + 30 · 1,553 + 10 · 18,432 = 293,010. Each further shape is one more graph
// to compile, hence Max.
//
// Invariant: shapes come in ascending cost, and each holds every sample that an earlier one holds.
// Invariant: the last shape has a row of Longest tokens for each of Texts texts.
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

// complete fills in what was left out and refuses what cannot be. Fewer than 2³¹ tokens a batch, because
// positions are int32.
func (c *Choice) complete(samples [][]int) error {
	if c.Max == 0 {
		c.Max = MaxShapes
	}
	if c.Attention == 0 {
		c.Attention = Attention
	}
	switch {
	case c.Texts < 1 || c.Longest < 1 || c.Texts > (1<<31-1)/c.Longest:
		return fault.New(fault.Invalid, "shapes for %d texts of at most %d tokens: want 1 or more of each and fewer than "+
			"2³¹ tokens", c.Texts, c.Longest)
	case c.Max < 1 || c.Max > MaxShapes:
		return fault.New(fault.Invalid, "%d shapes: want 1 to %d", c.Max, MaxShapes)
	case !(c.Attention > 0):
		return fault.New(fault.Invalid, "attention length %g: want more than 0", c.Attention)
	}
	for i, s := range samples {
		if len(s) == 0 || len(s) > c.Texts || slices.Max(s) > c.Longest {
			return fault.New(fault.Invalid, "sample %d has %d texts, the longest of %d tokens: want 1 to %d texts of at "+
				"most %d tokens",
				i, len(s), slices.Max(append([]int{0}, s...)), c.Texts, c.Longest)
		}
	}
	return nil
}

// rows rounds up to what the devices can share: with 4 devices, 9 rows become 12, three a device.
func (c *Choice) rows(n int) int {
	of := max(c.Devices, 1)
	return (n + of - 1) / of * of
}

// candidate is a shape and the samples it holds. The set is over samples, not over all batches there can be: what
// is cheap for the samples is taken to be cheap for the rest.
type candidate struct {
	shape Shape
	holds set
	count int     // samples held
	cost  float64 // of one batch
}

// finish fills in what follows from shape and set.
func (c *candidate) finish(attention float64) {
	c.count, c.cost = c.holds.count(), c.shape.Cost(attention)
}

const (
	lengthStep  = 16 // row lengths are multiples of this: what matrix products like
	maxLengths  = 16 // row lengths that are tried
	rowsALength = 64 // numbers of rows that are tried for each
)

// candidates lists the shapes worth a thought: for each row length the numbers of rows that samples need.
//
// A shape with more rows than any sample needs is dearer for nothing, so only the needs themselves are tried. At
// most 16 · 64 = 1,024 candidates come out, which the squared loop of cheapestChain goes through in no time.
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

// thin returns the distinct needs in order, at most rowsALength of them, the greatest among them: without it no
// row of this length would hold the largest samples.
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

// cheapestChain returns at most n nested candidates, the last one worst, at the least total cost of the samples,
// each of which takes the first candidate that holds it.
//
// total[k][j] is the least cost of the samples that j holds, with j the greatest of at most k+1 shapes: min over
// i ⊂ j of total[k-1][i] + cost_j · (count_j − count_i). before[k][j] is that i, −1 where j stands alone.
//
// Why chains: a sample takes the cheapest shape that holds it. If shapes are nested, the cheapest is the first of
// the chain, and what j adds depends on the one shape before it and on nothing earlier, so the best chain up to i
// can be found once and used for every j. Sets of shapes that are not nested have no such order; those tried by
// hand were 0.1 % cheaper (docs/PACKING.md).
//
// The sort by count sees to it that every i ⊂ j has been settled before j.
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
			added := all[j].cost * float64(all[j].count-all[i].count) // the samples that j holds and i does not
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

// set is a set of sample numbers, a bit each: whether one candidate holds all that another holds is asked half a
// million times.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i int) { s[i/64] |= 1 << (i % 64) }

// within tells whether t has every member of s.
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
