package kmeans

import (
	"context"
	"math/rand/v2"

	"hives/internal/fault"
)

// Options of a fit.
type Options struct {
	K         int
	Spherical bool
	Restarts  int     // fits from different starts, of which the cheapest is kept
	MaxPasses int     // most passes of Lloyd's algorithm over all rows in one restart
	Tolerance float64 // stop when a pass lowers the cost by less than this share; 0 waits for no change at all
	BatchSize int     // rows of a mini-batch; 0 runs Lloyd's algorithm
	Epochs    int     // rows drawn for mini-batches, as a multiple of N
	Seed      uint64

	// Progress, if set, is called after each restart with its cost.
	Progress func(restart int, cost float64)
}

// Defaults are 10 restarts of spherical k-means with Lloyd's algorithm.
func Defaults(k int) Options {
	return Options{K: k, Spherical: true, Restarts: 10, MaxPasses: 300, Tolerance: 1e-5, Epochs: 5}
}

// validate refuses options that n rows cannot satisfy.
func (o Options) validate(n int) error {
	switch {
	case o.K < 1:
		return fault.New(fault.Invalid, "kmeans: %d centres asked for; want at least 1", o.K)
	case n < o.K:
		return fault.New(fault.Invalid, "kmeans: %d vectors are fewer than the %d centres asked for; lower k", n, o.K)
	case o.Restarts < 1 || o.MaxPasses < 1:
		return fault.New(fault.Invalid, "kmeans: %d restarts of at most %d passes; want at least 1 each", o.Restarts,
			o.MaxPasses)
	case !(o.Tolerance >= 0 && o.Tolerance < 1):
		return fault.New(fault.Invalid, "kmeans: tolerance %v is not in [0, 1)", o.Tolerance)
	case o.BatchSize < 0 || (o.BatchSize > 0 && o.Epochs < 1):
		return fault.New(fault.Invalid, "kmeans: mini-batches of %d rows over %d epochs; want positive numbers",
			o.BatchSize, o.Epochs)
	}
	return nil
}

// Result is the cheapest of the restarts. Labels, scores and cost are of the centres as they stand: each row is
// with the centre that is best for it, to the last bit of float64.
//
// Invariant: Cost = Σ (1 − 2·Score), and, unless the passes were used up, Label[i] is the first of the centres with
// the highest score of row i.
type Result struct {
	Centres []float64 // [K, D]
	Label   []int32   // [N] centre of each row
	Score   []float64 // [N] x·c − |c|²/2: what Label maximises
	Cost    float64   // Σ |x−c|², scikit-learn's inertia
	Passes  int       // of Lloyd's algorithm over all rows
	Restart int       // which one it was
	Costs   []float64 // of every restart
}

// Fit groups the rows of p. The caller owes unit rows: the cost of a row is then 1 − 2·score, without its length.
// k-means ends in a local minimum that depends on its start, hence the restarts; on ties the earlier one is kept.
func Fit(ctx context.Context, p Points, o Options) (*Result, error) {
	if err := o.validate(p.N); err != nil {
		return nil, err
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	var best *Result
	var costs []float64
	for r := range o.Restarts {
		one, err := restart(ctx, p, o, r)
		if err != nil {
			return nil, err
		}
		if costs = append(costs, one.Cost); best == nil || one.Cost < best.Cost {
			best = one
		}
		if o.Progress != nil {
			o.Progress(r, one.Cost)
		}
	}
	best.Costs = costs
	return best, nil
}

// restart is one fit from its own start, drawn with (seed, r) and nothing else: restart 3 is the same whether ten
// or four are asked for.
func restart(ctx context.Context, p Points, o Options, r int) (*Result, error) {
	rng := rand.New(rand.NewPCG(o.Seed, uint64(r)))
	var centres []float64
	var err error
	if o.BatchSize > 0 {
		centres, err = miniBatch(ctx, p, o, rng)
		o.MaxPasses = min(o.MaxPasses, polish)
	} else {
		centres, err = seed(ctx, p, o.K, rng)
	}
	if err != nil {
		return nil, err
	}
	one, err := lloyd(ctx, p, centres, o)
	if err == nil {
		one.Restart = r
	}
	return one, err
}

// Cost is Σ |x−c|² of an assignment with its own best centres: what any program's labels can be compared by.
// Groups without rows cost nothing. label is [N] of 0 … k−1.
func Cost(p Points, label []int32, k int, spherical bool) float64 {
	s := newScorer(p, nil, update(p, label, make([]float64, k*p.D), spherical))
	score := make([]float64, p.N)
	for i := range score {
		score[i] = s.exact(i, int(label[i]))
	}
	return total(score)
}
