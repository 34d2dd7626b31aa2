package kind_test

import (
	"errors"
	"fmt"
	"strings"

	"hives/kind"
	"hives/losses"
)

func Example() {
	_, err := losses.ParseVariant("skip_emty")
	switch {
	case errors.Is(err, kind.Invalid):
		said, choices, _ := strings.Cut(err.Error(), ";")
		fmt.Println("invalid:", said)
		fmt.Println(strings.Contains(choices, "skip_empty"))
	case errors.Is(err, kind.Unavailable):
		fmt.Println("try again:", err)
	}
	// Output:
	// invalid: losses: unknown variant "skip_emty"
	// true
}

func ExampleOf() {
	_, err := losses.ParseVariant("skip_emty")
	err = fmt.Errorf("read the settings: %w", err)

	var k kind.Kind
	fmt.Println(kind.Of(err), errors.As(err, &k), k)
	// Output: invalid true invalid
}
