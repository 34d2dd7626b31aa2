package values

import (
	"context"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"hives/metrics"
)

// minGroups is the least number of groups a spread is given for, as for the intervals of package metrics.
const minGroups = 5

// moved holds how far a vector went: its cosine with each draw's.
type moved []float64

// spread draws the groups of all rows anew and computes every vector, and every theory's mean, under each draw.
// One draw is in memory at a time. Nodes are computed side by side, each by one goroutine, so the sums do not
// depend on the number of processors.
func (b *builder) spread(ctx context.Context) error {
	sums := make([]moved, len(b.nodes))
	groups := distinct(b.labels.Group)
	weights := make([]float64, len(b.rows))
	for k := range b.options.Resamples {
		drawn := metrics.Draw(groups, k, b.options.Seed)
		for i, g := range b.labels.Group {
			weights[i] = drawn[g]
		}
		if err := b.draw(ctx, weights, sums); err != nil {
			return err
		}
	}
	for at := range sums {
		if v := &b.set.Values[at]; v.Groups >= minGroups {
			v.Spread = sums[at].spread()
		}
	}
	return nil
}

// draw adds one resample to the sums.
func (b *builder) draw(ctx context.Context, weights []float64, sums []moved) error {
	means := map[*tree][]float64{}
	for _, t := range b.trees {
		means[t] = centroid(b.vectors, t.rows, weights)
	}
	pool, ctx := errgroup.WithContext(ctx)
	pool.SetLimit(runtime.GOMAXPROCS(0))
	for at, n := range b.nodes {
		if n.kind == Absent {
			continue
		}
		pool.Go(func() error {
			if x := n.at(b.vectors, means[n.tree], weights); x != nil {
				sums[at].add(n.vector, x)
			}
			return ctx.Err()
		})
	}
	return pool.Wait()
}

// add compares two unit vectors.
func (m *moved) add(a, b []float64) {
	var cosine float64
	for k := range a {
		cosine += a[k] * b[k]
	}
	*m = append(*m, max(-1, min(1, cosine))) // rounding
}

// spread is nil without a draw.
func (m moved) spread() *Spread {
	if len(m) == 0 {
		return nil
	}
	slices.Sort(m)
	n := float64(len(m))
	var sum, squares float64
	for _, cosine := range m {
		sum += cosine
		angle := math.Acos(cosine)
		squares += angle * angle
	}
	return &Spread{Draws: len(m), Cosine: sum / n, Low: m[len(m)/40], Degrees: math.Sqrt(squares/n) * 180 / math.Pi}
}
