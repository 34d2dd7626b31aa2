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

// moved holds how far a vector went: its cosine with each draw's. 1 is where it was, 0 at right angles. A value of few
// groups has cosines that vary much: two builds of its vector from other texts of the same people would differ as much.
type moved []float64

// weigh gives each corpus of a signed vector the reciprocal of its difference's variance, the mean squared
// distance of redrawn differences from it, and computes the vector anew. It has work only where a value rests on
// two corpora.
//
// Of independent measurements of one thing with variances s₁ and s₂, the mean with weights 1/s₁ and 1/s₂ has the
// least variance. If under redrawing one corpus's difference moves by .1 in mean square and the other's by .4,
// they weigh .8 and .2.
func (b *builder) weigh(ctx context.Context) error {
	var several []*node
	for _, n := range b.nodes {
		if len(n.sides) > 1 {
			several = append(several, n)
		}
	}
	if len(several) == 0 || b.options.Resamples < minGroups {
		return nil
	}
	squares := make([][]moved, len(several)) // by node and corpus
	for at, n := range several {
		squares[at] = make([]moved, len(n.sides))
	}
	// Only the corpora's own differences are redrawn here, a few vectors a node; the whole vectors come later
	// (spread).
	err := b.redraw(ctx, len(several), func(at int, weights []float64) {
		for k, s := range several[at].sides {
			whole := metrics.Direction(b.vectors, s.supports, s.opposes, nil)
			if x := metrics.Direction(b.vectors, s.supports, s.opposes, weights); x != nil && whole != nil {
				squares[at][k].add(whole, x)
			}
		}
	}, nil)
	if err != nil {
		return err
	}
	for at, n := range several {
		for k := range n.sides {
			n.sides[k].weight = 1 / max(squares[at][k].variance(), minLength)
		}
		share(n.sides)
		n.vector = n.signed(b.vectors, nil)
	}
	return nil
}

// variance is the mean squared distance of unit vectors with these cosines: |a − b|² = 2 − 2·cos. Distances
// rather than angles, since it is vectors that are averaged.
func (m moved) variance() float64 {
	var sum float64
	for _, cosine := range m {
		sum += 2 - 2*cosine
	}
	return sum / max(1, float64(len(m)))
}

// spread draws the groups of the training rows anew and computes every vector, and what its theory is centred by,
// under each draw; the corpora's weights stay. 200 draws of a vector give 200 cosines with it: their mean, the
// 6th lowest, and √(mean angle²) are what the file holds.
func (b *builder) spread(ctx context.Context) error {
	sums := make([]moved, len(b.nodes))
	// The means that prototypes are centred by move with the draw, too: a copy of each theory holds the drawn
	// ones.
	trees := map[*tree]*tree{}
	centre := func(weights []float64) {
		for _, t := range b.trees {
			drawn := *t
			drawn.centre(b.vectors, b.options.Sides, weights)
			trees[t] = &drawn
		}
	}
	err := b.redraw(ctx, len(b.nodes), func(at int, weights []float64) {
		n := b.nodes[at]
		if n.kind.vectorless() {
			return
		}
		if x := n.at(b.vectors, trees[n.tree], b.options.Sides, weights); x != nil {
			sums[at].add(n.vector, x)
		}
	}, centre)
	if err != nil {
		return err
	}
	for at := range sums {
		if v := &b.set.Values[at]; v.Groups >= minGroups {
			v.Spread = sums[at].spread()
		}
	}
	return nil
}

// redraw calls visit for each of n items under every draw, after before (may be nil). One draw is in memory at a
// time. Items are visited side by side, each by one goroutine a draw, so sums do not depend on the number of
// processors. weights is [training rows], the same slice for every draw: visit must not keep it.
func (b *builder) redraw(ctx context.Context, n int, visit func(at int, weights []float64),
	before func(weights []float64)) error {
	groups := distinct(b.labels.Group[:b.train])
	weights := make([]float64, b.train)
	for k := range b.options.Resamples {
		// A group drawn twice counts twice, with all of its rows.
		drawn := metrics.Draw(groups, k, b.options.Seed)
		for i := range weights {
			weights[i] = drawn[b.labels.Group[i]]
		}
		if before != nil {
			before(weights)
		}
		pool, ctx := errgroup.WithContext(ctx)
		pool.SetLimit(runtime.GOMAXPROCS(0))
		for at := range n {
			pool.Go(func() error {
				visit(at, weights)
				return ctx.Err()
			})
		}
		if err := pool.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// add compares two unit vectors. A cosine beyond 1 by a rounding would have no angle.
func (m *moved) add(a, b []float64) {
	var cosine float64
	for k := range a {
		cosine += a[k] * b[k]
	}
	*m = append(*m, max(-1, min(1, cosine))) // rounding
}

// spread is nil without a draw. Low is the cosine at a fortieth of the draws (2.5 %), the lowest for fewer than
// 40.
//
//	cosines .99, .97, .98     cosine .98, low .97, √(mean of 8.1², 14.1², 11.5²) = 11.5°
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
