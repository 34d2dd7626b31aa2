package qwen3embed_test

import (
	"math"
	"testing"

	"hives/model/qwen3embed"
)

// TestAttentionLength holds the estimate to the row lengths that were measured, within a quarter.
func TestAttentionLength(t *testing.T) {
	for _, c := range []struct {
		name     string
		cfg      qwen3embed.Config
		measured float64
	}{
		{"0.6B", qwen3embed.Config{HiddenSize: 1024, IntermediateSize: 3072, NumHeads: 16, NumKVHeads: 8, HeadDim: 128},
			1900},
		{"demo", qwen3embed.Config{HiddenSize: 128, IntermediateSize: 384, NumHeads: 4, NumKVHeads: 2, HeadDim: 32}, 130},
	} {
		if got := c.cfg.AttentionLength(); math.Abs(got/c.measured-1) > .25 {
			t.Errorf("%s: %.0f, measured %.0f", c.name, got, c.measured)
		}
	}
}
