//go:build goexperiment.simd && amd64

package native

import (
	"math/rand/v2"
	"testing"

	"hives/internal/bf16"
	"hives/model/decoder"
	"hives/model/transformer"
)

// TestOddSizesHoldToATwin: one layer, heads of 2 numbers, more query heads than a tile has rows, heads wider than two
// groups of rows.
func TestOddSizesHoldToATwin(t *testing.T) {
	if !bf16.Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	for _, s := range []struct{ h, f, layers, query, kv, d int }{
		{6, 3, 1, 1, 1, 2}, {8, 5, 1, 34, 1, 2}, {6, 7, 2, 34, 2, 6}, {40, 75, 1, 17, 1, 16}, {64, 64, 2, 32, 1, 130},
	} {
		c := config(decoder.Qwen2)
		c.HiddenSize, c.IntermediateSize, c.NumLayers = s.h, s.f, s.layers
		c.NumHeads, c.NumKVHeads, c.HeadDim = s.query, s.kv, s.d
		m, w := loaded(t, c, transformer.MeanTokens)
		some := texts(rand.New(rand.NewPCG(5, 5)), 1, 2, 9, 17, 33)
		worst, spoilt := 0.0, 0.0
		for i, got := range vectors(t, m, some, 64) {
			u := newTwin(m.cfg, w)
			worst = max(worst, apart(unit(got), u.vector(some[i], transformer.MeanTokens)))
			u.seesAll = true
			spoilt = max(spoilt, apart(unit(got), u.vector(some[i], transformer.MeanTokens)))
		}
		if !(worst <= 3e-3) || !(spoilt > 3*worst) {
			t.Errorf("%+v: %g from the twin, and %g from one that sees what comes later", s, worst, spoilt)
		}
	}
}
