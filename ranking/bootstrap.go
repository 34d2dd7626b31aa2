package ranking

import (
	"context"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/stat"

	"hives/internal/fault"
)

// Bootstrapped are utilities fitted to resampled rankings. The point estimate stays the fit to all of them: the
// median of the draws is biased towards the ends, since a draw leaves out a third of the rankings.
type Bootstrapped struct {
	Theta  [][]float64 // [B][N] centred
	SD     []float64   // [N] over draws, divisor B−1
	Lo, Hi []float64   // [N] the percentile interval of 95 %
}

// Resample draws B sets of multinomial counts: counts[b][r] is how often ranking r is in draw b, R in all. A draw
// depends on the seed and its own number alone: the first 50 of 200 are the 50 of a shorter run.
//
//	5 rankings, one draw of 5 with replacement: 3 0 3 1 4     counts 1 1 0 2 1
func Resample(seed uint64, draws, rankings int) [][]float64 {
	counts := make([][]float64, draws)
	for b := range counts {
		random := Stream("ranking bootstrap", seed, itoa(b))
		counts[b] = make([]float64, rankings)
		for range rankings {
			counts[b][random.IntN(rankings)]++
		}
	}
	return counts
}

// Bootstrap fits each draw of counts, [B][R] as Resample makes them, from the point estimate on. An item that a draw
// does not hold is where the prior puts it, so a prior is needed. A third of the rankings is missing from each draw
// (each with probability (1 − 1/R)^R → 1/e), so a draw's graph may fall apart although the data's does not: that is
// allowed here. Memory B·N numbers; the draws share the processors, and no result hangs on their number.
//
// It assumes only that rankings are alike and independent, where Errors takes the model's own word for their noise.
// Starting from the point estimate saves steps and changes no result beyond 1e-8. A cancelled context ends it between
// two draws.
func Bootstrap(ctx context.Context, r *Rankings, prior Prior, point *Fitted,
	counts [][]float64) (*Bootstrapped, error) {
	if prior.kind == noPrior {
		return nil, fault.New(fault.Invalid, "ranking: a bootstrap needs a prior: a draw may leave an item without a loss")
	}
	if len(counts) < 2 {
		return nil, fault.New(fault.Invalid, "ranking: %d draws: a bootstrap needs two at least", len(counts))
	}
	b := &Bootstrapped{Theta: make([][]float64, len(counts))}
	pool, ctx := errgroup.WithContext(ctx)
	pool.SetLimit(runtime.GOMAXPROCS(0))
	for draw := range counts {
		pool.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			drawn, err := r.Reweighted(counts[draw])
			if err != nil {
				return err
			}
			f, err := Fit(drawn, prior, AllowDisconnected(), From(point.Theta))
			if err != nil {
				return err
			}
			b.Theta[draw] = f.Theta
			return nil
		})
	}
	if err := pool.Wait(); err != nil {
		return nil, err
	}
	b.summarise(r.items)
	return b, nil
}

// summarise fills SD and the interval of each item. The interval needs some hundred draws: of 40 the .025 quantile
// lies between the smallest and the second.
func (b *Bootstrapped) summarise(items int) {
	draws := make([]float64, len(b.Theta))
	for item := range items {
		for at, theta := range b.Theta {
			draws[at] = theta[item]
		}
		b.SD = append(b.SD, stat.StdDev(draws, nil))
		slices.Sort(draws)
		b.Lo = append(b.Lo, Quantile(draws, .025))
		b.Hi = append(b.Hi, Quantile(draws, .975))
	}
}

// Quantile of sorted numbers by linear interpolation between the two nearest ranks, rank 0 being the smallest: of
// 10, 20, 30, 40 the quantile .5 lies at rank 1.5 and is 25. NaN of none.
func Quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	rank := share * float64(len(sorted)-1)
	below := min(int(rank), len(sorted)-1)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (rank-float64(below))*(sorted[above]-sorted[below])
}
