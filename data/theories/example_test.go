package theories_test

import (
	"fmt"

	"hives/data/theories"
)

// A set knows the four and what it was made with. Another set, made before or after, knows nothing of that.
func ExampleSet() {
	tree, err := theories.Parse("craft.toml", []byte(`
theory = "craft"
name = "what makers hold dear"
level_names = ["virtue"]
paths = [["patience"]]
works = {own = "Our own interviews, 2026."}
[definitions."craft/patience"]
text = "Giving a piece the time that it takes."
works = ["own"]`))
	if err != nil {
		panic(err)
	}
	known, err := theories.Builtin().With(tree)
	if err != nil {
		panic(err)
	}
	fmt.Println(known.Names())
	fmt.Println(known.Match("craft", theories.Path{"Patience"}))
	fmt.Println(theories.Builtin().Validate("craft", theories.Path{"patience"}) != nil)
	// Output:
	// [svt mft duty right craft]
	// [patience  ] <nil>
	// true
}
