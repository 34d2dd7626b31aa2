package pack_test

import (
	"fmt"

	"hives/pack"
)

// Shapes are chosen from samples of lengths, then batches are laid into the cheapest that holds them.
func Example() {
	lengths := [][]int{{3, 2, 4, 1}, {2, 2, 3, 3}, {8, 1, 2, 2}}
	shapes, err := pack.Choose(lengths, pack.Choice{Texts: 4, Longest: 8})
	if err != nil {
		panic(err)
	}
	texts := [][]int32{{7, 8, 9}, {4, 5}, {6, 6, 6, 6}, {1}}
	b, err := pack.One(texts, shapes)
	if err != nil {
		panic(err)
	}
	for slot, text := range b.Members {
		fmt.Print(b.IDs[b.Last[slot]] == texts[text][len(texts[text])-1], " ")
	}
	fmt.Println(b.Tokens(), "tokens, none cut")
	// Output: true true true true 10 tokens, none cut
}
