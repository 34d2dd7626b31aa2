package kmeans

import (
	"context"
	"math/rand/v2"
)

// polish is the number of Lloyd's passes after mini-batches: they give lost centres a row and settle the rest.
const polish = 2

// seedRows bounds the sample that starts are drawn from, as a multiple of K.
const seedRows = 50

// miniBatch draws batches of rows with replacement. Each row pulls its centre's running mean by one over the
// number of rows that the centre has seen (Sculley 2010). The first row replaces the start, the second weighs a
// half, the tenth a tenth: the mean of all rows seen, without keeping them. Lloyd's passes follow (polish).
func miniBatch(ctx context.Context, p Points, o Options, rng *rand.Rand) ([]float64, error) {
	centres, err := seed(ctx, sample(p, max(seedRows*o.K, o.BatchSize), rng), o.K, rng)
	if err != nil {
		return nil, err
	}
	m := &running{mean: append([]float64(nil), centres...), seen: make([]float64, o.K)}
	label, score, other := make([]int32, o.BatchSize), make([]float64, o.BatchSize), make([]float64, o.BatchSize)
	steps := (o.Epochs*p.N + o.BatchSize - 1) / o.BatchSize
	for range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := sample(p, o.BatchSize, rng)
		newScorer(batch, batch.squares(), centres).all(label[:batch.N], score[:batch.N], other[:batch.N])
		for i := range batch.N {
			m.pull(int(label[i]), batch.Row(i))
		}
		centres = m.centres(centres, p.D, o.Spherical)
	}
	return centres, nil
}

// sample copies n rows drawn with replacement; all rows where there are no more than n, without a copy.
func sample(p Points, n int, rng *rand.Rand) Points {
	if p.N <= n {
		return p
	}
	out := NewPoints(n, p.D)
	for i := range n {
		copy(out.Row(i), p.Row(rng.IntN(p.N)))
	}
	return out
}

// running holds the mean of the rows that each centre has seen, over all batches: a centre is the mean of all its
// rows so far, not of the last batch, and settles as the count grows.
type running struct {
	mean []float64 // [K, D]
	seen []float64 // [K]
}

// pull moves the mean of centre c towards a row.
func (m *running) pull(c int, row []float32) {
	m.seen[c]++
	rate := 1 / m.seen[c]
	mean := m.mean[c*len(row) : (c+1)*len(row)]
	for j, x := range row {
		mean[j] += rate * (float64(x) - mean[j])
	}
}

// centres returns the means, as unit vectors where spherical; one of no length keeps its old centre. The means
// themselves are not scaled: the next row must be weighed against all before it.
func (m *running) centres(old []float64, d int, spherical bool) []float64 {
	out := append([]float64(nil), m.mean...)
	for c := 0; spherical && c < len(m.seen); c++ {
		centre := out[c*d : (c+1)*d]
		size := length(centre)
		if size < 1e-9 {
			copy(centre, old[c*d:(c+1)*d])
			continue
		}
		for j := range centre {
			centre[j] /= size
		}
	}
	return out
}
