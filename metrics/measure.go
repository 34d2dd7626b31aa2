package metrics

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"hives/internal/fault"
)

// shards is the number of parts the anchors are cut into. It is fixed, and parts are merged in order, so
// a result does not depend on the number of processors.
const shards = 16

// maxRankedPairs bounds the memory of Spearman: sixteen bytes a pair. Beyond 8,944 items it is NaN;
// Pearson needs no list of pairs.
const maxRankedPairs = 40_000_000

// Options of Measure. What is not asked for costs nothing: the correlation of one corpus needs no order of candidates.
type Options struct {
	Neighbours      int  // nearest neighbours kept for each item and scope
	Spearman        bool // also rank all pairs; needs affinities that are multiples of .5 below 4
	CorrelationOnly bool // no ranking, direction, distances and neighbours
}

// View is some of the vectors' rows, as what they are annotated with: all rows, one row of each text, one corpus.
type View struct {
	Pairs Pairs
	Rows  []int // [N] item i is this row of the vectors; nil: row i
	Options
}

// Measurement holds everything that one pass over all (anchor, candidate) pairs gives, by scope.
// Ranking[WithinCorpus] and its like are what claims rest on; All is what a vector that knows the source alone
// does well in.
type Measurement struct {
	Ranking     [Scopes]Ranking
	Direction   [Scopes]Ranking // bins 0 and 1 only, among judged rows
	Correlation [Scopes]Correlation
	Distances   [Scopes]Distances
	Neighbours  [Scopes][][]int32 // [N][≤ K], nearest first
}

// Measure is MeasureViews of one view over all rows.
func Measure(ctx context.Context, v *Vectors, p Pairs, o Options) (*Measurement, error) {
	if v.Len() != p.Len() {
		return nil, fault.New(fault.Mismatch, "metrics: %d vectors for %d labelled items", v.Len(), p.Len())
	}
	out, err := MeasureViews(ctx, v, []View{{Pairs: p, Options: o}})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Correlations computes only the correlation, by scope.
func Correlations(ctx context.Context, v *Vectors, p Pairs) ([Scopes]Correlation, error) {
	m, err := Measure(ctx, v, p, Options{CorrelationOnly: true})
	if err != nil {
		return [Scopes]Correlation{}, err
	}
	return m.Correlation, nil
}

// MeasureViews sees every vector once as an anchor, and lets all views read the same cosines in the same order:
// O(U² (D + log U)) time for U distinct vectors, and a few operations a pair of items and view; O(N) memory besides
// Spearman's. Rows of one text share a vector, and controls have few: a one-hot vector of the theory has four.
func MeasureViews(ctx context.Context, v *Vectors, views []View) ([]*Measurement, error) {
	distinct := v.distinct()
	layouts := make([]*layout, len(views))
	var laying errgroup.Group
	laying.SetLimit(runtime.GOMAXPROCS(0))
	for at, view := range views {
		laying.Go(func() error {
			if view.Rows != nil && len(view.Rows) != view.Pairs.Len() {
				return fault.New(fault.Mismatch, "metrics: %d vectors for %d labelled items", len(view.Rows), view.Pairs.Len())
			}
			layouts[at] = newLayout(v, view, distinct)
			return nil
		})
	}
	if err := laying.Wait(); err != nil {
		return nil, err
	}
	var parts [shards][]*visitor // [shards][views]
	pool, ctx := errgroup.WithContext(ctx)
	pool.SetLimit(runtime.GOMAXPROCS(0))
	bounds := shardBounds(distinct)
	for part := range shards {
		pool.Go(func() (err error) {
			parts[part], err = visitAll(ctx, v, distinct, layouts, bounds[part], bounds[part+1])
			return err
		})
	}
	if err := pool.Wait(); err != nil {
		return nil, err
	}
	out := make([]*Measurement, len(views))
	for at, l := range layouts {
		first := parts[0][at]
		for _, part := range parts[1:] {
			first.merge(part[at])
			part[at] = nil // its keys are many
		}
		out[at] = first.finish()
		out[at].Neighbours = l.neighbours
	}
	return out, nil
}

// shardBounds cuts the distinct vectors so that every shard has about as many rows: [shards+1]. Vectors alone would not
// do: of the one-hot vectors of two corpora one may have nine tenths of the rows.
func shardBounds(d *distinct) []int {
	bounds := make([]int, shards+1)
	rows, part := 0, 1
	for u, count := range d.count {
		rows += count
		for part < shards && rows*shards >= part*len(d.of) {
			bounds[part] = u + 1
			part++
		}
	}
	for ; part <= shards; part++ {
		bounds[part] = len(d.count)
	}
	return bounds
}

// block is how many anchors' cosines are computed together: candidates are then read from memory once for all of
// them, which would else set the pace.
const block = 64

// visitAll does one shard's anchors, the distinct vectors lo … hi−1, for every view. Cosines and their order are made
// once a vector and read by all views.
func visitAll(ctx context.Context, v *Vectors, d *distinct, layouts []*layout, lo, hi int) ([]*visitor, error) {
	visitors := make([]*visitor, len(layouts))
	ranked := false
	for at, l := range layouts {
		visitors[at] = newVisitor(l)
		ranked = ranked || !l.o.CorrelationOnly
		if l.o.Spearman {
			visitors[at].room = l.pairsFrom(lo, hi)
		}
	}
	cosines := make([][]float64, block)
	for k := range cosines {
		cosines[k] = make([]float64, len(d.first))
	}
	var order order
	for ; lo < hi; lo += block {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(block, hi-lo)
		d.cosines(v, lo, cosines[:n])
		for k := range n {
			if ranked {
				order.sort(cosines[k])
			}
			for _, w := range visitors {
				w.visit(lo+k, cosines[k], &order)
			}
		}
	}
	return visitors, nil
}
