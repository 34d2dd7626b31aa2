package values

import (
	"slices"

	"hives/metrics"
)

// Sides says where the two sides of a signed vector are taken from. Rows pooled over corpora tell these apart
// rather than sides: such vectors told two corpora's supporting texts apart with AUC .965, and were right of .54
// of held-out rows (docs/VALUES.md).
type Sides string

// Corpora differ in style, and one has nearly all supporting and another all opposing rows: a difference of pooled
// means tells corpora apart rather than sides (measured in docs/VALUES.md). So sides come from within corpora.
const (
	Within Sides = "within" // the mean of the corpora's own differences
	Pooled Sides = "pooled" // the paper's: all supporting rows against all opposing ones
)

// side is a corpus that has both sides of a value.
type side struct {
	corpus            int32
	supports, opposes []int
	weight            float64 // of its difference among the corpora's; they add up to one
}

// sidesWithin returns the corpora with at least MinSide training rows on each side of a node, by corpus id. Their
// weights are the reciprocals of what the differences' variance would be if all rows scattered alike; weigh puts
// what the bootstrap found in their place. The difference of means of m and n rows has a variance that goes as
// 1/m + 1/n: 20 and 20 rows weigh 10, 200 and 20 rows 18, the smaller side holding it back.
func (b *builder) sidesWithin(n *node) []side {
	by := map[int32]*side{}
	// Rows are sorted into their corpora first; a corpus with one side falls out below.
	of := func(i int) *side {
		c := b.labels.Corpus[i]
		if by[c] == nil {
			by[c] = &side{corpus: c}
		}
		return by[c]
	}
	for _, i := range n.supports {
		of(i).supports = append(of(i).supports, i)
	}
	for _, i := range n.opposes {
		of(i).opposes = append(of(i).opposes, i)
	}
	var out []side
	for _, s := range by {
		if len(s.supports) >= b.options.MinSide && len(s.opposes) >= b.options.MinSide {
			s.weight = 1 / (1/float64(len(s.supports)) + 1/float64(len(s.opposes)))
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b side) int { return int(a.corpus - b.corpus) })
	share(out)
	return out
}

// share makes the weights add up to one, so that they can be printed as what a vector rests on: valueeval .7, mfrc .3.
func share(sides []side) {
	var total float64
	for _, s := range sides {
		total += s.weight
	}
	for k := range sides {
		sides[k].weight /= total
	}
}

// signed is Σ w_c d_c, cleared of what tells the corpora apart and scaled to length one, with d_c =
// unit(unit(mean of supporting) − unit(mean of opposing)) in corpus c. A corpus that the weights leave without a
// side drops out. The clearing is the (1 − P) of docs/VALUES.md: the sum less its part along each axis.
//
// An example in the plane: corpora a and b have their supporting means at (0, 1) and (2, 1), the opposing ones at
// (−.4, −1) and (1.6, −1). Both lines between the corpora go along (1, 0). The differences within corpora point some
// way off (0, 1); without what lies along (1, 0) the vector is (0, 1). Had a mostly supporting rows and b mostly
// opposing ones, the pooled difference would point from b to a.
//
// Invariant: the vector is at right angles to the line between any two corpora's means of one side.
func (n *node) signed(v *metrics.Vectors, weights []float64) []float64 {
	var sum []float64
	for _, s := range n.sides {
		d := metrics.Direction(v, s.supports, s.opposes, weights)
		if d == nil {
			continue
		}
		if sum == nil {
			sum = make([]float64, v.Dim())
		}
		for k := range d {
			sum[k] += s.weight * d[k]
		}
	}
	if sum == nil {
		return nil
	}
	// Take off what lies along each axis. The axes are at right angles to each other, so their order does not
	// matter.
	for _, axis := range n.apart(v, weights) {
		by := along(sum, axis)
		for k := range sum {
			sum[k] -= by * axis[k]
		}
	}
	return normalise(sum)
}

// apart are axes at right angles to each other that span the differences between corpora's means of the node's
// supporting rows, and those between their means of its opposing rows. Corpora lie far apart, so any direction at all
// tells them apart (in the test's world a difference within corpora does so with AUC 1.00): at right angles to these
// axes, two corpora's rows of one side have the same mean.
func (n *node) apart(v *metrics.Vectors, weights []float64) [][]float64 {
	var axes [][]float64
	for _, side := range n.means {
		var first []float64
		for _, rows := range side {
			// Differences from the first corpus's mean span those between any two.
			mean := centroid(v, rows, weights)
			if mean == nil {
				continue
			}
			if first == nil {
				first = mean
				continue
			}
			for k := range mean {
				mean[k] -= first[k]
			}
			if axis := rightAngled(mean, axes); axis != nil {
				axes = append(axes, axis)
			}
		}
	}
	return axes
}

// rightAngled takes the axes out of x, twice for rounding, and scales what is left to length one; nil where that
// is rounding. It is one step of Gram and Schmidt: after one pass an x that lies almost within the axes keeps an
// error as large as what is left of it; the second pass takes that away.
func rightAngled(x []float64, axes [][]float64) []float64 {
	for range 2 {
		for _, axis := range axes {
			by := along(x, axis)
			for k := range x {
				x[k] -= by * axis[k]
			}
		}
	}
	return normalise(x)
}

// meansOf returns the rows of a side by corpus, of corpora with at least MinSide of them. A mean of three rows lies
// somewhere by chance, and an axis through it would take a direction from the vector for nothing.
func (b *builder) meansOf(rows []int) [][]int {
	by := map[int32][]int{}
	for _, i := range rows {
		by[b.labels.Corpus[i]] = append(by[b.labels.Corpus[i]], i)
	}
	var out [][]int
	for _, c := range sortedKeys(by) {
		if len(by[c]) >= b.options.MinSide {
			out = append(out, by[c])
		}
	}
	return out
}

// centre computes the means that prototypes are centred by, with weights[i] on row i (nil: one each). Within
// corpora the theory's mean is that of the corpora's means: an unknown text is as likely to be from any. The mean
// of all rows would be that of the largest corpus.
func (t *tree) centre(v *metrics.Vectors, sides Sides, weights []float64) {
	if sides != Within {
		t.mean = centroid(v, t.rows, weights)
		return
	}
	t.centres, t.mean = map[int32][]float64{}, nil
	for _, c := range sortedKeys(t.corpora) {
		x := centroid(v, t.corpora[c], weights)
		if x == nil {
			continue
		}
		// Each corpus counts once here, however many rows it has.
		t.centres[c] = x
		if t.mean == nil {
			t.mean = make([]float64, v.Dim())
		}
		for k := range x {
			t.mean[k] += x[k]
		}
	}
	for k := range t.mean {
		t.mean[k] /= float64(len(t.centres))
	}
}

// gatheredWithin is the mean of the node's rows, each less the mean of its corpus: Σ w_i (e_i − m_c(i)) / Σ w_i.
// The means are taken off once a corpus, weighted by the corpus's share of the rows, which is the same sum.
func (n *node) gatheredWithin(v *metrics.Vectors, t *tree, weights []float64) []float64 {
	sum := centroid(v, n.all, weights)
	if sum == nil {
		return nil
	}
	// The corpus's share of the node's rows says how much of its mean is in the sum.
	share, total := map[int32]float64{}, 0.0
	for c, rows := range n.corpora {
		for _, i := range rows {
			w := 1.0
			if weights != nil {
				w = weights[i]
			}
			share[c] += w
			total += w
		}
	}
	for _, c := range sortedKeys(n.corpora) {
		for k, x := range t.centres[c] {
			sum[k] -= share[c] / total * x
		}
	}
	return sum
}

// sortedKeys gives the keys of a map in an order that is the same in every run.
func sortedKeys[T any](m map[int32]T) []int32 {
	var out []int32
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
