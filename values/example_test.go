package values_test

import (
	"context"
	"fmt"

	"hives/data"
	"hives/encoder"
	"hives/values"
)

// sides embeds "for …" and "against …" to opposite ends of one axis.
type sides struct{}

func (sides) Encode(_ context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(in))
	for i := range in {
		out[i] = []float32{.8, .6}
		if in[i].Text[0] == 'a' {
			out[i] = []float32{.8, -.6}
		}
	}
	return out, newFake(2).id, nil
}

// The vector of a value points from the texts that oppose it to those that support it.
func Example() {
	var rows []data.Row
	for i := range 8 {
		text, direction := fmt.Sprint("for it, ", i), data.Supports
		if i%2 == 1 {
			text, direction = fmt.Sprint("against it, ", i), data.Opposes
		}
		rows = append(rows, data.Row{Text: text, TextID: data.TextID(text), Group: fmt.Sprint(i), Corpus: "own",
			Theory: "duty", Level1: "gratitude", Direction: int32(direction), DirectionSource: data.SourceAnnotated})
	}
	o := values.Defaults()
	o.MinSide, o.Sides = 2, values.Pooled
	set, err := values.Build(context.Background(), rows, nil, sides{}, o)
	if err != nil {
		panic(err)
	}
	v, _ := set.Find("duty/gratitude")
	fmt.Println(v.Kind, v.Vector)
	for _, text := range [][]float32{{.8, .6}, {.8, -.6}} {
		fmt.Printf("%.1f ", set.TextCosine(text, v))
	}
	fmt.Println()
	// Output:
	// directional [0 1]
	// 0.6 -0.6
}
