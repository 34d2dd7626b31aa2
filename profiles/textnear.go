package profiles

import (
	"runtime"

	"golang.org/x/sync/errgroup"
)

// vicinity is, for each text of a value, the texts nearest to it, found once for all the fits that measure the value:
// each fit looks for the nearest among its own training texts.
//
//	nearest to a: c f b k …        fit without c and k: f b …
type vicinity struct {
	text []int // of the fitter, in the order of the value's
	x    [][]float64
	list [][]int // [N][kept]
}

// kept is how many are noted. Three of five texts train, so the ten nearest of them are nearly always among sixty.
const kept = 60

func newVicinity(text []int, x [][]float64) *vicinity {
	v := &vicinity{text: text, x: x, list: make([][]int, len(x))}
	var pool errgroup.Group
	pool.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < len(x); from += readBlock {
		pool.Go(func() error {
			to := min(from+readBlock, len(x))
			for i, near := range products(x, x[from:to]) {
				v.list[from+i] = nearestOf(near, kept)
			}
			return nil
		})
	}
	pool.Wait() //nolint:errcheck // it cannot fail
	return v
}

// nearest are the k admitted texts nearest to a vector, by the numbers that admit gives them; −1 leaves one out. Where
// the list holds too few, all are looked at.
func (v *vicinity) nearest(vector, k int, admit func(vector int) int) []int {
	out := make([]int, 0, k)
	for _, at := range v.list[vector] {
		if number := admit(at); number >= 0 {
			if out = append(out, number); len(out) == k {
				return out
			}
		}
	}
	out = out[:0]
	for _, at := range nearestOf(Products(v.x, v.x[vector]), len(v.x)) {
		if number := admit(at); number >= 0 && len(out) < k {
			out = append(out, number)
		}
	}
	return out
}
