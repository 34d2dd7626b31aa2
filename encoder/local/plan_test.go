package local

import (
	"testing"

	"pgregory.net/rapid"
)

// TestPlanCoversEveryRowOnce draws lengths and checks the batches that are made of them.
func TestPlanCoversEveryRowOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{2, 16, 33, 256, 4096}).Draw(t, "limit")
		lengths := rapid.SliceOfN(rapid.IntRange(1, limit), 0, 300).Draw(t, "lengths")
		rows := make([][]int32, len(lengths))
		for i, n := range lengths {
			rows[i] = make([]int32, n)
		}
		seen, shapes := make([]int, len(rows)), map[[2]int]bool{}
		for _, b := range plan(rows, limit) {
			shapes[[2]int{b.size, b.sequence}] = true
			if len(b.rows) > b.size || b.sequence > max(limit, 16) || b.size > 1 && b.size*b.sequence > batchTokens {
				t.Fatalf("batch of %d rows in %d × %d", len(b.rows), b.size, b.sequence)
			}
			for _, r := range b.rows {
				seen[r]++
				if len(rows[r]) > b.sequence {
					t.Fatalf("row of %d tokens in a batch of %d", len(rows[r]), b.sequence)
				}
			}
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("row %d is in %d batches", i, n)
			}
		}
		if len(shapes) > 20 { // two for each power of two from 16 to 4096, and the limit
			t.Fatalf("%d shapes to compile", len(shapes))
		}
	})
}
