package kmeans

import (
	"context"
	"math"
	"math/rand/v2"
	"sort"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"hives/internal/fault"
)

// resolution is the cost below which float32 cannot tell a row from a centre.
const resolution = 1e-6

// seed draws k rows as centres: the first evenly, each further one with a chance that grows with its cost at the
// nearest centre so far. Of 2+⌊ln k⌋ candidates a draw the one that lowers the whole cost most is taken.
//
// So starts lie apart, and most groups get one: rows near a centre cost next to nothing and are hardly drawn
// again. Even draws put several starts into a large group and none into a small one, and Lloyd's passes cannot
// mend that.
func seed(ctx context.Context, p Points, k int, rng *rand.Rand) ([]float64, error) {
	d := &draw{p: p, cost: make([]float64, p.N), sums: make([]float64, p.N)}
	for i := range d.cost {
		d.cost[i] = math.Inf(1)
	}
	// Eight for 500 centres: each is scored against all rows, so a start costs K·8 products of N rows.
	candidates := 2 + int(math.Log(float64(k)))
	var chosen []int
	for len(chosen) < k {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(chosen) == 0 {
			chosen = append(chosen, d.take([]int{rng.IntN(p.N)}))
			continue
		}
		rows, ok := d.candidates(candidates, rng)
		if !ok {
			return nil, fault.New(fault.Invalid, "kmeans: only %d different vectors for %d centres; lower k", len(chosen), k)
		}
		chosen = append(chosen, d.take(rows))
	}
	centres := make([]float64, 0, k*p.D)
	for _, i := range chosen {
		for _, x := range p.Row(i) {
			centres = append(centres, float64(x))
		}
	}
	return centres, nil
}

// draw is the state of a seeding.
type draw struct {
	p    Points
	cost []float64 // [N] at the nearest centre chosen so far
	sums []float64 // [N] running sums of cost
}

// candidates draws n rows in proportion to their cost; false where every row is a centre already. It is a look-up
// of a random point in running sums: with the costs 0, 3, 1 the points below 3 are row 1, those from 3 to 4 row
// 2.
func (d *draw) candidates(n int, rng *rand.Rand) ([]int, bool) {
	sum := 0.0
	for i, c := range d.cost {
		sum += c
		d.sums[i] = sum
	}
	if sum == 0 {
		return nil, false
	}
	rows := make([]int, n)
	for t := range rows {
		point := rng.Float64() * sum
		// point < sum in exact arithmetic; the bound covers the rounding of the product.
		rows[t] = min(sort.Search(d.p.N, func(i int) bool { return d.sums[i] > point }), d.p.N-1)
	}
	return rows, true
}

// take enters the best of the candidates as a centre and returns it. The best is the one after which the whole
// cost is lowest: Σ min(cost now, cost at the candidate).
func (d *draw) take(rows []int) int {
	n := len(rows)
	fresh := d.costs(rows)
	best, lowest := 0, math.Inf(1)
	for t := range rows {
		sum := 0.0
		for i, c := range d.cost {
			sum += min(c, fresh[i*n+t])
		}
		if sum < lowest {
			best, lowest = t, sum
		}
	}
	for i := range d.cost {
		d.cost[i] = min(d.cost[i], fresh[i*n+best])
	}
	return rows[best]
}

// costs returns |x−c|² = 2 − 2·x·c of every row at every candidate, [N, n]. Costs below resolution count as none:
// a row that equals a centre must not be drawn for the rounding of its product.
func (d *draw) costs(rows []int) []float64 {
	n := len(rows)
	centres := make([]float32, 0, n*d.p.D)
	for _, i := range rows {
		centres = append(centres, d.p.Row(i)...)
	}
	out := make([]float64, d.p.N*n)
	share((d.p.N+chunkRows-1)/chunkRows, func() func(int) {
		dots := make([]float32, chunkRows*n)
		return func(chunk int) {
			from := chunk * chunkRows
			to := min(from+chunkRows, d.p.N)
			blas32.Gemm(blas.NoTrans, blas.Trans, 1,
				blas32.General{Rows: to - from, Cols: d.p.D, Stride: d.p.D, Data: d.p.Data[from*d.p.D : to*d.p.D]},
				blas32.General{Rows: n, Cols: d.p.D, Stride: d.p.D, Data: centres},
				0, blas32.General{Rows: to - from, Cols: n, Stride: n, Data: dots[:(to-from)*n]})
			for j, dot := range dots[:(to-from)*n] {
				if cost := 2 - 2*float64(dot); cost > resolution {
					out[from*n+j] = cost
				}
			}
		}
	})
	return out
}
