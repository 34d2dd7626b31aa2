package samplers

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"hives/data"
)

// tripleTwin answers for the sampler of Stage 2 with nested loops over rows and over all subsets of ids.
type tripleTwin struct {
	l   *data.Labels
	ids AnchorIDs
	cfg TripleConfig
}

// parts cuts the batch; nil where the fractions are no good.
func (w tripleTwin) parts() []int {
	sum := 0.0
	for _, f := range w.cfg.Fractions {
		if math.IsNaN(f) || f <= 0 {
			return nil
		}
		sum += f
	}
	b := float64(w.cfg.IntraTheory.BatchSize)
	h, i := math.Floor(w.cfg.Fractions[0]*b+1e-9), math.Floor(w.cfg.Fractions[1]*b+1e-9)
	if math.Abs(sum-1) > 1e-9 || h < 1 || i < 1 || b-h-i < 1 {
		return nil
	}
	return []int{int(h), int(i), int(b - h - i)}
}

// texts lists, by id, the texts of its rows.
func (w tripleTwin) texts(ids []int32) (list []int32, of map[int32]map[int32]bool) {
	of = map[int32]map[int32]bool{}
	for i, id := range ids {
		if id < 0 {
			continue
		}
		if of[id] == nil {
			of[id] = map[int32]bool{}
			list = append(list, id)
		}
		of[id][w.l.Text[i]] = true
	}
	return list, of
}

// most is ⌈m/n⌉ by counting.
func most(m, n int) int {
	k := 0
	for k*n < m {
		k++
	}
	return k
}

// seatable is the largest number of rows that the anchor parts can have with no text twice: by the theorem of
// Ford and Fulkerson the least cut, here over every subset of the ids. The subset's texts are cut, and each part
// or its other ids.
func (w tripleTwin) seatable(mi, mt int) int {
	individual, iTexts := w.texts(w.ids.Individual)
	theory, tTexts := w.texts(w.ids.Theory)
	least := mi + mt
	for subset := range 1 << (len(individual) + len(theory)) {
		cut, restI, restT := map[int32]bool{}, 0, 0
		for k, id := range individual {
			if subset>>k&1 == 0 {
				restI++
				continue
			}
			for t := range iTexts[id] {
				cut[t] = true
			}
		}
		for k, id := range theory {
			if subset>>(k+len(individual))&1 == 0 {
				restT++
				continue
			}
			for t := range tTexts[id] {
				cut[t] = true
			}
		}
		value := len(cut) + min(mi, restI*most(mi, len(individual))) + min(mt, restT*most(mt, len(theory)))
		least = min(least, value)
	}
	return least
}

// legal tells whether every batch can be filled, in mode Apart.
func (w tripleTwin) legal() bool {
	parts := w.parts()
	if parts == nil || parts[0] < w.cfg.IntraTheory.Positives+2 {
		return false
	}
	individual, _ := w.texts(w.ids.Individual)
	theory, _ := w.texts(w.ids.Theory)
	if len(individual) == 0 || len(theory) == 0 || w.seatable(parts[1], parts[2]) < parts[1]+parts[2] {
		return false
	}
	// Beside the worst choice of the anchor parts: as if the batch were larger by their rows.
	hier := twin{w.l, w.cfg.IntraTheory}
	hier.cfg.BatchSize = parts[0] + parts[1] + parts[2]
	return hier.legal()
}

func drawTriple(rt *rapid.T) tripleTwin {
	l := drawLabels(rt, rapid.SampledFrom([]int{6, 45, 60, 80}).Draw(rt, "rows"), 2)
	cfg := TripleConfig{IntraTheory: drawConfig(rt, l), Mode: Apart}
	cfg.IntraTheory.TheoryWeights = nil
	cfg.IntraTheory.Positives = rapid.IntRange(1, 2).Draw(rt, "positives")
	cfg.IntraTheory.BatchSize = rapid.IntRange(5, 14).Draw(rt, "whole batch")
	cfg.Fractions = rapid.SampledFrom([][3]float64{
		// .1 of 5 to 9 rows is none
		{.5, .25, .25}, {.5, .25, .25}, {.5, .25, .25}, {.5, .25, .25}, {.4, .3, .3}, {.4, .3, .3}, {.34, .33, .33},
		{.5, .1, .4},
		{.6, .3, .2}, {1, 0, 0}, {.5, .75, -.25}, {.5, .5, math.NaN()},
	}).Draw(rt, "fractions")
	return tripleTwin{l, AnchorIDs{drawIDs(rt, l.Len(), "individual"), drawIDs(rt, l.Len(), "theory")}, cfg}
}

// drawIDs assigns up to five ids with gaps, some to many rows and some to one.
func drawIDs(rt *rapid.T, rows int, name string) []int32 {
	count := rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5}).Draw(rt, name+" ids")
	rare := rapid.IntRange(0, 4).Draw(rt, name+" rare") // of 5: how often a row has no id or the first one
	ids := make([]int32, rows)
	for i := range ids {
		id := rapid.IntRange(-1, count-1).Draw(rt, name+" id")
		if rapid.IntRange(0, 4).Draw(rt, "common") < rare {
			id = min(id, 0)
		}
		if ids[i] = -1; id >= 0 {
			ids[i] = int32(3*id + 2)
		}
	}
	return ids
}

func BenchmarkTripleBatch(b *testing.B) {
	l := corpus(50000, 10)
	s := mustTriple(b, l, anchored(l, 407, 274, 10), DefaultTriple())
	step := 0
	for b.Loop() {
		s.Batch(step)
		step++
	}
}
