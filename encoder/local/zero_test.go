package local

import (
	"context"
	"strings"
	"testing"

	"hives/encoder"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/model/decoder"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// A model of zeros, a downloader's or a broken export's, gives zero vectors: an error that names the input, not a row
// of zeros, whose cosine with everything is 0.
func TestAModelOfZerosIsRefused(t *testing.T) {
	cfg := &decoder.Config{
		VocabSize: 11, HiddenSize: 8, IntermediateSize: 8, NumLayers: 1, NumHeads: 2, NumKVHeads: 1, HeadDim: 4,
		RMSNormEps: 1e-6,
		RopeTheta:  1e4, InitializerRange: 0, MaxPositions: 64, DType: "float32", ModelType: decoder.Qwen3,
	}
	on, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(on.Close)
	for _, c := range []struct {
		deviation float64
		says      string
	}{{0, "input 0: the model's vector is zero"}, {.2, ""}} {
		cfg.InitializerRange = c.deviation
		w, err := transformer.Random(cfg, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Close)
		info := folder.Defaults()
		info.MaxLength = 8
		l, err := New(qwen3embed.New(cfg, w), nil, info, on.Backend, Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		_, _, err = l.Encode(context.Background(), []encoder.Input{{IDs: []int32{1, 2}}, {IDs: []int32{3}}})
		if (err == nil) != (c.says == "") || err != nil && (fault.Of(err) != fault.Corrupt ||
			!strings.Contains(err.Error(), c.says)) {
			t.Errorf("deviation %v: %v, want %q", c.deviation, err, c.says)
		}
	}
}
