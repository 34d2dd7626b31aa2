package figures

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"hives/steer"
)

// way is how default answers were scored once more.
type way struct {
	judge, panel string
	k, m         int
}

// referenceM is the number of windows of the reference at the largest K of those that have it; else the largest M.
const referenceM = 20

// ablation compares ways of scoring with the reference of the same judge and panel, and each M with the next larger.
func (m *material) ablation() (out []Ablation) {
	by := map[way]map[uint64][]float64{} // [seed][answer and value]
	place := map[[2]string]int{}
	for _, a := range m.Ablation {
		at := [2]string{a.Query, a.Value}
		if _, known := place[at]; !known {
			place[at] = len(place)
		}
	}
	for _, a := range m.Ablation {
		w := way{a.Judge, a.Panel, a.K, a.M}
		if by[w] == nil {
			by[w] = map[uint64][]float64{}
		}
		if by[w][a.Seed] == nil {
			by[w][a.Seed] = slices.Repeat([]float64{math.NaN()}, len(place))
		}
		by[w][a.Seed][place[[2]string{a.Query, a.Value}]] = float64(a.Score)
	}
	ways := slices.SortedFunc(maps.Keys(by), func(a, b way) int {
		return cmp.Or(cmp.Compare(a.judge, b.judge), cmp.Compare(a.panel, b.panel), cmp.Compare(a.k, b.k),
			cmp.Compare(a.m, b.m))
	})
	for _, w := range ways {
		reference, next := beside(w, ways)
		own, want := seeds(by[w]), seeds(by[reference])
		a := steer.Ablate(want[0], own)
		one := Ablation{Judge: w.judge, Panel: w.panel, K: w.k, M: w.m, Seeds: len(own), Scores: a.Scores, Missing: a.Missing,
			Difference: Number(a.Difference), SD: Number(a.SD), Change: Number(math.NaN()), Reference: w == reference}
		if next != w {
			change := steer.Change(own, seeds(by[next]))
			one.Change, one.Stable = Number(change), change < steer.StableBelow
		}
		out = append(out, one)
	}
	return out
}

// beside finds the reference of a way: the same judge and panel at K 6, M 20, or what comes nearest from above; and the
// way with the next larger M, itself where there is none.
func beside(w way, ways []way) (reference, next way) {
	reference, next = w, w
	for _, o := range ways {
		if o.judge != w.judge || o.panel != w.panel {
			continue
		}
		if better(o, reference) {
			reference = o
		}
		if o.k == w.k && o.m > w.m && (next == w || o.m < next.m) {
			next = o
		}
	}
	return reference, next
}

// better prefers more windows, and of as many the larger ones.
func better(a, b way) bool {
	am, bm := min(a.m, referenceM), min(b.m, referenceM)
	return am > bm || am == bm && a.k > b.k
}

// seeds are the scores of all seeds, in their order.
func seeds(by map[uint64][]float64) (out [][]float64) {
	for _, seed := range slices.Sorted(maps.Keys(by)) {
		out = append(out, by[seed])
	}
	return out
}
