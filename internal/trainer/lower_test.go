package trainer

import (
	"context"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
	"hives/internal/statecache"
	"hives/model/qwen3embed"
)

// TestStatesBeyondF16AreRefused gives embeddings of 10⁵, which float32 holds and float16 does not.
func TestStatesBeyondF16AreRefused(t *testing.T) {
	on, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "llama", "vocab_size": 3, "hidden_size": 4, "intermediate_size": 6,
		"num_hidden_layers": 2, "num_attention_heads": 1, "head_dim": 4}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		size  float32
		dtype string
		fits  bool
	}{{6e4, statecache.F16, true}, {1e5, statecache.F16, false}, {1e5, statecache.F32, true}} {
		m, err := qwen3embed.Random(cfg, 1)
		if err != nil {
			t.Fatal(err)
		}
		table := m.Variable("embed_tokens.weight")
		if err := table.SetValue(tensors.FromScalarAndDimensions(c.size, 3, 4)); err != nil {
			t.Fatal(err)
		}
		l, err := newLower(on.Backend, m, 1, c.dtype, 8)
		if err != nil {
			t.Fatal(err)
		}
		texts := 0
		err = l.compute(context.Background(), [][]int32{{1, 2}, {2}}, func(int, []byte) error { texts++; return nil })
		if fits := err == nil && texts == 2; fits != c.fits || err != nil && !strings.Contains(err.Error(), "states_type=f32") {
			t.Errorf("%g as %s: %d texts, %v", c.size, c.dtype, texts, err)
		}
		l.exec.Finalize()
		m.Close()
	}
}
