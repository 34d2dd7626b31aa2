package encoder_test

import (
	"context"
	"errors"
	"fmt"

	"hives/encoder"
	"hives/kind"
)

// letters is an encoder of one's own: the vector of a text says whether it has an a.
type letters struct{ name string }

func (l letters) Encode(_ context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	var out [][]float32
	for _, in := range inputs {
		v := []float32{1, 0}
		for _, r := range in.Text {
			if r == 'a' {
				v = []float32{0, 1}
			}
		}
		out = append(out, v)
	}
	return out, encoder.Identity{Name: l.name, Dimension: 2}, nil
}

func Example() {
	texts := []string{"care", "honour", "fairness"}
	var vectors [][]float32
	err := encoder.Chunks(context.Background(), letters{"letters"}, len(texts), func(i int) string { return texts[i] },
		func(_ int, some [][]float32, _ encoder.Identity) error {
			vectors = append(vectors, some...)
			return nil
		})
	fmt.Println(vectors, err)

	// Vectors of two models cannot be compared.
	_, one, _ := letters{"letters"}.Encode(context.Background(), nil)
	_, other, _ := letters{"words"}.Encode(context.Background(), nil)
	fmt.Println(one.Unlike(other))

	// Who refuses says so by a kind.
	err = encoder.Chunks(context.Background(), silent{}, 1, func(int) string { return "" }, nil)
	fmt.Println(errors.Is(err, kind.Mismatch), err)
	// Output:
	// [[0 1] [1 0] [0 1]] <nil>
	// names "letters" and "words", and neither tells its weights
	// true the embedder answered 0 vectors for 1 texts
}

// silent answers nothing.
type silent struct{}

func (silent) Encode(context.Context, []encoder.Input) ([][]float32, encoder.Identity, error) {
	return nil, encoder.Identity{}, nil
}
