package checkpoints_test

import (
	"errors"
	"fmt"
	"os"

	"hives/checkpoints"
	"hives/kind"
)

// A run's state is written whole or not at all, and found again by its step.
func Example() {
	dir, err := os.MkdirTemp("", "checkpoints")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	_, _, err = checkpoints.Latest(dir)
	fmt.Println(errors.Is(err, kind.NotFound))

	weights := checkpoints.Tensor{Name: "w", DType: "F32", Shape: []int{2}, Data: []byte{0, 0, 128, 63, 0, 0, 0, 64}}
	for step := range 3 {
		meta := checkpoints.Meta{Step: step, Seed: 7}
		if _, err := checkpoints.Save(dir, meta, checkpoints.InMemory([]checkpoints.Tensor{weights})); err != nil {
			panic(err)
		}
	}
	c, skipped, err := checkpoints.Latest(dir)
	if err != nil {
		panic(err)
	}
	defer c.Close()
	w, err := c.Tensors.Tensor("w")
	fmt.Println(c.Meta.Step, len(skipped), w.Shape, w.Data, err)
	// Output:
	// true
	// 2 0 [2] [0 0 128 63 0 0 0 64] <nil>
}
