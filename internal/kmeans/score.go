package kmeans

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// chunkRows is how many rows are scored by one matrix product: a fixed number, so that no result depends
// on the number of cores.
const chunkRows = 256

// scorer finds nearest centres. The score x·c − |c|²/2 orders centres as −|x−c|² does: |x−c|² = |x|² − 2·(x·c −
// |c|²/2), and |x|² is the same for every centre.
//
// Invariant: a label is that of float64 arithmetic, and of equal scores that of the lowest centre.
type scorer struct {
	p       Points
	k       int
	centres []float64 // [K, D]
	rounded []float32 // [K, D]
	half    []float64 // [K] |c|²/2
	square  []float64 // [N] |x|², 1 but for rounding
	slack   float64   // most by which two float32 scores can be off together
}

// newScorer prepares the centres for scoring; square may be nil where no distance is asked for.
func newScorer(p Points, square, centres []float64) *scorer {
	k := len(centres) / p.D
	s := &scorer{p: p, k: k, centres: centres, rounded: make([]float32, len(centres)), half: make([]float64, k),
		square: square}
	for c := range k {
		for j, x := range centres[c*p.D : (c+1)*p.D] {
			s.rounded[c*p.D+j] = float32(x)
			s.half[c] += x * x / 2
		}
	}
	// A float32 sum of D products of vectors no longer than about 1, in any order, is off by at most
	// (D+1)·2⁻²⁴ (Higham 2002, §3.1), one more for rounding the centre; twice, since two are compared.
	const unit = 1.0 / (1 << 24)
	s.slack = 2 * float64(p.D+3) * unit * (1 + unitSlack)
	return s
}

// exact is the score of row i at centre c in float64, summed from the first number to the last.
func (s *scorer) exact(i, c int) float64 {
	sum := 0.0
	centre := s.centres[c*s.p.D : (c+1)*s.p.D]
	for j, x := range s.p.Row(i) {
		sum += float64(x) * centre[j]
	}
	return sum - s.half[c]
}

// nearest labels the given rows and notes their scores; of equal scores the first centre wins. other[i] becomes a
// lower bound of the distance of row i to every centre but its own.
//
// All products are taken in float32 by one matrix product, at half the memory of float64; two of them may be
// off together by slack. So every centre within slack of the best is scored again in float64, most often the best
// alone.
func (s *scorer) nearest(rows []int, label []int32, score, other []float64, w *workspace) {
	s.multiply(rows, w)
	for n, i := range rows {
		// First pass in float32: the best score and the second, each within slack/2 of the true one.
		dots := w.dots[n*s.k : (n+1)*s.k]
		top, second := math.Inf(-1), math.Inf(-1)
		for c, dot := range dots {
			switch x := float64(dot) - s.half[c]; {
			case x > top:
				top, second = x, top
			case x > second:
				second = x
			}
		}
		// Second pass in float64, over those that may be the best.
		found := false
		for c, dot := range dots {
			if float64(dot)-s.half[c] < top-s.slack {
				continue
			}
			if exact := s.exact(i, c); !found || exact > score[i] {
				found, label[i], score[i] = true, int32(c), exact
			}
		}
		other[i] = s.distance(i, second+s.slack)
	}
}

// distance turns a score of row i into |x−c|.
func (s *scorer) distance(i int, score float64) float64 {
	return math.Sqrt(max(0, s.square[i]-2*score))
}

// workspace is what one core scores with.
type workspace struct {
	packed []float32 // [chunkRows, D]
	dots   []float32 // [chunkRows, K]
}

// workspace is made once a core and used for all of its chunks.
func (s *scorer) workspace() *workspace {
	return &workspace{make([]float32, chunkRows*s.p.D), make([]float32, chunkRows*s.k)}
}

// multiply fills w.dots with the float32 products of the rows and all centres: [n, D] times [D, K] is [n, K].
func (s *scorer) multiply(rows []int, w *workspace) {
	d, n := s.p.D, len(rows)
	for r, i := range rows {
		copy(w.packed[r*d:], s.p.Row(i))
	}
	blas32.Gemm(blas.NoTrans, blas.Trans, 1,
		blas32.General{Rows: n, Cols: d, Stride: d, Data: w.packed[:n*d]},
		blas32.General{Rows: s.k, Cols: d, Stride: d, Data: s.rounded},
		0, blas32.General{Rows: n, Cols: s.k, Stride: s.k, Data: w.dots[:n*s.k]})
}

// all labels every row.
func (s *scorer) all(label []int32, score, other []float64) {
	s.pass(label, score, other, func(int) bool { return false })
}

// pass labels every row but those that settled says are with their nearest centre still; settled notes their
// scores itself.
func (s *scorer) pass(label []int32, score, other []float64, settled func(i int) bool) {
	share((s.p.N+chunkRows-1)/chunkRows, func() func(int) {
		w := s.workspace()
		rows := make([]int, 0, chunkRows)
		return func(chunk int) {
			rows = rows[:0]
			for i := chunk * chunkRows; i < min((chunk+1)*chunkRows, s.p.N); i++ {
				if !settled(i) {
					rows = append(rows, i)
				}
			}
			if len(rows) > 0 {
				s.nearest(rows, label, score, other, w)
			}
		}
	})
}

// share runs the parts 0..n−1 on all cores. worker is called once a core and returns what does one part; parts
// must not write to the same places. Which core does which part is chance, and may be: no sum crosses parts.
func share(n int, worker func() func(part int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			do := worker()
			for part := int(next.Add(1)) - 1; part < n; part = int(next.Add(1)) - 1 {
				do(part)
			}
		})
	}
	wait.Wait()
}

// total turns scores into the cost Σ |x−c|² = Σ 1 − 2·score, in row order.
func total(score []float64) float64 {
	sum := 0.0
	for _, s := range score {
		sum += 1 - 2*s
	}
	return sum
}
