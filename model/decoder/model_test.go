package decoder_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
	"hives/model/decoder"
	"hives/model/transformer"
)

// oddModel draws a model of odd sizes. Its weights are large enough for attention to prefer some keys, and its gains
// and biases are not those of fresh weights, so that one that is left out shows.
func oddModel(t *testing.T, family string, seed uint64, layers int) (*transformer.Weights, *decoder.Config) {
	t.Helper()
	t.Logf("%s, seed %d", family, seed)
	draw := rand.New(rand.NewPCG(seed, 1))
	keys := 1 + draw.IntN(3)
	cfg, err := decoder.ParseConfig(fmt.Appendf(nil, `{"model_type": %q, "vocab_size": 31, "hidden_size": %d,
		"intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
		"head_dim": %d, "rope_theta": 1000, "initializer_range": 0.3, "max_position_embeddings": 128}`,
		family, 9+draw.IntN(16), 11+draw.IntN(20), layers, keys*(1+draw.IntN(3)), keys, 2*(2+draw.IntN(4))))
	if err != nil {
		t.Fatal(err)
	}
	w, err := transformer.Random(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	for _, spec := range w.Layout() {
		if spec.Kind == transformer.Matrix {
			continue
		}
		values := make([]float32, spec.Dims[0])
		for i := range values {
			values[i] = float32(.5 + draw.Float64())
		}
		if err := w.Variable(spec.Name).SetValue(tensors.FromFlatDataAndDimensions(values, spec.Dims...)); err != nil {
			t.Fatal(err)
		}
	}
	return w, cfg
}

func randomTexts(seed uint64, vocabulary int, lengths ...int) (texts [][]int32) {
	draw := rand.New(rand.NewPCG(seed, 0))
	for _, n := range lengths {
		text := make([]int32, n)
		for i := range text {
			text[i] = int32(draw.IntN(vocabulary))
		}
		texts = append(texts, text)
	}
	return texts
}

// goEngine compiles nothing, so that many graphs take no time.
func goEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// furthest is the largest difference of two rows of numbers; not a number is further than all.
func furthest(t *testing.T, got, want []float64) (worst float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d numbers, want %d", len(got), len(want))
	}
	for i := range got {
		if d := math.Abs(got[i] - want[i]); !(d <= worst) {
			worst = d
		}
	}
	return worst
}
