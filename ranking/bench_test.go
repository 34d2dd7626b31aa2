package ranking_test

import (
	"math/rand/v2"
	"testing"

	"hives/ranking"
)

// BenchmarkFit fits pairs of simulated texts, 30 a text, with the default prior and the diagonal errors.
func BenchmarkFit(b *testing.B) {
	for _, size := range []struct {
		name  string
		items int
	}{{"1e3", 1_000}, {"1e4", 10_000}, {"1e5", 100_000}} {
		b.Run(size.name, func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 1))
			truth := make([]float64, size.items)
			for i := range truth {
				truth[i] = 1.6 * random.NormFloat64()
			}
			orders := make([][]int, 0, 30*size.items)
			for i := range size.items {
				for range 30 {
					other := random.IntN(size.items - 1)
					if other >= i {
						other++
					}
					orders = append(orders, draw(random, truth, []int{i, other}))
				}
			}
			r, err := ranking.New(size.items, orders, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				f, err := ranking.Fit(r, ranking.DefaultPrior)
				if err != nil {
					b.Fatal(err)
				}
				f.Diagonal()
				b.ReportMetric(float64(f.Steps), "steps")
				b.ReportMetric(float64(f.Products), "products")
			}
		})
	}
}
