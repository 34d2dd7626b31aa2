package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"hives/data"
)

// Value is one node of a theory's tree and the direction in space that separates the texts supporting it from
// those opposing it. It is a difference of two means, so what the texts of both sides share, such as their topic,
// cancels.
type Value struct {
	Theory   int32
	Path     [3]int32 // levels beyond the asked one are data.Missing
	Supports int      // rows with direction +1
	Opposes  int      // rows with direction −1
	Vector   []float64
	Skipped  string // why there is no Vector
}

// valueSums gathers the rows of one value. Row numbers and not sums are kept: the bootstrap weighs the rows anew in
// each of a thousand draws.
type valueSums struct {
	Value
	rows [2][]int // supporting, opposing
}

// collectValues groups rows by (theory, levels 1..level), all present, in ascending order of ids. At level 1 a
// row of "security / societal" counts for security; at level 3 it counts for nothing.
func collectValues(l *data.Labels, level int) []*valueSums {
	found := map[[4]int32]*valueSums{}
	var out []*valueSums
	for i := range l.Len() {
		path, ok := prefix(&l.Levels[i], level)
		if !ok {
			continue
		}
		key := [4]int32{l.Theory[i], path[0], path[1], path[2]}
		s := found[key]
		if s == nil {
			s = &valueSums{Value: Value{Theory: l.Theory[i], Path: path}}
			found[key] = s
			out = append(out, s)
		}
		switch l.Direction[i] {
		case data.Supports:
			s.rows[0] = append(s.rows[0], i)
		case data.Opposes:
			s.rows[1] = append(s.rows[1], i)
		}
	}
	slices.SortFunc(out, func(a, b *valueSums) int {
		if a.Theory != b.Theory {
			return cmp.Compare(a.Theory, b.Theory)
		}
		return slices.Compare(a.Path[:], b.Path[:])
	})
	return out
}

// prefix cuts a path to its first levels; not ok when one of them is missing.
//
//	{4, 7, –} at level 1   {4, –, –}
//	{4, 7, –} at level 2   {4, 7, –}
//	{4, 7, –} at level 3   not ok: the path has ended
func prefix(levels *[3]int32, level int) ([3]int32, bool) {
	path := [3]int32{data.Missing, data.Missing, data.Missing}
	for k := range level {
		if levels[k] == data.Missing {
			return path, false
		}
		path[k] = levels[k]
	}
	return path, true
}

// ValueVectors returns every value at a level (1 … 3) with v = unit(unit(mean of supporting rows) − unit(mean of
// opposing rows)). A value with fewer than minSide rows on a side is listed without a vector and with the reason;
// nothing is guessed. Rows without a direction count for neither side.
func ValueVectors(v *Vectors, l *data.Labels, level, minSide int) []Value {
	var out []Value
	for _, s := range collectValues(l, level) {
		s.Supports, s.Opposes = len(s.rows[0]), len(s.rows[1])
		switch {
		case s.Supports < minSide || s.Opposes < minSide:
			s.Skipped = fmt.Sprintf("%d supporting and %d opposing rows, at least %d of each needed", s.Supports,
				s.Opposes, minSide)
		default:
			if s.Vector = Direction(v, s.rows[0], s.rows[1], nil); s.Vector == nil {
				s.Skipped = "the mean of a side is zero, or both sides point the same way"
			}
		}
		out = append(out, s.Value)
	}
	return out
}

// Direction is unit(unit(mean of the supporting rows) − unit(mean of the opposing rows)) with weights[i] on row i
// (nil: one each), shape [D]; nil where a side is empty, a mean is zero or both point the same way.
//
// Each side is scaled to length one first. Otherwise the side whose texts agree more, with the longer mean, would
// weigh more.
func Direction(v *Vectors, supports, opposes []int, weights []float64) []float64 {
	side := [2][]float64{make([]float64, v.d), make([]float64, v.d)}
	for k, rows := range [2][]int{supports, opposes} {
		for _, i := range rows {
			w := 1.0
			if weights != nil {
				w = weights[i]
			}
			addTo(side[k], v.Row(i), w)
		}
		if !unit(side[k]) {
			return nil
		}
	}
	addTo(side[0], side[1], -1)
	if !unit(side[0]) {
		return nil
	}
	return side[0]
}

// unit scales x to length one; false if it has none, or one that is only rounding: what is left of two equal means
// points anywhere, and would be a vector like any other.
func unit(x []float64) bool {
	norm := math.Sqrt(blas.Ddot(len(x), x, 1, x, 1))
	if norm < constantRange {
		return false
	}
	for k := range x {
		x[k] /= norm
	}
	return true
}

// Orthogonality is 1 − |cos| over pairs of value vectors; NaN without a pair. 1 is a right angle, 0 the same
// line. Random vectors already score about .84, so a high figure alone shows nothing (docs/METRICS.md).
type Orthogonality struct {
	Values, Pairs int
	Mean, Median  float64
}

// OrthogonalityOf looks at the pairs of vectors within each theory; the second result pools those pairs. values
// must stand theory by theory, as ValueVectors gives them.
func OrthogonalityOf(values []Value) (map[int32]Orthogonality, Orthogonality) {
	perTheory := map[int32]Orthogonality{}
	var pool []float64
	total := 0
	for lo, hi := 0, 0; lo < len(values); lo = hi {
		var vectors [][]float64
		for hi = lo; hi < len(values) && values[hi].Theory == values[lo].Theory; hi++ {
			if values[hi].Vector != nil {
				vectors = append(vectors, values[hi].Vector)
			}
		}
		gaps := pairGaps(vectors)
		perTheory[values[lo].Theory] = summarise(len(vectors), gaps)
		pool = append(pool, gaps...)
		total += len(vectors)
	}
	return perTheory, summarise(total, pool)
}

// pairGaps is 1 − |cos| of every two vectors, unit vectors of length D. Without the sign: two values whose texts lie on
// one line, each the other's opposite, are as little told apart as two that agree.
func pairGaps(vectors [][]float64) []float64 {
	var gaps []float64
	for i, a := range vectors {
		for _, b := range vectors[i+1:] {
			gaps = append(gaps, 1-math.Abs(blas.Ddot(len(a), a, 1, b, 1)))
		}
	}
	return gaps
}

// summarise sorts first, so that the mean does not depend on the order of values: floating-point sums do, and
// files are compared by their bytes. Of an even number of gaps the median is the mean of the middle two.
func summarise(values int, gaps []float64) Orthogonality {
	out := Orthogonality{Values: values, Pairs: len(gaps), Mean: math.NaN(), Median: math.NaN()}
	if len(gaps) == 0 {
		return out
	}
	sorted := slices.Sorted(slices.Values(gaps))
	var sum float64
	for _, g := range sorted {
		sum += g
	}
	out.Mean = sum / float64(len(sorted))
	out.Median = (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
	return out
}
