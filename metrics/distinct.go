package metrics

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
)

// distinct are the vectors that rows have, each once: rows of one text share theirs. U is their number.
type distinct struct {
	of    []int // [N] the vector of a row
	first []int // [U] a row of each
	count []int // [U] its rows
}

// distinct compares rows by their bits. Equal ones have equal cosines with everything, to the last bit. Vectors that
// agree to rounding stay two: to join them would change figures, if only in the last digits.
func (v *Vectors) distinct() *distinct {
	d := &distinct{of: make([]int, v.n)}
	seed := maphash.MakeSeed() // decides buckets, not results: equal hashes are compared in full
	known := map[uint64][]int{}
	buffer := make([]byte, 8*v.d)
	for i := range v.n {
		for k, x := range v.Row(i) {
			binary.LittleEndian.PutUint64(buffer[8*k:], math.Float64bits(x))
		}
		hash := maphash.Bytes(seed, buffer)
		at := slices.IndexFunc(known[hash], func(u int) bool { return slices.Equal(v.Row(d.first[u]), v.Row(i)) })
		if at < 0 {
			at = len(known[hash])
			known[hash] = append(known[hash], len(d.first))
			d.first, d.count = append(d.first, i), append(d.count, 0)
		}
		d.of[i] = known[hash][at]
		d.count[d.of[i]]++
	}
	return d
}

// tile is how many candidates are held against a block of anchors before the next ones: at 1,024 numbers in float64
// they fill a quarter of a megabyte, which a processor's second cache holds.
const tile = 32

// cosines fills dst[k][u] with the cosine of vector lo+k and vector u, [len(dst)][U]. The order of the loops is that of
// memory, not of the result: 32 candidates are read once and held against all anchors of the block.
func (d *distinct) cosines(v *Vectors, lo int, dst [][]float64) {
	for from := 0; from < len(d.first); from += tile {
		to, k := min(from+tile, len(d.first)), 0
		for ; hasLanes && k+4 <= len(dst); k += 4 {
			var rows [4][]float64
			for r := range rows {
				rows[r] = v.Row(d.first[lo+k+r])
			}
			for u := from; u < to; u++ {
				var four [4]float64
				dots(&four, &rows, v.Row(d.first[u]))
				dst[k][u], dst[k+1][u], dst[k+2][u], dst[k+3][u] = four[0], four[1], four[2], four[3]
			}
		}
		for ; k < len(dst); k++ {
			for u := from; u < to; u++ {
				dst[k][u] = v.Cosine(d.first[lo+k], d.first[u])
			}
		}
	}
}

// placed is a distinct vector with its cosine to an anchor; the vector is kept by its number, since an order of numbers
// is moved about faster than one of vectors. Vectors of one cosine make a run.
type placed struct {
	cosine      float64
	vector, run int32
}

// order has vectors by their cosine, ascending, of equal ones the earlier first.
type order struct {
	sorted []placed
	run    []int32 // [U] of each vector
	runs   int
	ends   []int32
}

// sort deals the cosines out to buckets of equal width, two for each vector, so that hardly any holds more than a few;
// what one holds is sorted by comparing. Linear in U where cosines are spread, and never worse than comparing all.
func (s *order) sort(cosines []float64) {
	n := len(cosines)
	if len(s.sorted) != n {
		s.sorted, s.run, s.ends = make([]placed, n), make([]int32, n), make([]int32, 2*n+1)
	}
	low, high := slices.Min(cosines), slices.Max(cosines)
	scale := float64(2*n-1) / (high - low)
	if math.IsInf(scale, 0) || math.IsNaN(scale) { // all equal, or so near that they make one bucket
		scale = 0
	}
	clear(s.ends)
	for _, c := range cosines {
		s.ends[int((c-low)*scale)+1]++
	}
	for b := 1; b < len(s.ends); b++ {
		s.ends[b] += s.ends[b-1]
	}
	// ends[b] is where bucket b begins, and moves to its end as it fills.
	for u, c := range cosines {
		at := &s.ends[int((c-low)*scale)]
		s.sorted[*at] = placed{cosine: c, vector: int32(u)}
		*at++
	}
	begin := int32(0)
	for _, end := range s.ends[:2*n] {
		if end-begin > 1 {
			sortBucket(s.sorted[begin:end])
		}
		begin = end
	}
	s.number()
}

// number gives the runs their numbers.
func (s *order) number() {
	run, last := int32(0), s.sorted[0].cosine
	for k := range s.sorted {
		p := &s.sorted[k]
		if p.cosine != last {
			run, last = run+1, p.cosine
		}
		p.run = run
		s.run[p.vector] = run
	}
	s.runs = int(run) + 1
}

// few is up to how many are sorted by insertion.
const few = 16

// sortBucket keeps the order of equal ones: they came in ascending order of their vectors.
func sortBucket(b []placed) {
	if len(b) > few {
		slices.SortStableFunc(b, func(x, y placed) int {
			switch {
			case x.cosine < y.cosine:
				return -1
			case x.cosine > y.cosine:
				return 1
			}
			return 0
		})
		return
	}
	for i := 1; i < len(b); i++ {
		x := b[i]
		k := i
		for ; k > 0 && b[k-1].cosine > x.cosine; k-- {
			b[k] = b[k-1]
		}
		b[k] = x
	}
}
