package steer_test

import (
	"fmt"

	"hives/steer"
)

// Five queries were answered without steering, and under prompts that ask for strongly for and strongly against.
func Example() {
	plain := []float64{1, -2, 0, 3, 1}
	against := []float64{-2, -3, -4, 1, -1}
	strongly := []float64{4, 1, 2, 6, 2}
	var rows []steer.Row
	for q := range plain {
		rows = append(rows,
			steer.Row{Query: q, Target: -2, Default: plain[q], Steered: against[q], Refused: steer.No},
			steer.Row{Query: q, Target: 2, Default: plain[q], Steered: strongly[q], Refused: steer.No})
	}
	c := steer.CurveOf(rows, 1000, 1)
	for at, target := range c.Targets {
		g := c.Gains[at]
		fmt.Printf("%+d: %+.1f [%+.1f, %+.1f], reach %.0f %%\n", target, g.Mean, g.Low, g.High, 100*g.Reach)
	}
	fmt.Printf("asymmetry %.1f\n", c.Asymmetry.Value)
	// Output:
	// -2: -2.4 [-3.8, -1.0], reach 100 %
	// +2: +2.4 [+1.3, +3.5], reach 100 %
	// asymmetry 0.0
}
