package metrics

import (
	"math"

	"hives/data"
)

// CosineMap is the mean cosine between the rows of value u and those of value w, pairs of one text left out; NaN
// where there is no pair. The result is [len(u)][len(w)].
//
// The mean over all pairs of two groups is the inner product of their sums: Σ_i Σ_j e_i·e_j = (Σ e_i)·(Σ e_j). So
// a map costs the rows once and one product a cell; the pairs of one text are few and are taken off one by one.
func CosineMap(v *Vectors, l *data.Labels, u, w [][]int) [][]float64 {
	sums := func(groups [][]int) [][]float64 {
		out := make([][]float64, len(groups))
		for k, rows := range groups {
			out[k] = make([]float64, v.d)
			for _, i := range rows {
				addTo(out[k], v.Row(i), 1)
			}
		}
		return out
	}
	su, sw := sums(u), sums(w)
	out := make([][]float64, len(u))
	for a := range u {
		out[a] = make([]float64, len(w))
		for b := range w {
			own, pairs := ownPairs(v, l, u[a], w[b]) // a text of both values is as near to itself as can be
			total := blas.Ddot(v.d, su[a], 1, sw[b], 1) - own
			count := len(u[a])*len(w[b]) - pairs
			out[a][b] = math.NaN()
			if count > 0 {
				out[a][b] = total / float64(count)
			}
		}
	}
	return out
}

// ownPairs sums the cosines between rows of one text, the row with itself included: what must be taken off the
// product of sums, and how many pairs that is.
//
//	care: rows of texts A, B, C      fairness: rows of texts B, D
//	product of sums: 3·2 pairs       own: B with B, 1 pair       the mean is over 5
func ownPairs(v *Vectors, l *data.Labels, u, w []int) (sum float64, pairs int) {
	byText := map[int32][]int{}
	for _, j := range w {
		byText[l.Text[j]] = append(byText[l.Text[j]], j)
	}
	for _, i := range u {
		for _, j := range byText[l.Text[i]] {
			sum += v.Cosine(i, j)
			pairs++
		}
	}
	return sum, pairs
}

// RowsByValue returns the values of a theory at a level, in ascending order of ids, and the rows of each. Rows
// whose path ends above the level belong to none; those that go on below it belong to the node they pass.
func RowsByValue(l *data.Labels, theory int32, level int) ([]Path, [][]int) {
	place := map[[3]int32]int{}
	var paths []Path
	var rows [][]int
	for _, s := range collectValues(l, level) {
		if s.Theory == theory {
			place[s.Path] = len(paths)
			paths = append(paths, Path{theory, s.Path})
		}
	}
	rows = make([][]int, len(paths))
	for i := range l.Len() {
		if path, ok := prefix(&l.Levels[i], level); ok && l.Theory[i] == theory {
			rows[place[path]] = append(rows[place[path]], i)
		}
	}
	return paths, rows
}
