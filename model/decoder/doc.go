// Package decoder is the graph that language models of several families share: config, weights by name, layers, and
// what each token sees. It stands under whatever uses a decoder's states. An embedder, package qwen3embed, pools them
// into vectors; a language model multiplies them with a head and keeps keys and values for the next token.
//
// Axis letters: B batch, R rows of packed texts, S sequence, C new tokens of a step, T slots of a cache, W slots of it
// that are looked at, H hidden, Q query heads, K key-value heads, G query heads per key-value head (Q = K·G), D head
// width, F feed-forward width, V vocabulary.
//
// All families are transformers' pre-norm decoders: RMS norms, rotary embedding in the rotate-half pairing,
// grouped-query causal attention, a gated feed-forward. What differs is a row of the table in family.go.
//
// A Pass is one graph under construction. Three functions begin one, by how texts lie in rows:
//
//	Padded  a text a row, padded on the left       a batch by itself
//	Packed  several texts a row                    embedding, and training of an embedder
//	Cached  new tokens behind those of a cache     prefill and generation
//
// Invariant: a position's states depend on the tokens of its own text up to itself, and on nothing else in the batch.
// Where shapes are equal they are equal to the bit; other shapes may add up in another order and differ by rounding.
//
// The caller gives token ids and says where texts lie: pad and end token share an id, so ids never tell padding apart.
// Graph functions panic on shapes that do not fit, as GoMLX graph building does; the executor turns that into an error.
//
// Weights come from safetensors or from a GGUF file, row by row; what was converted leaves memory.
//
// Refused: configs that ask for what is not built (sliding windows, scaled RoPE, biases that the family has not) or
// hold a key of which nothing is known, weights with a missing, extra or misshapen tensor, weights that are not finite.
// An output head that nobody asked for (Config.Head) is read over in every format.
package decoder
