package metrics_test

import (
	"context"
	"fmt"
	"math"

	"hives/data"
	"hives/data/theories"
	"hives/metrics"
)

// Six texts of two values in two clusters: what shares a value lies nearer than what does not.
func Example() {
	var rows []data.Row
	var vectors [][]float32
	for i := range 6 {
		foundation := []string{"care/harm", "loyalty/betrayal"}[i%2]
		rows = append(rows, data.Row{Text: fmt.Sprint("text ", i), TextID: fmt.Sprint(i), Group: fmt.Sprint(i),
			Corpus: "own", Theory: "mft", Level1: foundation, Direction: 1, DirectionSource: "annotator"})
		angle := 1.5*float64(i%2) + .05*float64(i)
		vectors = append(vectors, []float32{float32(math.Cos(angle)), float32(math.Sin(angle))})
	}
	v, err := metrics.NewVectors(vectors)
	if err != nil {
		panic(err)
	}
	m, err := metrics.Measure(context.Background(), v, metrics.NewRowPairs(data.NewLabels(rows, theories.Builtin())),
		metrics.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Printf("ranking accuracy %.2f over %d anchors\n", m.Ranking[metrics.All].Macro, m.Ranking[metrics.All].Anchors)
	fmt.Printf("correlation %.2f over %d pairs\n", m.Correlation[metrics.All].Pearson, m.Correlation[metrics.All].Pairs)
	// Output:
	// ranking accuracy 1.00 over 6 anchors
	// correlation 0.98 over 15 pairs
}
