package pack

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Shapes come cheapest first, each holds what an earlier one holds, and the last one holds the worst case.
func TestShapesAreAChain(t *testing.T) {
	several := 0
	rapid.Check(t, func(rt *rapid.T) {
		c := Choice{Texts: 6, Longest: rapid.IntRange(1, 90).Draw(rt, "longest"), Max: rapid.IntRange(1, MaxShapes).Draw(rt,
			"max")}
		samples := drawSamples(rt, 20, c.Texts, c.Longest)
		shapes, err := Choose(samples, c)
		if err != nil {
			rt.Fatal(err)
		}
		for i, s := range shapes[1:] {
			if shapes[i].Cost(Attention) >= s.Cost(Attention) {
				rt.Fatalf("%v before %v", shapes[i], s)
			}
			for _, sample := range samples {
				if holds(shapes[i], sample) && !holds(s, sample) {
					rt.Fatalf("%v holds %v, the later %v does not", shapes[i], sample, s)
				}
			}
		}
		if worst := (Shape{c.Texts, c.Longest, c.Texts}); shapes[len(shapes)-1] != worst {
			rt.Fatalf("the last of %v is not %v", shapes, worst)
		}
		several += min(1, len(shapes)-1)
	})
	if several == 0 {
		t.Error("no draw had two shapes")
	}
}

// The figures of Choose's and Cost's comments, to the token.
func TestCostExamples(t *testing.T) {
	for _, c := range []struct {
		rows, length int
		want         float64
	}{{6, 160, 1035}, {9, 160, 1552.5}, {64, 256, 18432}, {8, 256, 2304}} {
		if got := (Shape{Rows: c.rows, Length: c.length, Texts: 64}).Cost(Attention); got != c.want {
			t.Errorf("%d × %d costs %v, the comment says %v", c.rows, c.length, got, c.want)
		}
	}
}

// Whatever is taken from a stock, its bits and its count say what waits; the twin is a plain list of lengths.
func TestStockKnowsWhatWaits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(1, 140), 1, 30).Draw(rt, "lengths")
		s, err := newStock(lengths)
		if err != nil {
			rt.Fatal(err)
		}
		waiting := slices.Clone(lengths)
		for range 40 {
			room := rapid.IntRange(0, 150).Draw(rt, "room")
			longest := 0
			for _, n := range waiting {
				if n <= room {
					longest = max(longest, n)
				}
			}
			text, n := s.take(room)
			if n != longest || n > 0 && lengths[text] != n {
				rt.Fatalf("room %d of %v: text %d of %d tokens, want one of %d", room, waiting, text, n, longest)
			}
			if n > 0 {
				waiting = slices.Delete(waiting, slices.Index(waiting, n), slices.Index(waiting, n)+1)
			}
			for n := 1; n < len(s.byLength); n++ {
				if bit := s.waits[n/64]>>(n%64)&1 == 1; bit != slices.Contains(waiting, n) {
					rt.Fatalf("the bit of %d is %v, %v wait", n, bit, waiting)
				}
			}
			if s.left != len(waiting) {
				rt.Fatalf("%d left, %v wait", s.left, waiting)
			}
		}
	})
}
