package metrics

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"hives/internal/fault"
)

// shards is the number of parts the anchors are cut into. It is fixed, and parts are merged in order, so
// a result does not depend on the number of processors.
const shards = 16

// maxRankedPairs bounds the memory of Spearman: eight bytes a pair and scope.
const maxRankedPairs = 40_000_000

// Options of Measure.
type Options struct {
	Neighbours int  // nearest neighbours kept for each item and scope
	Spearman   bool // also rank all pairs; needs affinities that are multiples of .5 below 4
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

// Measure visits every anchor once: O(N² (D + log N)) time, O(N) memory besides Spearman's.
//
// The caller owes pairs over the same N items as the vectors. Ranking, direction, correlation, distances and
// neighbours all come from one pass, since each needs the same N² cosines, and most the same sort.
func Measure(ctx context.Context, v *Vectors, p Pairs, o Options) (*Measurement, error) {
	n := p.Len()
	if v.Len() != n {
		return nil, fault.New(fault.Mismatch, "metrics: %d vectors for %d labelled items", v.Len(), n)
	}
	if n*(n-1)/2 > maxRankedPairs {
		o.Spearman = false
	}
	m := &Measurement{}
	for s := range m.Neighbours {
		m.Neighbours[s] = make([][]int32, n)
	}
	centre := v.meanCosine()
	var parts [shards]*visitor
	pool, ctx := errgroup.WithContext(ctx)
	pool.SetLimit(runtime.GOMAXPROCS(0))
	for part := range shards {
		pool.Go(func() error {
			w := newVisitor(v, p, o, m, centre)
			parts[part] = w
			for a := part * n / shards; a < (part+1)*n/shards; a++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				w.visit(a)
			}
			return nil
		})
	}
	if err := pool.Wait(); err != nil {
		return nil, err
	}
	for _, w := range parts[1:] {
		parts[0].merge(w)
	}
	parts[0].finish(m)
	return m, nil
}

// visitor does the anchors of one shard. An anchor is any item, in turn: every item is once the one from which
// the others are seen.
//
// Its scratch is reused from anchor to anchor: N numbers a shard, not N² for the whole.
type visitor struct {
	v    *Vectors
	p    Pairs
	o    Options
	m    *Measurement // only the rows of own anchors are written
	rank []*rankSums
	corr [Scopes]*corrSums
	dist [Scopes]*distanceSums

	cosines, affinity []float64   // [N] scratch
	rel               []Relation  // [N] scratch
	sorted            []candidate // [N] scratch
}

// newVisitor allocates the sums and scratch of one shard. m is shared by all shards, each of which writes the
// neighbours of its own anchors and nothing else.
func newVisitor(v *Vectors, p Pairs, o Options, m *Measurement, centre float64) *visitor {
	n := p.Len()
	w := &visitor{
		v: v, p: p, o: o, m: m,
		cosines: make([]float64, n), affinity: make([]float64, n), rel: make([]Relation, n), sorted: make([]candidate, n),
	}
	for _, t := range rankTasks() {
		w.rank = append(w.rank, newRankSums(t, p.Groups()))
	}
	for s := All; s < Scopes; s++ {
		w.corr[s] = newCorrSums(s, p.Groups(), centre, o.Spearman)
		w.dist[s] = &distanceSums{need: s.need()}
	}
	return w
}

// visit sorts all items by cosine to anchor a once and lets every sum read the same order.
func (w *visitor) visit(a int) {
	w.p.Relate(a, w.rel)
	w.p.Affinity(a, w.affinity)
	for x := range w.cosines {
		w.cosines[x] = w.v.Cosine(a, x)
		w.sorted[x] = candidate{w.cosines[x], int32(x), w.rel[x]}
	}
	slices.SortFunc(w.sorted, ascending)
	group := w.p.Group(a)
	for _, sums := range w.rank {
		sums.add(w.sorted, group, w.p.Group)
	}
	for s := All; s < Scopes; s++ {
		w.corr[s].add(a, group, w.cosines, w.affinity, w.rel)
		w.dist[s].add(w.cosines, w.rel)
		w.m.Neighbours[s][a] = nearest(nil, w.sorted, s.need(), w.o.Neighbours)
	}
}

// ascending orders by cosine, of equal ones the later item first, so that reading from the end meets the
// earlier first. Cosines are finite, which spares the comparisons that cmp.Compare makes for NaN.
func ascending(x, y candidate) int {
	switch {
	case x.cosine < y.cosine:
		return -1
	case x.cosine > y.cosine:
		return 1
	}
	return int(y.item) - int(x.item)
}

// merge adds the next shard's sums.
func (w *visitor) merge(o *visitor) {
	for t := range w.rank {
		w.rank[t].merge(o.rank[t])
	}
	for s := range w.corr {
		w.corr[s].merge(o.corr[s])
		w.dist[s].merge(o.dist[s])
	}
}

// finish turns sums into figures. rank holds the tasks in the order of rankTasks: the scopes' rankings, then
// their directions.
func (w *visitor) finish(m *Measurement) {
	for s := All; s < Scopes; s++ {
		m.Ranking[s] = w.rank[s].result()
		m.Direction[s] = w.rank[Scopes+s].result()
		m.Correlation[s] = w.corr[s].result()
		m.Distances[s] = w.dist[s].result()
	}
}

// Correlations computes only the correlation, by scope: for further affinities on the same vectors. It does
// without the sort that Measure pays for rankings, and without shards, so its sums run over the anchors in order.
func Correlations(ctx context.Context, v *Vectors, p Pairs) ([Scopes]Correlation, error) {
	var sums [Scopes]*corrSums
	var out [Scopes]Correlation
	centre := v.meanCosine()
	for s := range sums {
		sums[s] = newCorrSums(Scope(s), p.Groups(), centre, false)
	}
	n := p.Len()
	cosines, affinity, rel := make([]float64, n), make([]float64, n), make([]Relation, n)
	for a := range n {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		p.Relate(a, rel)
		p.Affinity(a, affinity)
		for x := range cosines {
			cosines[x] = v.Cosine(a, x)
		}
		for s := range sums {
			sums[s].add(a, p.Group(a), cosines, affinity, rel)
		}
	}
	for s := range sums {
		out[s] = sums[s].result()
	}
	return out, nil
}
