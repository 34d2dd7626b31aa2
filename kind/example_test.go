package kind_test

import (
	"errors"
	"fmt"

	"hives/kind"
	"hives/losses"
)

func Example() {
	_, err := losses.ParseVariant("skip_emty")
	switch {
	case errors.Is(err, kind.Invalid):
		fmt.Println("invalid:", err)
	case errors.Is(err, kind.Unavailable):
		fmt.Println("try again:", err)
	}
	// Output:
	// invalid: losses: unknown variant "skip_emty"; choose one of direction_leaf, hce, hmc, hmce,
	// hmce_no_direction_weight, paper, paper_missing_shared, skip_empty, skip_empty_missing_shared
}

func ExampleOf() {
	_, err := losses.ParseVariant("skip_emty")
	err = fmt.Errorf("read the settings: %w", err)

	var k kind.Kind
	fmt.Println(kind.Of(err), errors.As(err, &k), k)
	// Output: invalid true invalid
}
