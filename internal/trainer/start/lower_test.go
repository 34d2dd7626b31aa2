package start

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
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
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "llama", "vocab_size": 3, "hidden_size": ` +
		`4, "intermediate_size": 6,
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
		l, err := newLower(on.Backend, m, 1, c.dtype)
		if err != nil {
			t.Fatal(err)
		}
		texts := 0
		err = l.compute(context.Background(), [][]int32{{1, 2}, {2}}, func(int, []byte) error { texts++; return nil })
		if fits := err == nil && texts == 2; fits != c.fits || err != nil &&
			!strings.Contains(err.Error(), "states_type=f32") {
			t.Errorf("%g as %s: %d texts, %v", c.size, c.dtype, texts, err)
		}
		l.exec.Finalize()
		m.Close()
	}
}

// TestStatesDoNotDependOnCompany computes texts of all lengths alone, together and in the opposite order.
func TestStatesDoNotDependOnCompany(t *testing.T) {
	on := engine.OpenForTest(t)
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "qwen3", "vocab_size": 50, "hidden_size": ` +
		`24, "intermediate_size": 40,
		"num_hidden_layers": 3, "num_attention_heads": 2, "head_dim": 8}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	l, err := newLower(on.Backend, m, 2, statecache.F32)
	if err != nil {
		t.Fatal(err)
	}
	defer l.exec.Finalize()
	var texts [][]int32
	draw := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 100; n += 7 {
		texts = append(texts, make([]int32, n))
		for i := range n {
			texts[len(texts)-1][i] = draw.Int32N(50)
		}
	}
	states := func(texts [][]int32) [][]byte {
		all := make([][]byte, len(texts))
		err := l.compute(context.Background(), texts, func(text int, raw []byte) error {
			all[text] = bytes.Clone(raw)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	together := states(texts)
	slices.Reverse(texts)
	reversed := states(texts)
	slices.Reverse(reversed)
	slices.Reverse(texts)
	for i, text := range texts {
		if alone := states([][]int32{text})[0]; len(alone) != 4*24*len(text) || !bytes.Equal(alone, together[i]) ||
			!bytes.Equal(alone, reversed[i]) {
			t.Errorf("a text of %d tokens: %d bytes alone, and in company others", len(text), len(alone))
		}
	}
}

// TestRowsFollowLengths: a row holds its text, with at most half of it again as padding beyond the shortest row.
func TestRowsFollowLengths(t *testing.T) {
	seen := map[int]bool{}
	for n := 1; n <= 4096; n++ {
		row := rowFor(n)
		if row < n || row > max(16, n+n/2) {
			t.Fatalf("%d tokens in a row of %d", n, row)
		}
		seen[row] = true
	}
	if len(seen) != 17 { // 16·2^k for k = 0…8, and half as much again for k = 0…7
		t.Errorf("%d shapes up to 4096 tokens", len(seen))
	}
}
