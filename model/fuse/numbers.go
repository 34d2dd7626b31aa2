package fuse

import (
	"context"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/floats"

	"hives/internal/fault"
)

// The constants of Karcher's mean as the paper's tool has them. With ten updates a mean of far vectors may not have
// converged, which the Report says.
const (
	MaxUpdates = 10
	Tolerance  = 1e-5 // of a norm, an angle and a step; below it each counts as nothing
)

// Vector is the numbers of one tensor as a long vector, read a piece at a time. Several goroutines read at once.
type Vector interface {
	Len() int
	// Read fills dst with the numbers from number at on, all of them finite.
	Read(dst []float64, at int) error
}

// Numbers is a Vector in memory.
type Numbers []float64

// Len is the number of numbers.
func (v Numbers) Len() int { return len(v) }

// Read copies.
func (v Numbers) Read(dst []float64, at int) error {
	copy(dst, v[at:])
	return nil
}

// Report tells how a tensor was fused.
//
//	norms 2 and 2 at 90°, equal weights     largest_angle 1.57, updates 0, converged, from_linear .41
type Report struct {
	Norms     []float64 `json:"norms"`             // of each model's tensor
	Angle     float64   `json:"largest_angle"`     // radians, between any two of them; 0 with fewer than two that are not 0
	Updates   int       `json:"updates"`           // of Karcher's mean
	Tangent   *float64  `json:"tangent,omitempty"` // size of the last step looked at, absent where none was
	Converged bool      `json:"converged"`         // that step was below Tolerance, or there was nothing to do
	Off       float64   `json:"from_linear"`       // ‖karcher − linear‖ / ‖linear‖, 0 where linear is 0
}

// Linear writes Σ λ θ into dst, divided by Σ λ if normalise says so. One vector alone is itself.
//
//	θ 1 and 3, weights 1 and 3, normalise     ¼·1 + ¾·3 = 2.5
//	the same as they are                      1·1 + 3·3 = 10
//
// Errors: Invalid where the weights sum to 0, and those of reading.
func Linear(ctx context.Context, dst []float64, vs []Vector, weights []float64, normalise bool) error {
	factors := slices.Clone(weights)
	if normalise {
		sum := floats.Sum(weights)
		if sum == 0 {
			return fault.New(fault.Invalid, "weights %v sum to 0: their average does not exist", weights)
		}
		floats.Scale(1/sum, factors)
		if len(vs) == 1 {
			factors[0] = 1
		}
	}
	return combine(ctx, dst, vs, factors)
}

// combine writes Σ c_j θ_j into dst. Models are added in their order, so that equal inputs give equal bits. Every
// number of dst is made by one goroutine alone.
func combine(ctx context.Context, dst []float64, vs []Vector, factors []float64) error {
	return blocks(ctx, len(dst), vs, func(_, from, to int, pieces [][]float64) {
		part := dst[from:to]
		clear(part)
		for j, piece := range pieces {
			floats.AddScaled(part, factors[j], piece)
		}
	})
}

// Karcher writes the weighted mean of the directions, times the mean of the norms, into dst.
//
// The mean m on the sphere is where the pulls of all directions u_j cancel. From m, u_j lies at the angle
// θ_j = arccos ⟨u_j, m⟩, in the direction u_j − cos θ_j·m along the surface, which has length sin θ_j. So the pull is
//
//	T = Σ a_j · (θ_j / sin θ_j) · (u_j − cos θ_j · m)
//
// and an update walks along the great circle: m ← cos‖T‖·m + sin‖T‖·T/‖T‖. With u = (1, 0) and (0, 1) and equal weights
// the start is already (.71, .71), T = 0, and the result has the norm 1 that both have; their average has .71.
//
// A tensor whose norm is at most Tolerance has no direction and counts for its norm alone.
//
//	u = (1, 0) and (0, 1), weights 3 and 1       angles from the first
//	start: the unit of (.75, .25)                18.4°
//	T = ¼ · 71.6° − ¾ · 18.4°                    4.1°
//	after one update                             22.5°, a quarter of the way; the average lies at 18.4°
func Karcher(ctx context.Context, dst []float64, vs []Vector, weights []float64, updates int) (Report, error) {
	lambda := slices.Clone(weights)
	floats.Scale(1/floats.Sum(weights), lambda)
	k := &sphere{ctx: ctx, m: dst, vs: vs}
	rep, err := k.look()
	if err != nil {
		return rep, err
	}
	if len(vs) == 1 {
		rep.Converged = true
		return rep, combine(ctx, dst, vs, []float64{1})
	}
	k.direct(lambda, rep.Norms)
	if k.none() {
		clear(dst)
		rep.Converged = true
		return rep, nil
	}
	if err := k.start(); err != nil {
		return rep, err
	}
	if err := k.walk(&rep, updates); err != nil {
		return rep, err
	}
	floats.Scale(floats.Dot(lambda, rep.Norms), dst)
	rep.Off, err = k.offLinear(lambda)
	return rep, err
}

// sphere is the state of one tensor's mean: m is the unit vector that moves. It is the caller's dst from the start, so
// that only one tensor more, the pull, has to be held.
//
// Invariant: share and scale are 0 together or neither is, but for a weight of 0.
type sphere struct {
	ctx   context.Context
	m     []float64
	vs    []Vector
	share []float64 // a_j, summing to 1; 0 for a vector without direction
	scale []float64 // 1/‖θ_j‖ of those with one, else 0
}

// look takes the norms and the largest angle in one pass, from all products of two vectors.
//
// Invariant: sums are taken block by block and the blocks' in their order, so that they do not depend on the number
// of threads (TestThreadsChangeNothing). Of n models n(n+1)/2 products are taken: one pass over the files costs more
// than all of them.
func (k *sphere) look() (rep Report, err error) {
	n := len(k.vs)
	gram := make([]float64, n*n)
	err = sums(k.ctx, k.m, k.vs, gram, func(part []float64, _, _ int, pieces [][]float64) {
		for i := range pieces {
			for j := i; j < n; j++ {
				part[i*n+j] = floats.Dot(pieces[i], pieces[j])
			}
		}
	})
	rep.Norms = make([]float64, n)
	for i := range n {
		rep.Norms[i] = math.Sqrt(gram[i*n+i])
	}
	for i := range n {
		for j := i + 1; j < n; j++ {
			if rep.Norms[i] > Tolerance && rep.Norms[j] > Tolerance {
				rep.Angle = max(rep.Angle, angle(gram[i*n+j]/(rep.Norms[i]*rep.Norms[j])))
			}
		}
	}
	return rep, err
}

// angle is in radians. The cosine of two equal vectors may round to 1 + 2⁻⁵², of which Acos makes NaN: hence the
// bounds.
func angle(cosine float64) float64 { return math.Acos(max(-1, min(1, cosine))) }

// direct shares the weight among the vectors that have a direction. Weights 1, 1, 2 of which the third has a norm of 0
// become shares ½, ½, 0; its norm, 0, still counts with λ = ½ when the mean gets its length.
func (k *sphere) direct(lambda, norms []float64) {
	k.share, k.scale = make([]float64, len(lambda)), make([]float64, len(lambda))
	for j, norm := range norms {
		if norm > Tolerance {
			k.share[j], k.scale[j] = lambda[j], 1/norm
		}
	}
	if sum := floats.Sum(k.share); sum > 0 {
		floats.Scale(1/sum, k.share)
	}
}

// none tells whether no vector with a direction has any weight. The mean of such is 0, of which there is nothing to
// say.
func (k *sphere) none() bool { return floats.Sum(k.share) == 0 }

// start puts m at the unit of Σ a u, or at the first direction where that sum is nothing: of two exact opposites
// every point between them is as good as any other, and the order decides.
//
//	a ½ ½, u (1, 0) and (−1, 0)     the sum is 0: m = (1, 0)
//	a ¾ ¼, u (1, 0) and (−1, 0)     the sum is (.5, 0): m = (1, 0)
func (k *sphere) start() error {
	factors := make([]float64, len(k.vs))
	floats.MulTo(factors, k.share, k.scale)
	if err := combine(k.ctx, k.m, k.vs, factors); err != nil {
		return err
	}
	if norm := floats.Norm(k.m, 2); norm >= Tolerance {
		floats.Scale(1/norm, k.m)
		return nil
	}
	first := slices.IndexFunc(k.scale, func(s float64) bool { return s > 0 })
	clear(factors)
	factors[first] = k.scale[first]
	return combine(k.ctx, k.m, k.vs, factors)
}

// walk updates m until the pull is nothing or the updates are spent. The tangent that is reported is the last that
// was looked at: after the tenth update there is no further look, as in the formula that this follows. m is brought
// back to the unit after every step: cos² + sin² is 1 only up to rounding, and T is at right angles to m only up to
// rounding.
func (k *sphere) walk(rep *Report, updates int) error {
	pull := make([]float64, len(k.m))
	for rep.Updates < updates {
		cos := make([]float64, len(k.vs))
		err := sums(k.ctx, k.m, k.vs, cos, func(part []float64, from, to int, pieces [][]float64) {
			for j, piece := range pieces {
				part[j] = floats.Dot(piece, k.m[from:to]) * k.scale[j]
			}
		})
		if err == nil {
			err = k.pull(pull, cos)
		}
		if err != nil {
			return err
		}
		size := floats.Norm(pull, 2)
		rep.Tangent = &size
		if size < Tolerance {
			rep.Converged = true
			return nil
		}
		floats.Scale(math.Cos(size), k.m)
		floats.AddScaled(k.m, math.Sin(size)/size, pull)
		floats.Scale(1/floats.Norm(k.m, 2), k.m)
		rep.Updates++
	}
	return nil
}

// pull writes T into dst. A direction nearer than Tolerance pulls by nothing, and its θ/sin θ would be 0/0. One that
// lies opposite to m, within Tolerance, could be reached by every great circle alike: it pulls by nothing too. Without
// this rule rounding chose the circle, so that of two exact opposites of unequal weight the mean was noise; with it the
// heavier direction stays.
func (k *sphere) pull(dst, cos []float64) error {
	factors := make([]float64, len(cos))
	for j, c := range cos {
		cos[j] = max(-1, min(1, c))
		if theta := angle(c); k.scale[j] > 0 && theta >= Tolerance && theta <= math.Pi-Tolerance {
			factors[j] = k.share[j] * theta / math.Sin(theta)
		}
	}
	return blocks(k.ctx, len(dst), k.vs, func(_, from, to int, pieces [][]float64) {
		part, m := dst[from:to], k.m[from:to]
		clear(part)
		for j, piece := range pieces {
			for i, x := range piece {
				part[i] += factors[j] * (x*k.scale[j] - cos[j]*m[i])
			}
		}
	})
}

// offLinear compares the result with the average, which is made again block by block and never stands in memory.
//
//	norms 1 at 90°, equal weights     ‖(.71, .71) − (.5, .5)‖ / .71 = .41
//	at a cosine of .99                1/√((1 + .99)/2) − 1 = .0025
func (k *sphere) offLinear(lambda []float64) (float64, error) {
	square := make([]float64, 2)
	err := sums(k.ctx, k.m, k.vs, square, func(part []float64, from, to int, pieces [][]float64) {
		for i, got := range k.m[from:to] {
			mean := 0.
			for j, piece := range pieces {
				mean += lambda[j] * piece[i]
			}
			part[0] += (got - mean) * (got - mean)
			part[1] += mean * mean
		}
	})
	if err != nil || square[1] == 0 {
		return 0, err
	}
	return math.Sqrt(square[0] / square[1]), nil
}

// blockLen is 512 KiB of float64: several models' blocks stay in the cache of a core while they are added up.
const blockLen = 1 << 16

// blocks reads all vectors a block at a time, on all cores. Each block is given to work once, with its place. Which
// goroutine takes a block is fixed by its number; what work writes must be the block's own, and then nothing depends on
// who is faster. The pieces are overwritten by the next block.
//
//	3 workers, 7 blocks     0 3 6 | 1 4 | 2 5
//
// A stop is heard between two blocks. An error of reading ends all of them, and is the one that is returned.
func blocks(ctx context.Context, n int, vs []Vector, work func(block, from, to int, pieces [][]float64)) error {
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		g.Go(func() error {
			room := make([][]float64, len(vs))
			for from := w * blockLen; from < n; from += workers * blockLen {
				to := min(n, from+blockLen)
				if err := context.Cause(ctx); err != nil {
					return err
				}
				for j, v := range vs {
					room[j] = slices.Grow(room[j][:0], to-from)[:to-from]
					if err := v.Read(room[j], from); err != nil {
						return err
					}
				}
				work(from/blockLen, from, to, room)
			}
			return nil
		})
	}
	return g.Wait()
}

// sums adds up, over all blocks in their order, the numbers that work leaves in part.
//
// Invariant: the additions are those of one thread (TestThreadsChangeNothing), since each block's part is kept until
// all are there.
func sums(ctx context.Context, m []float64, vs []Vector, into []float64,
	work func(part []float64, from, to int, pieces [][]float64)) error {
	parts := make([][]float64, (len(m)+blockLen-1)/blockLen)
	err := blocks(ctx, len(m), vs, func(block, from, to int, pieces [][]float64) {
		parts[block] = make([]float64, len(into))
		work(parts[block], from, to, pieces)
	})
	for _, part := range parts {
		if err == nil {
			floats.Add(into, part)
		}
	}
	return err
}
