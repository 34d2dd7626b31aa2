package values

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"

	"gonum.org/v1/gonum/blas/gonum"
)

var blas gonum.Implementation

// least is the number of vectors from which a search is worth a second goroutine: about a millisecond's work.
const least = 4096

// hit is a place in the list that was searched, with its exact cosine.
type hit struct {
	at     int
	cosine float64
}

// nearest finds what sorting all exact cosines would put first, the top o.TopK, and reads most vectors in float32
// alone. vector(i) is a unit vector, as the query is.
//
// float32 only rules out. Its dot product of D numbers lies within slack of the exact one, in whatever order the
// kernel adds. So whoever is among the k nearest has a rough cosine of at least (the k-th best rough one) − 2·slack:
//
//	rough   .83  .71  .71  .70  .12        k = 2, slack .01: the bound is .71 − .02
//	exact   .831 .709 .712 –    –          .70 passes too and is measured as well; .12 is out for certain
//
// The rest is measured as before, in float64 and in the same order of summation, so answers are the same to the
// bit, also among ties. Reading 10⁵ vectors of 1,024 numbers is bound by memory, not by arithmetic.
func nearest(n int, query []float32, vector func(i int) []float32, o Search) []hit {
	rough := make([]float32, n)
	inParallel(n, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			rough[i] = roughDot(query, vector(i))
			if o.Opposing {
				rough[i] = -rough[i]
			}
		}
	})
	bound := atLeast(rough, o.TopK) - float32(2*slack(query))
	var found []hit
	for i, r := range rough {
		// Written so that a cosine that is no number passes, and the exact sort decides on it.
		if !(r < bound) {
			found = append(found, hit{i, dot(query, vector(i))})
		}
	}
	return top(found, func(h hit) float64 { return h.cosine }, o)
}

// roughDot is a dot product in float32. A kernel of eight numbers at a time, by Go's SIMD, was no quicker than gonum's
// of four: memory sets the pace.
func roughDot(a, b []float32) float32 { return blas.Sdot(len(a), a, 1, b, 1) }

// slack bounds how far a float32 dot product of the query with a unit vector is off, whatever the order of its
// sums: D·2⁻²⁴·|query|, 6e-5 for 1,024 numbers. Real errors are a hundredth of it.
// The factor covers the second order, rounding of the bound itself, and stored vectors a little longer than one.
func slack(query []float32) float64 {
	return 1.01 * float64(len(query)) * 0x1p-24 * math.Sqrt(dot(query, query))
}

// atLeast is the k-th largest of numbers: a heap of the k best whose root is the worst of them. −Inf where there
// are not so many.
func atLeast(numbers []float32, k int) float32 {
	if k >= len(numbers) {
		return float32(math.Inf(-1))
	}
	if k <= 0 {
		return float32(math.Inf(1))
	}
	best := slices.Clone(numbers[:k])
	slices.Sort(best) // sorted ascending, it is a heap
	for _, x := range numbers[k:] {
		if x > best[0] {
			best[0] = x
			sift(best)
		}
	}
	return best[0]
}

// sift lets a new root sink to its place: every parent is at most its two children.
func sift(heap []float32) {
	for at := 0; ; {
		child := 2*at + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && heap[child+1] < heap[child] {
			child++
		}
		if heap[at] <= heap[child] {
			return
		}
		heap[at], heap[child] = heap[child], heap[at]
		at = child
	}
}

// inParallel deals 0 … n−1 out in runs to as many goroutines as there are processors; few are done at once.
func inParallel(n int, do func(lo, hi int)) {
	parts := min(runtime.GOMAXPROCS(0), max(1, n/least))
	var all sync.WaitGroup
	for p := range parts {
		all.Go(func() { do(p*n/parts, (p+1)*n/parts) })
	}
	all.Wait()
}

// top sorts by cosine and keeps the top; of equal ones the earlier stays first, in either direction.
func top[T any](all []T, cosine func(T) float64, o Search) []T {
	slices.SortStableFunc(all, func(a, b T) int {
		if o.Opposing {
			a, b = b, a
		}
		return cmp.Compare(cosine(b), cosine(a))
	})
	return all[:min(max(o.TopK, 0), len(all))]
}
