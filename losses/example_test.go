package losses_test

import (
	"fmt"

	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"hives/losses"
)

// Four vectors of two values: rows 0 and 1 share the value and lie near each other, as do rows 2 and 3.
func Example() {
	backend, err := gobackend.New("")
	if err != nil {
		panic(err)
	}
	cfg := losses.DefaultHierarchical()
	step := MustNewExec(backend, func(z, theory, levels, direction *Node) []*Node {
		r := losses.Hierarchical(cfg, z, losses.Labels{Theory: theory, Levels: levels, Direction: direction})
		return append([]*Node{r.Loss}, Gradient(r.Loss, z)...)
	})
	z := [][]float32{{1, 0}, {.9, .1}, {0, 1}, {.1, .9}}
	levels := [][]int32{{0, 0, -1}, {0, 0, -1}, {1, 1, -1}, {1, 1, -1}} // −1: the path has ended
	out := step.MustCall(z, []int32{0, 0, 0, 0}, levels, []int32{1, 1, 1, 1})
	fmt.Printf("loss %.5f, gradient %v\n", tensors.MustCopyFlatData[float32](out[0])[0], out[1].Shape())

	levels[1], levels[2] = levels[2], levels[1] // now each row's positive is far away
	out = step.MustCall(z, []int32{0, 0, 0, 0}, levels, []int32{1, 1, 1, 1})
	fmt.Printf("loss %.2f\n", tensors.MustCopyFlatData[float32](out[0])[0])
	// Output:
	// loss 0.00039, gradient (Float32)[4, 2]
	// loss 8.84
}
