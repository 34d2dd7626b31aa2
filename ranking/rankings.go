package ranking

import (
	"math"

	"hives/internal/fault"
)

// Rankings are R orderings of the items 0 … N−1, each with a weight. They do not change once made.
//
//	orders {2 0} {1 2 0}     flat 2 0 1 2 0     starts 0 2 5
type Rankings struct {
	items   int
	flat    []int32   // the items of all rankings, one ranking after another, the best first
	starts  []int32   // [R+1] where each begins in flat
	weights []float64 // [R]
}

// New takes orders[r], the items of ranking r with the best first, and their weights; nil weights are all 1. It
// copies what it is given.
func New(items int, orders [][]int, weights []float64) (*Rankings, error) {
	if items < 2 {
		return nil, fault.New(fault.Invalid, "ranking: %d items: two are needed to rank", items)
	}
	if weights != nil && len(weights) != len(orders) {
		return nil, fault.New(fault.Mismatch, "ranking: %d weights for %d rankings", len(weights), len(orders))
	}
	r := &Rankings{items: items, starts: make([]int32, 1, len(orders)+1), weights: make([]float64, len(orders))}
	seen := make([]int, items) // 1 + the last ranking that named an item: no clearing between rankings
	for at, order := range orders {
		if err := r.add(at, order, seen); err != nil {
			return nil, err
		}
		r.weights[at] = 1
		if weights != nil {
			r.weights[at] = weights[at]
		}
		if w := r.weights[at]; !(w >= 0) || math.IsInf(w, 0) {
			return nil, fault.New(fault.Invalid, "ranking: weight %v of ranking %d: want a finite number of 0 or more", w, at)
		}
	}
	return r, nil
}

// add appends ranking at, once it is known to be one. On an error r is of no further use: part of the ranking may be
// in it.
func (r *Rankings) add(at int, order []int, seen []int) error {
	if len(order) < 2 {
		return fault.New(fault.Invalid, "ranking: ranking %d has %d items: two are needed", at, len(order))
	}
	for _, item := range order {
		if item < 0 || item >= r.items {
			return fault.New(fault.Invalid, "ranking: ranking %d names item %d, there are items 0 to %d", at, item, r.items-1)
		}
		if seen[item] == at+1 {
			return fault.New(fault.Invalid, "ranking: ranking %d names item %d twice", at, item)
		}
		seen[item] = at + 1
		r.flat = append(r.flat, int32(item))
	}
	r.starts = append(r.starts, int32(len(r.flat)))
	return nil
}

// Items is N.
func (r *Rankings) Items() int { return r.items }

// Len is R.
func (r *Rankings) Len() int { return len(r.weights) }

// Order is ranking at, the best item first; the caller must not change it.
func (r *Rankings) Order(at int) []int32 { return r.flat[r.starts[at]:r.starts[at+1]] }

// Weight is that of ranking at.
func (r *Rankings) Weight(at int) float64 { return r.weights[at] }

// Reweighted are the same orderings with each weight multiplied by factor[r] ≥ 0: a resampled set, for instance. The
// orderings are shared and not copied, so 200 draws of a bootstrap hold them once.
func (r *Rankings) Reweighted(factor []float64) (*Rankings, error) {
	if len(factor) != r.Len() {
		return nil, fault.New(fault.Mismatch, "ranking: %d factors for %d rankings", len(factor), r.Len())
	}
	out := *r
	out.weights = make([]float64, r.Len())
	for at, f := range factor {
		if !(f >= 0) || math.IsInf(f, 0) {
			return nil, fault.New(fault.Invalid, "ranking: factor %v of ranking %d: want a finite number of 0 or more", f, at)
		}
		out.weights[at] = r.weights[at] * f
	}
	return &out, nil
}

// haunted adds one item, N, that every other item once beats and once loses to, with weight c: see Ghost. Two
// rankings an item: [item, ghost] and [ghost, item].
func (r *Rankings) haunted(c float64) *Rankings {
	out := &Rankings{items: r.items + 1}
	out.flat = append(make([]int32, 0, len(r.flat)+4*r.items), r.flat...)
	out.starts = append(make([]int32, 0, len(r.starts)+2*r.items), r.starts...)
	out.weights = append(make([]float64, 0, len(r.weights)+2*r.items), r.weights...)
	ghost := int32(r.items)
	for item := range ghost {
		out.flat = append(out.flat, item, ghost, ghost, item)
		end := int32(len(out.flat))
		out.starts = append(out.starts, end-2, end)
		out.weights = append(out.weights, c, c)
	}
	return out
}
