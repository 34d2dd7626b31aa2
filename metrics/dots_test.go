package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Four products at once are equal to gonum's to the bit, of any length: ties between rows of one vector rest on it.
func TestDotsEqualOneByOne(t *testing.T) {
	if !hasLanes {
		t.Skip("built without lanes, or for another processor")
	}
	r := rand.New(rand.NewPCG(41, 1))
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for k := range x {
			x[k] = r.NormFloat64()
		}
		return x
	}
	for n := range 70 {
		x, rows, got := draw(n), [4][]float64{draw(n), draw(n), draw(n), draw(n)}, [4]float64{}
		dots(&got, &rows, x)
		for k, row := range rows {
			if want := blas.Ddot(n, row, 1, x, 1); math.Float64bits(got[k]) != math.Float64bits(want) {
				t.Errorf("%d numbers: %v, want %v", n, got[k], want)
			}
		}
	}
}

// Cosines of a block of anchors are those of single pairs to the bit, whatever the block's size.
func TestCosinesEqualOneByOne(t *testing.T) {
	v, _ := world(42, 150)
	d := v.distinct()
	for n := 1; n <= min(block, len(d.first)); n++ {
		lo := len(d.first) - n
		got := make([][]float64, n)
		for k := range got {
			got[k] = make([]float64, len(d.first))
		}
		d.cosines(v, lo, got)
		for k, row := range got {
			for u, c := range row {
				if want := v.Cosine(d.first[lo+k], d.first[u]); math.Float64bits(c) != math.Float64bits(want) {
					t.Fatalf("block of %d: cosine of %d and %d is %v, want %v", n, lo+k, u, c, want)
				}
			}
		}
	}
}

func BenchmarkDots(b *testing.B) {
	var rows [4][]float64
	for i := range rows {
		rows[i] = make([]float64, 384)
	}
	x := make([]float64, 384)
	b.Run("four at once", func(b *testing.B) {
		var got [4]float64
		for b.Loop() {
			dots(&got, &rows, x)
		}
	})
	b.Run("four by gonum", func(b *testing.B) {
		for b.Loop() {
			for i := range rows {
				blas.Ddot(384, rows[i], 1, x, 1)
			}
		}
	})
}
