package decoder_test

import (
	"context"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/model/decoder"
	"hives/model/transformer"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// cacheOf puts the buffers of a cache into variables beside the weights: keys of all layers, then values. An engine
// that can takes them over from step to step without a copy.
func cacheOf(w *transformer.Weights, cfg *decoder.Config, rows, slots int) (buffers []*model.Variable) {
	for i := range 2 * cfg.NumLayers {
		empty := tensors.FromShape(cfg.CacheShape(rows, slots, transformer.F32))
		buffers = append(buffers, must(w.Store.CreateVariable(fmt.Sprintf("/cache/%d", i), empty)))
	}
	return buffers
}

// A language model is a decoder's weights with a head, and a cache in variables of its own beside them. Each call of
// the compiled graph takes the next tokens of all rows and returns, of each, the most likely one to follow.
func Example() {
	cfg := must(decoder.ParseConfig([]byte(`{"model_type": "llama", "vocab_size": 97, "hidden_size": 16,
		"intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
		"initializer_range": 0.5, "tie_word_embeddings": true}`)))
	cfg.Head = true // before weights are loaded or drawn
	w := must(transformer.Random(cfg, 1))
	defer w.Close()
	on := must(engine.Open(context.Background(), engine.Options{Kind: engine.Go}))
	defer on.Close()

	const rows, slots = 2, 8 // B and T
	buffers, layers := cacheOf(w, cfg, rows, slots), cfg.NumLayers
	step := model.MustNewExec(on.Backend, w.Store, func(_ *model.Scope, ids, start, first *Node) *Node {
		var cache decoder.Cache
		for l := range layers {
			cache.Keys = append(cache.Keys, buffers[l].NodeValue(ids.Graph()))
			cache.Values = append(cache.Values, buffers[layers+l].NodeValue(ids.Graph()))
		}
		f := decoder.Cached(w, &decoder.Step{IDs: ids, Start: start, First: first, Window: slots, Cache: &cache},
			decoder.Options{Arith: transformer.F32})
		logits := f.Logits(f.States(f.Embed(ids), 0, decoder.LastTokens)) // [B, 1, V]
		for l := range layers {
			buffers[l].SetNodeValue(cache.Keys[l])
			buffers[layers+l].SetNodeValue(cache.Values[l])
		}
		return ArgMax(logits, -1, dtypes.Int32)
	})
	defer step.Finalize()

	ids, first := [][]int32{{5, 6, 7}, {0, 0, 9}}, []int32{0, 2} // "5 6 7", and "9" behind two slots of padding
	for start := 0; start < slots; {
		if err := decoder.CheckStep(start, len(ids[0]), slots, slots); err != nil {
			panic(err)
		}
		next := tensors.MustCopyFlatData[int32](must(step.Call1(ids, int32(start), first)))
		start += len(ids[0])
		ids = [][]int32{{next[0]}, {next[1]}}
		fmt.Println(start, "slots filled, next:", next)
	}
	// Output:
	// 3 slots filled, next: [24 24]
	// 4 slots filled, next: [5 52]
	// 5 slots filled, next: [5 52]
	// 6 slots filled, next: [32 84]
	// 7 slots filled, next: [83 34]
	// 8 slots filled, next: [32 60]
}
