package tokenizer_test

import (
	"fmt"
	"path/filepath"

	"hives/tokenizer"
)

// Texts are framed as the model read them in training: cut to a length, the end token last.
func Example() {
	tok, err := tokenizer.Open(filepath.Join("..", "demo", "model"))
	if err != nil {
		panic(err)
	}
	framed, err := tokenizer.NewFramed(tok, 6, "")
	if err != nil {
		panic(err)
	}
	for _, text := range []string{"We help others.", "We help others because they would help us."} {
		ids, cut, err := framed.Encode(text)
		fmt.Println(len(ids), ids[len(ids)-1] == framed.EndID, cut, err)
	}
	// Output:
	// 5 true false <nil>
	// 6 true true <nil>
}
