package kmeans

import (
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// chunkRows is how many rows are scored by one matrix product: a fixed number, so that no result depends
// on the number of cores.
const chunkRows = 256

// scorer finds nearest centres. The score x·c − |c|²/2 orders centres as −|x−c|² does.
type scorer struct {
	p       Points
	k       int
	centres []float64 // [K, D]
	rounded []float32 // [K, D]
	half    []float64 // [K] |c|²/2
	slack   float64   // most by which two float32 scores can be off together
}

func newScorer(p Points, centres []float64) *scorer {
	k := len(centres) / p.D
	s := &scorer{p: p, k: k, centres: centres, rounded: make([]float32, len(centres)), half: make([]float64, k)}
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

// nearest labels the rows [from, to) and notes their scores; of equal scores the first centre wins.
func (s *scorer) nearest(from, to int, label []int32, score []float64, dots []float32) {
	s.multiply(from, to, dots)
	for i := from; i < to; i++ {
		row := dots[(i-from)*s.k : (i-from+1)*s.k]
		top := float64(row[0]) - s.half[0]
		for c, dot := range row {
			top = max(top, float64(dot)-s.half[c])
		}
		found := false
		for c, dot := range row {
			if float64(dot)-s.half[c] < top-s.slack {
				continue
			}
			if exact := s.exact(i, c); !found || exact > score[i] {
				found, label[i], score[i] = true, int32(c), exact
			}
		}
	}
}

// multiply fills dots [to−from, K] with the float32 products of rows and centres.
func (s *scorer) multiply(from, to int, dots []float32) {
	d, n := s.p.D, to-from
	blas32.Gemm(blas.NoTrans, blas.Trans, 1,
		blas32.General{Rows: n, Cols: d, Stride: d, Data: s.p.Data[from*d : to*d]},
		blas32.General{Rows: s.k, Cols: d, Stride: d, Data: s.rounded},
		0, blas32.General{Rows: n, Cols: s.k, Stride: s.k, Data: dots[:n*s.k]})
}

// all labels every row.
func (s *scorer) all(label []int32, score []float64) {
	share((s.p.N+chunkRows-1)/chunkRows, func() func(int) {
		dots := make([]float32, chunkRows*s.k)
		return func(chunk int) {
			from := chunk * chunkRows
			s.nearest(from, min(from+chunkRows, s.p.N), label, score, dots)
		}
	})
}

// share runs the parts 0..n−1 on all cores. worker is called once a core and returns what does one part;
// parts must not write to the same places.
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
