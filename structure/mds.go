package structure

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Map is a place in the plane for each of n things.
type Map [][2]float64

// distances between all places.
func (m Map) distances() *mat.SymDense {
	d := mat.NewSymDense(len(m), nil)
	for i := range m {
		for j := range i {
			d.SetSym(i, j, math.Hypot(m[i][0]-m[j][0], m[i][1]-m[j][1]))
		}
	}
	return d
}

// Raw is the raw stress: ½ Σ_ij (d_ij − D_ij)², of distances d on the map and D given.
func (m Map) Raw(given mat.Symmetric) (sum float64) {
	d := m.distances()
	for i := range m {
		for j := range i {
			e := d.At(i, j) - given.At(i, j)
			sum += e * e
		}
	}
	return sum
}

// Stress is stress-1: √(Σ(d − D)²/ΣD²). Below .1 a map is called fair, above .2 poor. Of ten values whose correlations
// are noise it is near .35.
func (m Map) Stress(given mat.Symmetric) float64 {
	sum := 0.
	for i := range m {
		for j := range i {
			sum += given.At(i, j) * given.At(i, j)
		}
	}
	return math.Sqrt(m.Raw(given) / sum)
}

// Classical is Torgerson's scaling: the squares of the distances, centred both ways and halved, are the products of the
// places with each other, and their first two eigenvectors, times the root of the eigenvalue, are the places. Negative
// eigenvalues count as 0. Of each axis the number of largest magnitude is positive, so that a map has one sign.
func Classical(given mat.Symmetric) (m Map, eigenvalues []float64) {
	n := given.SymmetricDim()
	products := centredSquares(given)
	var e mat.EigenSym
	if !e.Factorize(products, true) {
		panic("structure: a symmetric matrix has eigenvalues")
	}
	eigenvalues = e.Values(nil) // ascending
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	m = make(Map, n)
	for axis := range min(2, n) {
		at := n - 1 - axis
		column := mat.Col(nil, at, &vectors)
		scale := math.Sqrt(max(0, eigenvalues[at]))
		if largest := slices.MaxFunc(column, func(a, b float64) int {
			switch {
			case math.Abs(a) < math.Abs(b):
				return -1
			case math.Abs(a) > math.Abs(b):
				return 1
			}
			return 0
		}); largest < 0 {
			scale = -scale
		}
		for i, x := range column {
			m[i][axis] = scale * x
		}
	}
	slices.Reverse(eigenvalues)
	return m, eigenvalues
}

// centredSquares is −½ J D² J, J = I − 11ᵀ/n.
func centredSquares(given mat.Symmetric) *mat.SymDense {
	n := given.SymmetricDim()
	square := func(i, j int) float64 { return given.At(i, j) * given.At(i, j) }
	rows, all := make([]float64, n), 0.
	for i := range n {
		for j := range n {
			rows[i] += square(i, j) / float64(n)
		}
		all += rows[i] / float64(n)
	}
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			out.SetSym(i, j, -(square(i, j)-rows[i]-rows[j]+all)/2)
		}
	}
	return out
}

// Bounds of Smacof.
const (
	MostRounds   = 300
	LeastGain    = 1e-9 // of the raw stress, by half the sum of squared distances on the map
	placeSpacing = 1e-12
)

// Smacof moves a map until it keeps the distances as well as it can from where it began: each round is Guttman's
// transform, x ← B x / n, with b_ij = −D_ij/d_ij and b_ii the negative sum of its row. No round makes the stress
// larger. It ends when a round gains less than LeastGain, or after MostRounds.
//
// There is no random start: begun from Classical the result follows from the distances alone. Trace holds the raw
// stress after each round.
func Smacof(given mat.Symmetric, start Map) (m Map, trace []float64) {
	m = slices.Clone(start)
	before := m.Raw(given)
	for range MostRounds {
		m = guttman(given, m)
		now := m.Raw(given)
		trace = append(trace, now)
		half := 0.
		d := m.distances()
		for i := range m {
			for j := range i {
				half += d.At(i, j) * d.At(i, j)
			}
		}
		if (before-now)/half < LeastGain {
			return m, trace
		}
		before = now
	}
	return m, trace
}

// guttman is one transform. Two things at one place have no direction to part in: their term is left out.
func guttman(given mat.Symmetric, m Map) Map {
	n := len(m)
	d := m.distances()
	out := make(Map, n)
	for i := range m {
		for j := range m {
			if i == j || d.At(i, j) < placeSpacing {
				continue
			}
			b := given.At(i, j) / d.At(i, j)
			for axis := range 2 {
				out[i][axis] += b * (m[i][axis] - m[j][axis]) / float64(n)
			}
		}
	}
	return out
}

// Procrustes turns, mirrors and scales b onto a. Both are moved to mean 0 and norm 1 before; fitted is b so, and
// disparity what is left: 0 where the two have one shape, 1 where they have nothing in common.
func Procrustes(a, b Map) (fitted Map, disparity float64) {
	x, y := unit(a), unit(b)
	var product mat.Dense
	product.Mul(x.T(), y)
	var svd mat.SVD
	if !svd.Factorize(&product, mat.SVDFull) {
		panic("structure: a matrix of finite numbers has singular values")
	}
	var u, v, rotation, turned mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	rotation.Mul(&v, u.T()) // takes y to x
	turned.Mul(y, &rotation)
	scale := 0.
	for _, s := range svd.Values(nil) {
		scale += s
	}
	fitted = make(Map, len(b))
	for i := range fitted {
		for axis := range 2 {
			fitted[i][axis] = scale * turned.At(i, axis)
			e := x.At(i, axis) - fitted[i][axis]
			disparity += e * e
		}
	}
	return fitted, disparity
}

// unit is a map with mean 0 and norm 1, [n, 2].
func unit(m Map) *mat.Dense {
	out := mat.NewDense(len(m), 2, nil)
	for axis := range 2 {
		mean := 0.
		for i := range m {
			mean += m[i][axis] / float64(len(m))
		}
		for i := range m {
			out.Set(i, axis, m[i][axis]-mean)
		}
	}
	out.Scale(1/mat.Norm(out, 2), out)
	return out
}

// Circle compares a map with a circle on which things stand in their order, at equal steps: r is the correlation of
// the distances, and p the share of permuted orders, this one included, whose correlation is at least as large. Few
// values follow a circle by chance: of four things every third order fits as well.
func Circle(m Map, permutations int, seed uint64) (r, p float64) {
	order := make([]int, len(m))
	for i := range order {
		order[i] = i
	}
	d := m.distances()
	r = onCircle(d, order)
	rng := rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "circle %d %d", seed, len(m)))))
	as := 1.
	for range permutations {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		if onCircle(d, order) >= r {
			as++
		}
	}
	return r, as / float64(permutations+1)
}

// onCircle correlates distances with those of the places that order gives on a circle: chords of 2 sin(π k/n).
func onCircle(d mat.Symmetric, order []int) float64 {
	var own, circle []float64
	for i := range order {
		for j := range i {
			own = append(own, d.At(i, j))
			steps := float64(order[i] - order[j])
			circle = append(circle, 2*math.Abs(math.Sin(math.Pi*steps/float64(len(order)))))
		}
	}
	return stat.Correlation(own, circle, nil)
}
