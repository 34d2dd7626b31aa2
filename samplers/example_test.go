package samplers_test

import (
	"fmt"

	"hives/data"
	"hives/data/theories"
	"hives/samplers"
)

// A batch is a function of (labels, configuration, step): asked for again, it is the same.
func Example() {
	var rows []data.Row
	for i := range 12 {
		foundation := []string{"care/harm", "fairness/cheating", "loyalty/betrayal"}[i%3]
		rows = append(rows, data.Row{Text: fmt.Sprint("text ", i), TextID: fmt.Sprint(i), Group: fmt.Sprint(i),
			Corpus: "own", Theory: "mft", Level1: foundation, Direction: 1, DirectionSource: "annotator"})
	}
	cfg := samplers.DefaultIntraTheory()
	cfg.BatchSize, cfg.Positives = 6, 2
	s, err := samplers.NewIntraTheory(data.NewLabels(rows, theories.Builtin()), cfg)
	if err != nil {
		panic(err)
	}
	b := s.Batch(0)
	for at, row := range b.Rows {
		fmt.Println(at > 0 && at <= b.Positives, rows[row].Level1 == rows[b.Anchor].Level1)
	}
	fmt.Println(fmt.Sprint(s.Batch(0).Rows) == fmt.Sprint(b.Rows), s.BatchesPerEpoch())
	// Output:
	// false true
	// true true
	// true true
	// false false
	// false false
	// false false
	// true 12
}
