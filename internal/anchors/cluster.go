package anchors

import (
	"cmp"
	"crypto/sha256"
	"math"
	"slices"

	"hives/internal/kmeans"
)

// cluster is a group of texts. members are what it holds, exemplars what it is described by: the ten nearest to
// the centre of its eighty, say. Its centre is what rows are assigned by.
//
// Invariant: members ascend and stand in one cluster each; exemplars are some of them.
type cluster struct {
	members   []int     // positions in the corpus, ascending
	centre    []float64 // [d] unit
	exemplars []int     // members nearest to the centre, the medoid first
	parts     int       // clusters of k-means it was merged from
}

// clusters turns a fit into groups, those without members left out. Centres are taken anew from the members, in
// float64, by the same rule as after a merge.
func clusters(p kmeans.Points, fit *kmeans.Result, k int) []*cluster {
	all := make([]*cluster, k)
	for c := range all {
		all[c] = &cluster{parts: 1}
	}
	for i, c := range fit.Label {
		all[c].members = append(all[c].members, i)
	}
	all = slices.DeleteFunc(all, func(c *cluster) bool { return len(c.members) == 0 })
	for _, c := range all {
		c.recentre(p)
	}
	return all
}

// recentre sets the centre to the unit mean of the members. The sum of members that cancel has no direction; it
// stays as it is, and no text is near to it. Members are summed in ascending order, so the centre does not depend
// on how they came together.
//
//	members (1, 0) and (0, 1)     sum (1, 1), centre (.71, .71)
//	members (1, 0) and (−1, 0)    sum (0, 0), no direction: it stays 0
func (c *cluster) recentre(p kmeans.Points) {
	c.centre = make([]float64, p.D)
	for _, i := range c.members {
		for j, x := range p.Row(i) {
			c.centre[j] += float64(x)
		}
	}
	square := 0.0
	for _, x := range c.centre {
		square += x * x
	}
	if square == 0 {
		return
	}
	for j := range c.centre {
		c.centre[j] /= math.Sqrt(square)
	}
}

// merge joins the two nearest centres again and again until no two have a cosine of at least limit. With limit
// .98 and cosines A B .985, B C .981, A C .95, A and B are joined first; if C's cosine with their common centre
// is .97, it stays apart, although it was near enough to B. Nearest first: joining moves a centre, and a chain of
// near pairs must not join clusters whose centres are far apart. The table of cosines costs K²/2 once; each join
// renews one row of it.
//
// Invariant: when it ends, no two centres have a cosine of at least limit. Each round ends with one cluster less.
func merge(p kmeans.Points, all []*cluster, limit float64) []*cluster {
	// Half a table: the cosine of a and b stands once, under the larger of the two.
	near := make([][]float64, len(all)) // near[a][b], b < a
	for a := range all {
		near[a] = make([]float64, a)
		for b := range a {
			near[a][b] = dot(all[a].centre, all[b].centre)
		}
	}
	for {
		x, y, best := 0, 0, math.Inf(-1)
		for a := range near {
			for b, c := range near[a] {
				if c > best && all[a] != nil && all[b] != nil {
					x, y, best = a, b, c
				}
			}
		}
		if best < limit {
			return slices.DeleteFunc(all, func(c *cluster) bool { return c == nil })
		}
		// The joined cluster takes the lower place y; x is empty from now on, and y's cosines are made anew.
		all[y] = join(p, all[x], all[y])
		all[x] = nil
		for a := range all {
			if a != y && all[a] != nil {
				near[max(a, y)][min(a, y)] = dot(all[a].centre, all[y].centre)
			}
		}
	}
}

// join makes one cluster of two, with its members in order.
func join(p kmeans.Points, a, b *cluster) *cluster {
	out := &cluster{members: slices.Concat(a.members, b.members), parts: a.parts + b.parts}
	slices.Sort(out.members)
	out.recentre(p)
	return out
}

// choose sets the exemplars: up to n members nearest to the centre. The first is the medoid, since for unit vectors
// Σ_j cos(x, x_j) = x·Σ_j x_j: nearest to the centre is nearest to all members on average. Of equally near ones the
// lower id comes first, as members ascend and the sort is stable.
func (c *cluster) choose(p kmeans.Points, n int) {
	// Cosines are computed once, not once a comparison of the sort.
	near := make(map[int]float64, len(c.members))
	for _, i := range c.members {
		near[i] = c.cosine(p, i)
	}
	order := slices.Clone(c.members)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(near[b], near[a]) })
	c.exemplars = order[:min(n, len(order))]
}

// cosine of member i with the centre. Both are unit vectors, so the product is the cosine; it is summed in float64,
// as the order of members hangs on it.
func (c *cluster) cosine(p kmeans.Points, i int) float64 {
	sum := 0.0
	for j, x := range p.Row(i) {
		sum += float64(x) * c.centre[j]
	}
	return sum
}

// digest identifies a cluster by the ids of its exemplars, whatever their order. k-means numbers clusters by its
// draws; this number is the same for every seed that finds the same texts.
func (c *cluster) digest(texts []Text) [32]byte {
	var ids []string
	for _, i := range c.exemplars {
		ids = append(ids, texts[i].ID)
	}
	slices.Sort(ids)
	h := sha256.New()
	for _, id := range ids {
		h.Write([]byte(id + "\n"))
	}
	return [32]byte(h.Sum(nil))
}

// dot adds up in the order of the places. A library's sums in parts round otherwise, and a bank that is rebuilt must
// be the same bank.
func dot(a, b []float64) float64 {
	sum := 0.0
	for j := range a {
		sum += a[j] * b[j]
	}
	return sum
}
