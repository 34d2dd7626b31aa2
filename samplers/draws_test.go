package samplers

import (
	"math"
	"testing"

	"hives/data"
)

// A row beyond what a pass promises is any of the id's, each as often; the draws of one step are of their own for each
// candidate.
func TestSpareRowsAreDrawnEvenly(t *testing.T) {
	l, ids := ownTexts(300, 3)
	p := mustTriple(t, l, ids, DefaultTriple()).anchors[0] // 3 ids for 16 rows: one place of each step is left over
	const steps = 3000
	seen, alike, pairs := map[int32]int{}, 0, 0
	for step := range steps {
		for c := p.size - 1; c < p.turns(); c++ {
			s := p.candidate(step, c)
			seen[s.wish(0)]++
			if next := p.candidate(step, c+1); c+1 < p.turns() {
				pairs++
				if next.first == s.first {
					alike++
				}
			}
		}
	}
	want := float64(steps*(p.turns()-p.size+1)) / 150 // 150 rows have an id
	for _, rows := range p.rows {
		for _, row := range rows {
			if n := float64(seen[row]); math.Abs(n-want) > 6*math.Sqrt(want) {
				t.Errorf("row %d is the spare one %g times, want about %.0f", row, n, want)
			}
		}
	}
	if share := float64(alike) / float64(pairs); share > 2./50 {
		t.Errorf("%.3f of neighbouring candidates draw the same place among 50 rows, want about .02", share)
	}
}

// An id's rows are dealt in another order in each cycle, and each order is as likely: the row that comes first, and the
// row that follows a given one, differ from cycle to cycle.
func TestCyclesAreFreshOrders(t *testing.T) {
	l, ids := ownTexts(300, 30) // five rows an id
	p := mustTriple(t, l, ids, DefaultTriple()).anchors[0]
	const cycles = 2000
	for place, rows := range p.rows {
		first, follows := map[int32]int{}, 0
		for cycle := range cycles {
			order := p.cycle(int32(place), cycle)
			first[order[0]]++
			for i := range order[1:] {
				if order[i] == rows[0] && order[i+1] == rows[1] {
					follows++
				}
			}
		}
		r := float64(len(rows))
		for _, row := range rows {
			if n, want := float64(first[row]), cycles/r; math.Abs(n-want) > 6*math.Sqrt(want) {
				t.Errorf("id %d: row %d begins %g of %d cycles, want about %.0f", place, row, n, cycles, want)
			}
		}
		if want := cycles / r; math.Abs(float64(follows)-want) > 6*math.Sqrt(want) {
			t.Errorf("id %d: one row follows another in %d of %d cycles, want about %.0f", place, follows, cycles, want)
		}
	}
}

// An anchor that opens several batches of an epoch opens them anywhere, not one after the other.
func TestRepeatedAnchorsStandApart(t *testing.T) {
	l := &data.Labels{TheoryNames: []string{"t"}}
	for i := range 200 { // 20 rows alone with their value, the rest of one value
		value := int32(min(i, 20))
		l.Theory, l.Levels = append(l.Theory, 0), append(l.Levels, [3]int32{value, data.Missing, data.Missing})
		l.Direction, l.Text, l.Corpus = append(l.Direction, 1), append(l.Text, int32(i)), append(l.Corpus, 0)
	}
	cfg := DefaultIntraTheory()
	cfg.BatchSize, cfg.AnchorWeighting = 12, Balanced
	s := mustSampler(t, l, cfg)
	for epoch := range 5 {
		beside, repeats, last := 0, map[int32]int{}, int32(-1)
		for k := range s.BatchesPerEpoch() {
			anchor := s.Batch(epoch*s.BatchesPerEpoch() + k).Anchor
			repeats[anchor]++
			if anchor == last {
				beside++
			}
			last = anchor
		}
		// 21 values share 200 places: a row alone has 9 or 10. By chance 20 · 9.5²/200 = 9 pairs are neighbours; were
		// repetitions left where the comb puts them, 20 · 8.5 = 170.
		if repeats[0] < 9 || repeats[0] > 10 || beside > 30 {
			t.Errorf("epoch %d: row 0 opens %d batches, and %d batches have the anchor of the one before", epoch,
				repeats[0], beside)
		}
	}
}
